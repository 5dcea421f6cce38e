"""Type arguments: the fields of a generic class, for the types that it is used with."""

import sys
from collections.abc import Mapping
from inspect import get_annotations
from typing import Any, Generic, Protocol, TypeVar, Union, get_args, get_origin, get_type_hints

_NOTHING: Mapping[Any, Any] = {}


class TypeArguments:
    """
    What the type variables of a class and of its bases stand for.

    Args:
        hint: The class, generic or not, with its arguments: ``Box[Line]``.
    """

    def __init__(self, hint: Any) -> None:
        cls = self._cls = get_origin(hint) or hint
        self._of: dict[Any, Mapping[Any, Any]] = {}
        self._visit(cls, _bound(cls, hint, _NOTHING))

    def applied(self, name: str, hint: Any) -> Any:
        """Return the type of a field with the arguments in the places of the type variables."""
        # A TypedDict repeats the fields of its bases, whose type variables may have other meanings,
        # and has no ``__mro__`` with them: the last one that has the field declares it.
        classes = reversed(self._of) if _is_typed_dict(self._cls) else self._cls.__mro__
        owner = next((each for each in classes if name in _annotations(each)), None)
        return substituted(hint, self._of.get(owner, _NOTHING))

    def _visit(self, cls: Any, bound: Mapping[Any, Any]) -> None:
        self._of.setdefault(cls, bound)
        bases: Any = vars(cls).get("__orig_bases__") or cls.__bases__
        for base in bases:
            origin = get_origin(base) or base
            if isinstance(origin, type) and origin not in {Generic, Protocol, object}:
                self._visit(origin, _bound(origin, base, bound))


def substituted(hint: Any, bound: Mapping[Any, Any]) -> Any:
    """Return a type without type variables: of those without an argument, what they may be."""
    if isinstance(hint, TypeVar):
        return bound[hint] if hint in bound else _most(hint)
    variables = () if isinstance(hint, type) and get_origin(hint) is None else _variables(hint)
    if not variables or not all(isinstance(each, TypeVar) for each in variables):
        return hint
    return hint[tuple(substituted(each, bound) for each in variables)]


def alias_value(hint: Any) -> Any:
    """Return what a ``type`` alias stands for, with its arguments; other types as they are."""
    alias = get_origin(hint) or hint
    # By its name: there is one of `typing` and one of `typing_extensions`.
    if type(alias).__name__ != "TypeAliasType":
        return hint
    return substituted(alias.__value__, dict(zip(alias.__type_params__, get_args(hint))))  # noqa: B905 - too few are refused elsewhere


def _bound(cls: Any, hint: Any, outer: Mapping[Any, Any]) -> Mapping[Any, Any]:
    arguments = (substituted(each, outer) for each in get_args(hint))
    return dict(zip(_variables(cls), arguments))  # noqa: B905 - a class may be given without


def _variables(of: Any) -> tuple[Any, ...]:
    found = getattr(of, "__parameters__", ())
    return found if isinstance(found, tuple) else ()


def _most(variable: TypeVar) -> Any:
    """Return the widest type that a type variable may be; itself if it may be anything."""
    found = list(variable.__constraints__)
    if variable.__bound__ is not None:
        found.append(_evaluated(variable, variable.__bound__))
    default = getattr(variable, "__default__", None)  # from Python 3.13 on
    if getattr(variable, "has_default", bool)():
        found.append(_evaluated(variable, default))
    return Union[tuple(found)] if found else variable  # noqa: UP007 - they are known at run time only


def _evaluated(variable: TypeVar, hint: Any) -> Any:
    module = sys.modules.get(variable.__module__)
    holder = type("Holder", (), {"__annotations__": {"it": hint}})
    try:
        return get_type_hints(holder, vars(module), include_extras=True)["it"]
    except Exception:  # noqa: BLE001 - a name that is not known: it is refused where it is read
        return hint


def _annotations(cls: Any) -> Mapping[str, Any]:
    try:
        return get_annotations(cls)
    except Exception:  # noqa: BLE001 - from Python 3.14 on, they are code
        return _NOTHING


def _is_typed_dict(cls: Any) -> bool:
    return hasattr(cls, "__total__")
