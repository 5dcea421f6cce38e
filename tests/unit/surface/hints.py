"""Hints: whether a value fits a type hint, and a value that does."""

import contextlib
import inspect
import types
import typing
from collections.abc import (
    AsyncIterable,
    Awaitable,
    Callable,
    Collection,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from typing import Any
from uuid import UUID

ABSTRACT: tuple[Any, ...] = (
    Awaitable, AsyncIterable, Collection, Iterable, Iterator, Mapping, Sequence,
)  # fmt: skip


def hints_of(call: Any) -> dict[str, Any]:
    """Return the type hints of a callable's parameters; empty if it has none."""
    if inspect.isclass(call):
        call = call.__init__
    with contextlib.suppress(TypeError, NameError):
        return typing.get_type_hints(getattr(call, "__func__", call))
    return {}


def fits(hint: Any, value: object) -> bool:  # noqa: PLR0911 - a case for each kind of hint
    """
    Return whether a value may be right for a hint.

    False only if its kind is wrong beyond doubt: what is in a list, or what a callable takes, is
    not looked at.
    """
    origin = typing.get_origin(hint)
    if origin in {typing.Union, types.UnionType}:
        return any(fits(part, value) for part in typing.get_args(hint))
    if origin is typing.Literal:
        return any(type(value) is type(each) and value == each for each in typing.get_args(hint))
    if origin is type:
        return isinstance(value, type)
    kind = origin or hint
    if kind is None or kind is type(None):
        return value is None
    if kind is float:
        return type(value) is not bool and isinstance(value, int | float)
    if kind is int:
        return type(value) is not bool and isinstance(value, int)
    if kind is Callable:
        return callable(value)
    if getattr(kind, "_is_protocol", False) or not inspect.isclass(kind):
        return True  # a protocol is checked by its methods; a type variable may be anything
    return kind is object or issubclass(type(value), kind)


def classes_of(hint: Any) -> set[type]:
    """Return the classes that a hint is made of."""
    found = {hint} if inspect.isclass(hint) else set()
    for part in (*typing.get_args(hint), typing.get_origin(hint)):
        if part is not None and part is not hint:
            found |= classes_of(part)
    return found


def is_caller_code(hint: Any) -> bool:
    """
    Return whether a parameter is for code of the caller that the library runs.

    What a list raises when it is iterated, and what a callable raises, is the caller's own error.
    """
    found = classes_of(hint)
    return (
        hint in {Any, object, inspect.Parameter.empty}
        or isinstance(hint, typing.TypeVar)
        or any(isinstance(part, typing.TypeVar) or part is Any for part in typing.get_args(hint))
        or any(kind in found for kind in (*ABSTRACT, Callable))
        or any(getattr(kind, "_is_protocol", False) for kind in found)
    )


def valid(hint: Any, find: Callable[[Any], Callable[[], Any] | None]) -> Any:  # noqa: PLR0911
    """
    Return a value that fits a hint.

    Args:
        hint: The hint.
        find: Returns what makes a value of a class, or None.

    Raises:
        LookupError: no value is known.
    """
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if found := find(hint):
        return found()
    if origin in {typing.Union, types.UnionType}:
        return valid(arguments[0], find)
    if origin is typing.Literal:
        return arguments[0]
    kind = origin or hint
    if kind is not hint and (found := find(kind)):
        return found()
    plain: dict[Any, Any] = {
        int: 1, float: 1.0, bool: True, str: "name", bytes: b"x", UUID: UUID(int=7), Any: "a",
        object: "a", Mapping: {}, dict: {}, tuple: (), frozenset: frozenset(), type: int,
    }  # fmt: skip
    if kind in plain:
        return plain[kind]
    if kind is Callable:
        return lambda *_: None
    if kind in ABSTRACT or isinstance(kind, typing.TypeVar):
        return []
    raise LookupError(hint)
