"""Values: the frozen, slotted dataclasses that the library gives out."""

from collections.abc import Callable
from dataclasses import FrozenInstanceError, dataclass, fields
from typing import Any, TypeVar, dataclass_transform

_T = TypeVar("_T")


@dataclass_transform(frozen_default=True)
def value(cls: type[_T]) -> type[_T]:
    """
    Make a class a frozen dataclass without a ``__dict__``, generic or not.

    Before Python 3.13 such a generic class cannot be called as ``Value[int](…)``: the dataclass's
    own ``__setattr__`` looks for the class as it was before it had slots, and raises a `TypeError`
    where `typing` expects an `AttributeError`. So it is replaced.
    """
    made = dataclass(frozen=True, slots=True)(cls)
    made.__setattr__ = _refuse  # type: ignore[method-assign]
    return made


def setters(cls: type[Any]) -> list[Callable[[Any, Any], None]]:
    """
    Return what sets each of a value's fields, in order, in a fresh instance that nobody knows yet.

    The constructor of a frozen dataclass looks each field up by name, which takes three times as
    long as these: the slots' own descriptors.
    """
    return [cls.__dict__[item.name].__set__ for item in fields(cls)]


def _refuse(_self: object, name: str, _value: Any) -> None:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")
