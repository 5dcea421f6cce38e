"""Marked objects: objects whose classes have personal fields, found before they are plain data."""

from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass
from functools import lru_cache
from typing import Any, Final

from .errors import InvalidArgument
from .marked_fields import is_marked
from .personal import Personal

_SIMPLE: Final = frozenset({str, int, float, bool, bytes, type(None)})


def _has_marks(cls: Any) -> bool:
    """Return whether fields of a class, or of the classes of its fields, are marked `Personal`."""
    try:
        return is_marked(cls)
    except (InvalidArgument, RecursionError):  # a mark at a wrong place, or a type that is unknown
        texts = (str(vars(each).get("__annotations__", "")) for each in cls.__mro__)
        return any(Personal.__name__ in text for text in texts)


has_marks: Final[Callable[[Any], bool]] = lru_cache(maxsize=4096)(_has_marks)
"""Returns whether fields of a class, or of the classes of its fields, are marked `Personal`."""


def fields_of(value: Any) -> Iterable[tuple[str, Any]] | None:
    """Return the fields of an object of a class that declares some; None for others."""
    cls = type(value)
    names: Iterable[str]
    if is_dataclass(cls):
        names = [each.name for each in fields(cls)]
    elif hasattr(cls, "__struct_fields__"):
        names = cls.__struct_fields__
    elif hasattr(cls, "__pydantic_fields__"):
        names = (*cls.__pydantic_fields__, *(value.__pydantic_extra__ or ()))
    elif hasattr(cls, "__attrs_attrs__"):
        names = [each.name for each in cls.__attrs_attrs__]
    else:
        return None
    return [(name, getattr(value, name, None)) for name in names]


def marked_inside(value: Any) -> type | None:
    """Return the class of an object inside a value, or of itself, that has personal fields."""
    # Not by recursion: an object may contain itself.
    waiting, seen = [value], set[int]()
    while waiting:
        part = waiting.pop()
        if type(part) in _SIMPLE or id(part) in seen:
            continue
        seen.add(id(part))  # all of it lives as long as the value does
        if isinstance(part, dict):
            waiting.extend(part.values())
        elif isinstance(part, list | tuple | AbstractSet):
            waiting.extend(part)
        elif has_marks(type(part)):
            return type(part)
        else:
            waiting.extend(each for _, each in fields_of(part) or ())
    return None
