"""Difference: where an event that was read back is not what it was when it was given."""

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import fields, is_dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from typing import Any, Final, TypeAlias
from uuid import UUID

from ..moments import since_epoch

Lossy: TypeAlias = dict[str, Any]
"""Fields that may differ, as a tree: for each name the tree below it, or None for all of it."""

_Comparison: TypeAlias = Callable[[Any, Any, Lossy], "Difference | None"]

_SIMPLE: Final = frozenset(
    {str, int, float, bool, bytes, type(None), datetime, date, time, timedelta, Decimal, UUID}
)
_TEXTS: Final = (str, bytes, bytearray, memoryview)
_ABSENT: Final = object()
_EXACT: Final[Lossy] = {}


class Difference(Exception):
    """
    A part of an event is not read back as it was given.

    Attributes:
        reason: What would be read back instead.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self._steps: list[str] = []  # the innermost first

    def below(self, step: str) -> "Difference":
        """Return it as seen from one level above: *step* is ``.name`` or an index in brackets."""
        self._steps.append(step)
        return self

    @property
    def path(self) -> str:
        """Where it is, like ``lines[0].card``; empty for the event itself."""
        return "".join(reversed(self._steps)).removeprefix(".")

    @property
    def name(self) -> str:
        """The path without indexes, as `EventType.lossy` takes it."""
        names = [step for step in self._steps if step.startswith(".")]
        return "".join(reversed(names)).removeprefix(".")


def lossy_tree(names: Iterable[str]) -> Lossy:
    """Return dotted names of fields as a tree."""
    tree: Lossy = {}
    for name in names:
        at: Lossy | None = tree
        *parents, last = name.split(".")
        for parent in parents:
            at = None if at is None else at.setdefault(parent, {})
        if at is not None:  # otherwise all of a parent may differ already
            at[last] = None
    return tree


def difference(given: Any, found: Any, lossy: Lossy = _EXACT) -> Difference | None:
    """
    Return the first difference between what was given and what was read back, or None.

    Objects are compared field by field, and must be of the same class: an ``__eq__`` need not look
    at every field. These are taken as equal: a list and a tuple of equal items, numbers of equal
    value, NaN and NaN, a moment in a time zone and the same moment by its offset.
    """
    kind = type(given)
    if given is found or (kind in _SIMPLE and given == found):
        return None
    return _comparison(kind)(given, found, lossy)  # type: ignore[arg-type] # a class is hashable


@lru_cache(maxsize=4096)
def _comparison(kind: Any) -> _Comparison:
    """Return how objects of a class are compared."""
    if hasattr(kind, "__pydantic_private__") and hasattr(kind, "__pydantic_extra__"):
        return _by_model(kind)
    names = _fields_of(kind)
    if names is not None:
        return _by_fields(names)
    for family, compare in _FAMILIES:
        if issubclass(kind, family):
            return compare
    # Without an __eq__ of its own, or with the one of a dataclass that it adds attributes to.
    anonymous = kind.__eq__ is object.__eq__ or is_dataclass(kind)
    return _compare_attributes if anonymous else _compare_values


def _fields_of(kind: Any) -> Sequence[str] | None:
    """Return the fields of a dataclass, a struct, an attrs class or a named tuple."""
    if "__dataclass_fields__" in kind.__dict__:
        return [field.name for field in fields(kind)]
    if "__attrs_attrs__" in kind.__dict__:
        return [field.name for field in kind.__attrs_attrs__]
    if hasattr(kind, "__struct_fields__"):
        return list(kind.__struct_fields__)
    if issubclass(kind, tuple) and hasattr(kind, "_fields"):
        return list(kind._fields)
    return None


def _by_fields(names: Sequence[str]) -> _Comparison:
    def compare(given: Any, found: Any, lossy: Lossy) -> Difference | None:
        if type(found) is not type(given):
            return _changed(given, found)
        for name in names:
            part, other = getattr(given, name, _ABSENT), getattr(found, name, _ABSENT)
            # What `difference` does first, without a call for most fields.
            if part is other or (type(part) in _SIMPLE and part == other):
                continue
            within = lossy.get(name, _EXACT)
            differs = None if within is None else difference(part, other, within)
            if differs is not None:
                return differs.below(f".{name}")
        return None

    return compare


def _by_model(kind: Any) -> _Comparison:
    # Not all of a model's __dict__: a cached property is kept there, too.
    names = tuple(getattr(kind, "__pydantic_fields__", None) or kind.model_fields)

    def compare(given: Any, found: Any, lossy: Lossy) -> Difference | None:
        if type(found) is not kind and _generic(type(found)) is not _generic(kind):
            return _changed(given, found)
        parts, others = given.__dict__, found.__dict__
        for name in names:
            part, other = parts.get(name, _ABSENT), others.get(name, _ABSENT)
            if part is other or (type(part) in _SIMPLE and part == other):
                continue
            within = lossy.get(name, _EXACT)
            differs = None if within is None else difference(part, other, within)
            if differs is not None:
                return differs.below(f".{name}")
        for more, others in (
            (given.__pydantic_extra__, found.__pydantic_extra__),
            (given.__pydantic_private__, found.__pydantic_private__),
        ):
            if more or others:
                differs = _compare_mappings(more or {}, others or {}, lossy)
                if differs is not None:
                    return differs
        return None

    return compare


def _generic(kind: Any) -> Any:
    """Return the class that a parametrised pydantic model was made of: ``Box`` for ``Box[int]``."""
    return getattr(kind, "__pydantic_generic_metadata__", {}).get("origin") or kind


def _compare_attributes(given: Any, found: Any, lossy: Lossy) -> Difference | None:
    """Compare objects that do not say what makes them equal."""
    if type(given) is not type(found):
        return _changed(given, found)
    return _compare_mappings(_attributes(given), _attributes(found), lossy)


def _attributes(value: Any) -> dict[str, Any]:
    attributes = dict(getattr(value, "__dict__", {}))
    for kind in type(value).__mro__:
        slots = kind.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if hasattr(value, name):
                attributes[name] = getattr(value, name)
    return attributes


def _compare_mappings(given: Any, found: Any, lossy: Lossy) -> Difference | None:
    if not isinstance(found, Mapping):
        return _changed(given, found)
    for key, part in given.items():
        within = lossy.get(key, _EXACT) if _is_name(key) else lossy
        other = found.get(key, _ABSENT)
        differs = None if within is None else difference(part, other, within)
        if differs is not None:
            return differs.below(_step(key))
    for key in found:
        if key in given:
            continue
        if not _is_name(key) or lossy.get(key, _EXACT) is not None:
            return Difference("it was not given, and would be read back").below(_step(key))
    return None


def _is_name(key: Any) -> bool:
    """Return whether a key is like a name of a field; other keys are like indexes of a list."""
    return isinstance(key, str) and key.isidentifier()


def _step(key: Any) -> str:
    return f".{key}" if _is_name(key) else f"[{key!a:.50}]"


def _compare_sequences(given: Any, found: Any, lossy: Lossy) -> Difference | None:
    if not isinstance(found, Sequence) or isinstance(found, _TEXTS):
        return _changed(given, found)
    if len(given) != len(found):
        return _resized(given, found)
    for index, (part, other) in enumerate(zip(given, found, strict=True)):
        differs = difference(part, other, lossy)
        if differs is not None:
            return differs.below(f"[{index}]")
    return None


def _compare_sets(given: Any, found: Any, lossy: Lossy) -> Difference | None:
    if not isinstance(found, Set):
        return _changed(given, found)
    if len(given) != len(found):
        return _resized(given, found)
    equal = {item: item for item in found}
    for part in given:
        if difference(part, equal.get(part, _ABSENT), lossy) is None:
            continue
        # What is alike need not be equal: items without an __eq__, or with a loss that is allowed.
        if all(difference(part, other, lossy) is not None for other in found):
            return Difference("it has an item that would not be read back")
    return None


def _compare_values(given: Any, found: Any, _lossy: Lossy) -> Difference | None:
    if _equal(given, found):
        return None
    if not _equal(given, given) and not _equal(found, found):
        return None  # both are NaN
    if isinstance(given, datetime) and isinstance(found, datetime) and _same_moment(given, found):
        return None
    return _changed(given, found)


_FAMILIES: Final[tuple[tuple[Any, _Comparison], ...]] = (
    ((*_TEXTS, Enum), _compare_values),
    (Mapping, _compare_mappings),
    (Set, _compare_sets),
    (Sequence, _compare_sequences),
)
"""How objects are compared that are not of a class with fields, by what they are."""


def _equal(one: Any, other: Any) -> bool:
    answer: Any = one == other
    every = getattr(answer, "all", None)  # an array compares item by item
    return bool(answer if every is None else every())


def _same_moment(one: datetime, other: datetime) -> bool:
    # In an hour that a clock goes through twice, == calls moments of different zones unequal.
    aware = one.utcoffset() is not None and other.utcoffset() is not None
    return aware and since_epoch(one) == since_epoch(other)


def _changed(given: Any, found: Any) -> Difference:
    if found is _ABSENT:
        return Difference("it would not be read back")
    if found is None:
        return Difference("it would be read back as None")
    one, other = type(given).__name__, type(found).__name__
    if one == other:
        return Difference("it would be read back with another value")
    return Difference(f"it is of type {one}, and would be read back as {other}")


def _resized(given: Any, found: Any) -> Difference:
    return Difference(f"it has {len(given)} items, and would be read back with {len(found)}")
