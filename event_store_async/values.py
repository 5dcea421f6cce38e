"""Values: frozen dataclasses with slots, for what the library returns."""

from collections.abc import Callable
from dataclasses import FrozenInstanceError, dataclass, fields
from typing import Any, TypeVar, dataclass_transform

_T = TypeVar("_T")


@dataclass_transform(frozen_default=True)
def value(cls: type[_T]) -> type[_T]:
    """
    Make a class, generic or not, a frozen dataclass with slots.

    Before Python 3.13 such a generic class cannot be called as ``Value[int](…)``: the
    ``__setattr__`` of the dataclass refers to the class from before it had slots, and raises a
    `TypeError` where `typing` expects an `AttributeError`. So it is replaced.
    """
    made = dataclass(frozen=True, slots=True)(cls)
    made.__setattr__ = _refuse  # type: ignore[method-assign]
    return made


def setters(cls: type[Any]) -> list[Callable[[Any, Any], None]]:
    """
    Return the setters of the fields, in order, to fill an instance before it is shared.

    They are the descriptors of the slots. The constructor of a frozen dataclass looks each field up
    by name instead, which takes three times as long.
    """
    return [getattr(cls, item.name).__set__ for item in fields(cls)]  # inherited ones, too


def _refuse(_self: object, name: str, _value: Any) -> None:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")
