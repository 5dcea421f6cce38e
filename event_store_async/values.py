"""Values: frozen dataclasses with slots, for what the library returns."""

from collections.abc import Callable
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
    slots = {
        name: found.slot
        for base in cls.__mro__
        for name, found in vars(base).items()
        if isinstance(found, LateField)
    }
    return type(f"{cls.__name__}Draft", (cls,), {"__slots__": (), **plain, **slots})


class LateField:
    """
    A field of a frozen class that is made when somebody asks for it, and kept then.

    Until then its slot holds what it is made of. Few readers of an event ask for all its fields,
    and each object that an event refers to is one more for the garbage collector.

    Args:
        slot: The field's slot.
        source: The class of what it is made of.
        make: Makes the field of an instance from that.

    Attributes:
        slot: The field's slot, which is also what the class itself has as this attribute: so a
            dataclass below it does not take this for a default.
        held: Returns what the slot of an instance holds, made or not.
    """

    def __init__(self, slot: Any, source: type[Any], make: Callable[[Any, Any], Any]) -> None:
        self.slot = slot
        self.held: Callable[[Any], Any] = slot.__get__
        self._source = source
        self._make = make

    def __get__(self, instance: Any, owner: type[Any] | None = None) -> Any:
        """Return the field, made now if nobody has asked for it before."""
        if instance is None:
            return self.slot
        held = self.held(instance)
        if isinstance(held, self._source):
            held = self._make(instance, held)
            self.slot.__set__(instance, held)
        return held.value if isinstance(held, _Given) else held

    def __set__(self, instance: Any, value: Any) -> None:
        """Set the field, for the constructor: a caller's value is not what the field is made of."""
        self.slot.__set__(instance, _Given(value) if isinstance(value, self._source) else value)


class _Given:
    """A field that a caller gave, of a class that it should not have."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


def make_late(
    cls: type[Any], name: str, source: type[Any], make: Callable[[Any, Any], Any]
) -> LateField:
    """Make a field of a class a `LateField`, and return that."""
    field = LateField(vars(cls)[name], source, make)
    setattr(cls, name, field)
    return field


def _refuse(_self: object, name: str, _value: Any) -> None:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")
