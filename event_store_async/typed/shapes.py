"""Shapes: they convert events of one type to plain data and back."""

from dataclasses import is_dataclass
from datetime import date, time
from types import ModuleType
from typing import Any, Literal, Protocol, get_args, get_origin, get_type_hints, is_typeddict

from ..errors import InvalidArgument
from ..excerpt import excerpt
from ..extras import install_hint
from ..personal import FORGOTTEN_JSON, holds_forgotten
from ..plain import iso_format, plain_str


class Shape(Protocol):
    """Converts events of one type. Plain data is what JSON can hold: dict, list, str, int, …."""

    def plain(self, event: Any) -> Any:
        """Return an event as plain data; raises what its library raises."""

    def event(self, plain: Any) -> Any:
        """Return plain data as an event; raises what its library raises."""


def shape_of(cls: type) -> Shape:
    """
    Return the shape of a dataclass, a TypedDict, a msgspec Struct or a pydantic model.

    Raises:
        InvalidArgument: the class is not one of these, or its library is not installed.
    """
    if hasattr(cls, "__pydantic_validator__"):  # models, and pydantic's own dataclasses
        return _Pydantic(cls)
    if is_dataclass(cls) or is_typeddict(cls) or hasattr(cls, "__struct_fields__"):
        return _Msgspec(cls)
    raise InvalidArgument(
        f"{excerpt(cls)} cannot be a type of event",
        hint="use a dataclass, a TypedDict, a msgspec.Struct or a pydantic model",
    )


def tag_of(cls: type, names: tuple[str, ...]) -> str | None:
    """
    Return the key that identifies dicts of a TypedDict; None for other classes.

    Raises:
        InvalidArgument: no key of the TypedDict has the type ``Literal[name]``.
    """
    if not is_typeddict(cls):
        return None
    for key, hint in get_type_hints(cls).items():
        if get_origin(hint) is Literal and set(get_args(hint)) <= set(names):
            return key
    raise InvalidArgument(
        f"a dict of the type {cls.__name__} cannot be told from other dicts",
        hint=f"add a key of the type Literal[{names[0]!r}] to it",
    )


class _Msgspec:
    """Dataclasses, TypedDicts and structs, converted by msgspec."""

    def __init__(self, cls: type) -> None:
        self._cls = cls
        self._msgspec = _library("msgspec", "typed")

    def plain(self, event: Any) -> Any:
        return self._msgspec.to_builtins(event, str_keys=True, enc_hook=_plain)

    def event(self, plain: Any) -> Any:
        return self._msgspec.convert(plain, self._cls, str_keys=True, dec_hook=_of_class)


class _Pydantic:
    """Models and dataclasses of pydantic."""

    def __init__(self, cls: type) -> None:
        self._adapter = _library("pydantic", "pydantic").TypeAdapter(cls)
        self._to_json = _library("pydantic_core", "pydantic").to_json

    def plain(self, event: Any) -> Any:
        # A round trip leaves out computed fields, which a model that forbids extra fields refuses,
        # and writes the fields that are themselves JSON as text.
        return self._adapter.dump_python(event, mode="json", by_alias=True, round_trip=True)

    def event(self, plain: Any) -> Any:
        # From JSON, not from Python objects: there alone a strict model takes a str for a UUID.
        data = self._to_json(plain)
        if FORGOTTEN_JSON in data and holds_forgotten(plain):
            # An int would be made of it.
            raise ValueError("a value was forgotten, but its field is not marked Personal")
        return self._adapter.validate_json(data)


def _plain(value: Any) -> Any:
    """Return the form of an object that msgspec does not know: of a subclass of a plain type."""
    if isinstance(value, date | time):
        return iso_format(value)
    if isinstance(value, str):
        return plain_str(value)
    raise TypeError(f"an object of type {type(value).__name__} has no plain form")


def _of_class(cls: Any, plain: Any) -> Any:
    """Return plain data as an object of a class that msgspec does not know; see `_plain`."""
    if issubclass(cls, date | time) and isinstance(plain, str):
        return cls.fromisoformat(plain)
    if issubclass(cls, str) and isinstance(plain, str):
        return cls(plain)
    raise TypeError(f"an object of type {cls.__name__} cannot be made of its plain form")


def _library(name: str, extra: str) -> ModuleType:
    from importlib import import_module

    try:
        return import_module(name)
    except ImportError as error:
        raise InvalidArgument(f"{name} is not installed", hint=install_hint(extra)) from error
