"""The base of the error tree."""

from typing import Any


def _rebuild(
    cls: type["EventStoreError"], args: tuple[Any, ...], state: dict[str, Any]
) -> "EventStoreError":
    error = cls.__new__(cls, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class EventStoreError(Exception):
    """
    The base of every error of this library; ``str(error)`` is the message and the hint.

    Attributes:
        message: What is wrong, without the hint.
        hint: What to do about it, or None.
    """

    hint: str | None = None

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(f"{message} ({hint})" if hint else message)
        self.message = message
        self.hint = hint

    def __reduce__(self) -> tuple[Any, ...]:
        # By default an exception is rebuilt from `args`, which here are not the constructor's.
        return _rebuild, (type(self), self.args, self.__dict__)
