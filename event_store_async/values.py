"""Values: frozen dataclasses with slots, for what the library returns."""

from dataclasses import FrozenInstanceError, dataclass
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


def draft_of(cls: type[Any]) -> Any:
    """
    Return a subclass whose instances can be filled, and become instances of a frozen class then.

    Make one without arguments, assign each field, then ``draft.__class__ = cls``. Nobody else may
    have seen it before. The constructor of a frozen dataclass looks each field up by name. A
    plain assignment to a slot is what Python does fastest: it takes two thirds of the instructions
    that calling the slots' descriptors takes for a UUID (1,959 of 2,931).
    """
    # Python stores a field without a call only if it finds neither of the first two overridden.
    plain = {name: getattr(object, name) for name in ("__setattr__", "__delattr__", "__init__")}
    return type(f"{cls.__name__}Draft", (cls,), {"__slots__": (), **plain})


def _refuse(_self: object, name: str, _value: Any) -> None:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")
