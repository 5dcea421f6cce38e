"""Values: the frozen, slotted dataclasses that the library gives out."""

from dataclasses import FrozenInstanceError, dataclass
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


def _refuse(_self: object, name: str, _value: Any) -> None:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")
