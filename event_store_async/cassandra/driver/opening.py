"""A store that is not open yet: await it, or enter it with ``async with``."""

from collections.abc import Awaitable, Callable, Generator
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar


class Closable(Protocol):
    """Something that must be closed."""

    async def close(self) -> None:
        """Close it."""


_T = TypeVar("_T", bound=Closable)


class Opening(Generic[_T]):
    """
    Opens on ``await`` (the caller closes it) or on ``async with`` (closed at the end).

    Nothing happens before that.

    Args:
        opening: Opens, each time it is called.
    """

    def __init__(self, opening: Callable[[], Awaitable[_T]]) -> None:
        self._opening = opening
        self._opened: _T | None = None

    if not TYPE_CHECKING:  # a type checker refuses the attribute itself

        def __getattr__(self, name: str) -> None:
            raise AttributeError(
                f"no attribute {name!r}: this is not open yet; await it, or enter it with "
                "`async with`"
            )

    def __await__(self) -> Generator[Any, None, _T]:
        return self._opening().__await__()

    async def __aenter__(self) -> _T:
        self._opened = await self._opening()
        return self._opened

    async def __aexit__(self, *_: object) -> None:
        if self._opened is not None:
            await self._opened.close()
