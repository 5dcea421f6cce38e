"""Marked fields: the fields of a type of event, and the marks that say which are personal."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, fields, is_dataclass
from inspect import get_annotations
from types import NoneType, UnionType
from typing import (
    Annotated,
    Any,
    Final,
    ForwardRef,
    Literal,
    NewType,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

from .errors import InvalidArgument
from .personal import Personal
from .type_arguments import TypeArguments, alias_value

_WRAPPERS: Final = ("NotRequired", "Required", "ReadOnly", "ClassVar", "InitVar", "Final")
_AROUND_HINT: Final = "put the mark around the whole type of a field: Annotated[…, Personal('id')]"


@dataclass(frozen=True, slots=True)
class DeclaredField:
    """
    A field of a class.

    Attributes:
        name: Its name in Python.
        stored: Its key in plain data.
        hint: Its type, with its annotations but without the mark.
        mark: The mark, if it is personal.
    """

    name: str
    stored: str
    hint: Any
    mark: Personal | None


def declared_fields(hint: Any) -> tuple[DeclaredField, ...]:
    """
    Return the fields of a dataclass, TypedDict, struct, attrs class, named tuple or pydantic model.

    Any other class has none. A generic class has those of its arguments: ``Box[Line]`` has lines.

    Raises:
        InvalidArgument: a mark is not around the whole type of its field, or a field has two.
    """
    found = []
    cls = class_of(hint)
    arguments = TypeArguments(hint)
    for name, stored, declared in _fields(cls):
        bare, marks = _unmarked(arguments.applied(name, declared))
        where = f"{cls.__name__}.{name}"
        if len(marks) > 1:
            raise InvalidArgument(f"{where} is marked twice")
        if Personal in marks:
            raise InvalidArgument(
                f"{where} is marked with the class Personal", hint="Personal('customer_id')"
            )
        found.append(DeclaredField(name, stored, bare, marks[0] if marks else None))
    return tuple(found)


def _fields(cls: Any) -> Iterator[tuple[str, str, Any]]:
    """Yield the name, the stored name and the annotated type of each field."""
    if hasattr(cls, "__pydantic_validator__"):
        given = getattr(cls, "__pydantic_fields__", None) or getattr(cls, "model_fields", {})
        for name, info in given.items():
            stored = info.serialization_alias or info.alias or name
            hint = info.annotation
            for each in info.metadata:
                hint = Annotated[hint, each]
            yield name, stored, hint
        return
    hints = _hints(cls)
    if hasattr(cls, "__struct_fields__"):
        named = zip(cls.__struct_fields__, cls.__struct_encode_fields__, strict=True)
        yield from ((name, stored, hints.get(name, Any)) for name, stored in named)
    elif is_dataclass(cls):
        yield from ((each.name, each.name, hints.get(each.name, Any)) for each in fields(cls))
    else:
        yield from ((name, name, hint) for name, hint in hints.items())


def _hints(cls: Any) -> dict[str, Any]:
    known = is_typeddict(cls) or is_dataclass(cls) or _is_tuple(cls)
    if not known and not hasattr(cls, "__struct_fields__") and not hasattr(cls, "__attrs_attrs__"):
        return {}
    try:
        return get_type_hints(cls, include_extras=True)
    except Exception as error:  # names that are not known here: the library may know them
        for each in cls.__mro__ if isinstance(cls, type) else ():
            if any("Personal" in str(hint) for hint in _annotations(each).values()):
                raise InvalidArgument(
                    f"the marks of {cls.__name__} cannot be read: {error}",
                    hint="define the types of its fields in the module, before it",
                ) from error
        return {}


def _annotations(cls: type) -> Mapping[str, Any]:
    try:
        return get_annotations(cls)
    except Exception:  # noqa: BLE001 - from Python 3.14 on, they are code
        return {}


def _is_tuple(cls: Any) -> bool:
    return isinstance(cls, type) and issubclass(cls, tuple) and hasattr(cls, "_fields")


def _unmarked(hint: Any) -> tuple[Any, list[Any]]:
    """Return the type of a field without its marks, and the marks."""
    if _name(get_origin(hint)) in _WRAPPERS:
        return _unmarked(get_args(hint)[0])
    if get_origin(hint) is not Annotated:
        return hint, []
    inner, *extras = get_args(hint)
    bare, marks = _unmarked(inner)
    for each in extras:
        if isinstance(each, Personal) or each is Personal:
            marks.append(each)
        else:
            bare = Annotated[bare, each]
    return bare, marks


def _name(of: Any) -> str:
    return str(getattr(of, "_name", None) or getattr(of, "__name__", ""))


def parts_of(hint: Any) -> tuple[Any, ...]:
    """
    Return the types that a type consists of, one level down.

    Raises:
        InvalidArgument: one of them is marked.
    """
    if get_origin(hint) is Annotated:
        inner, *extras = get_args(hint)
        if any(isinstance(each, Personal) or each is Personal for each in extras):
            raise InvalidArgument(f"a part of a type is marked: {hint}", hint=_AROUND_HINT)
        return (inner,)
    alias = aliased(hint)
    if alias is not hint:
        return (alias,)
    if isinstance(hint, str | ForwardRef):
        raise InvalidArgument(
            f"the type {hint!r} is given as a text, so its marks cannot be read",
            hint="define it before, and name it without quotes",
        )
    if get_origin(hint) is Literal:
        return ()
    return tuple(each for each in get_args(hint) if not isinstance(each, list) and each is not ...)


def class_of(hint: Any) -> Any:
    """Return the class of a type, generic or not, whose fields may be marked; None for others."""
    found = get_origin(hint) or hint
    return found if isinstance(found, type) or is_typeddict(found) else None


def aliased(hint: Any) -> Any:
    """Return what a type is another name for, or the type itself."""
    if get_origin(hint) is Annotated:
        return get_args(hint)[0]
    if isinstance(hint, NewType):
        return hint.__supertype__
    return alias_value(hint)


def is_marked(hint: Any, seen: set[Any] | None = None) -> bool:
    """
    Return whether anything in a type is marked, however deep.

    Raises:
        InvalidArgument: a mark is not around the whole type of a field.
    """
    seen = set() if seen is None else seen
    if class_of(hint) is not None and key_of(hint) not in seen:
        seen.add(key_of(hint))
        for field in declared_fields(hint):
            if field.mark is not None or is_marked(field.hint, seen):
                return True
    return any(is_marked(part, seen) for part in parts_of(hint))


def key_of(hint: Any) -> Any:
    """Return what tells a type from others: an annotation in it may have no hash."""
    try:
        hash(hint)
    except TypeError:
        return class_of(hint), repr(hint)
    return hint


def is_union(hint: Any) -> bool:
    """Return whether a type is a union."""
    return get_origin(hint) in {Union, UnionType}


def is_mapping(hint: Any) -> bool:
    """Return whether a type is a mapping, as ``dict[str, Line]`` is."""
    return _is_generic(hint, lambda origin: issubclass(origin, Mapping))


def is_collection(hint: Any) -> bool:
    """Return whether a type is a collection of items of one type, as ``list[Line]`` is."""
    if get_origin(hint) is tuple:
        return len(get_args(hint)) == 2 and get_args(hint)[1] is Ellipsis
    return _is_generic(hint, lambda origin: issubclass(origin, Sequence | AbstractSet))


def _is_generic(hint: Any, test: Callable[[type], bool]) -> bool:
    origin = get_origin(hint)
    return isinstance(origin, type) and test(origin)


def without_none(hint: Any) -> tuple[Any, ...]:
    """Return the types of a union but for None."""
    return tuple(each for each in get_args(hint) if each not in {None, NoneType})
