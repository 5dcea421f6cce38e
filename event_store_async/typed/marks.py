"""Marks: the personal fields of a type, in its plain data."""

import warnings
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any, Final, get_args

from ..errors import InvalidArgument
from ..excerpt import excerpt
from ..marked_fields import (
    DeclaredField,
    aliased,
    class_of,
    declared_fields,
    is_collection,
    is_mapping,
    is_marked,
    is_union,
    key_of,
    without_none,
)
from ..marked_objects import fields_of, has_marks
from ..personal import FORGOTTEN, RESERVED, Encrypted, Personal, PersonalValue
from .difference import difference
from .shapes import Shape, shape_of

_SIMPLE: Final = frozenset({str, int, float, bool, bytes, type(None)})
_FORGOTTEN: Final = FORGOTTEN.value
_ADMIT_HINT: Final = (
    "give a substitute, Personal({subject!r}, forgotten=…), or let the type admit it: … | Forgotten"
)


class Unmarkable(ValueError):
    """A personal field is not where it should be in the plain data of an event."""


class EncryptedField(ValueError):
    """A personal field of a stored event is encrypted, and its key is not known."""


class Marked:
    """What is personal in plain data of one type."""

    def seal(self, plain: Any) -> Any:
        """
        Return plain data with a `PersonalValue` in the place of each personal field.

        Raises:
            Unmarkable: a field is missing.
        """
        raise NotImplementedError

    def open(self, plain: Any) -> Any:
        """
        Return plain data as the type takes it: what is forgotten is replaced.

        Raises:
            EncryptedField: the key of a field is not known.
        """
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class PersonalField:
    """
    A personal field.

    Attributes:
        stored: Its key in plain data.
        subject: The key of the subject.
        forgotten: Plain data that it is read from once the subject is forgotten.
        admits: Whether that stands for `FORGOTTEN` itself.
    """

    stored: str
    subject: str
    forgotten: Any
    admits: bool


@dataclass(slots=True)
class Marks(Marked):
    """
    The personal fields of a class, and the fields that have some inside.

    Attributes:
        name: The name of the class.
        optional: Whether a key may be missing in plain data.
        cls: The class.
        stored: The keys of all its fields in plain data, by their names.
        fields: The personal fields.
        inner: What is personal inside other fields, by their keys in plain data.
    """

    name: str
    optional: bool
    cls: Any
    stored: dict[str, str] = field(default_factory=dict)
    fields: list[PersonalField] = field(default_factory=list)
    inner: dict[str, Marked] = field(default_factory=dict)

    def seal(self, plain: Any) -> Any:  # noqa: D102 - inherited
        if not isinstance(plain, dict):
            raise Unmarkable(f"{self.name} has personal fields, but its plain data is not a dict")
        made = dict(plain)
        for each in self.fields:
            if each.stored in plain:
                value = plain[each.stored]
                if each.admits and type(value) is int and value == _FORGOTTEN:
                    value = FORGOTTEN
                subject: Any = plain.get(each.subject)
                made[each.stored] = PersonalValue(subject, value)
            elif not self.optional:
                raise Unmarkable(
                    f"{self.name}: the personal field {each.stored!r} is not in its plain data"
                )
        for key, below in self.inner.items():
            if made.get(key) is not None:
                made[key] = below.seal(made[key])
        return made

    def open(self, plain: Any) -> Any:  # noqa: D102 - inherited
        if not isinstance(plain, dict):
            return plain  # it does not fit its type, which the library of the type says
        made = dict(plain)
        for each in self.fields:
            value = plain.get(each.stored)
            if value is FORGOTTEN:
                made[each.stored] = each.forgotten
            elif isinstance(value, Encrypted):
                raise EncryptedField(
                    f"{self.name}: {each.stored!r} is encrypted, and the key of subject "
                    f"{value.subject!r} is not known"
                )
            elif isinstance(value, dict) and value.keys() == {RESERVED}:
                raise EncryptedField(
                    f"{self.name}: {each.stored!r} is encrypted: read it through a "
                    "PrivateEventStore"
                )
        for key, below in self.inner.items():
            if made.get(key) is not None:
                made[key] = below.open(made[key])
        return made


@dataclass(frozen=True, slots=True)
class MarkedItems(Marked):
    """The items of a list, each with personal fields."""

    item: Marked

    def seal(self, plain: Any) -> Any:  # noqa: D102 - inherited
        if not isinstance(plain, list | tuple):
            raise Unmarkable("items with personal fields are not a list in plain data")
        return [None if each is None else self.item.seal(each) for each in plain]

    def open(self, plain: Any) -> Any:  # noqa: D102 - inherited
        return list(map(self.item.open, plain)) if isinstance(plain, list | tuple) else plain


@dataclass(frozen=True, slots=True)
class MarkedValues(Marked):
    """The values of a dict, each with personal fields."""

    item: Marked

    def seal(self, plain: Any) -> Any:  # noqa: D102 - inherited
        if not isinstance(plain, dict):
            raise Unmarkable("values with personal fields are not a dict in plain data")
        return {key: None if each is None else self.item.seal(each) for key, each in plain.items()}

    def open(self, plain: Any) -> Any:  # noqa: D102 - inherited
        if not isinstance(plain, dict):
            return plain
        return {key: self.item.open(each) for key, each in plain.items()}


def check_covered(value: Any, marks: Marked | None) -> None:
    """
    Refuse an event with a personal field that its type knows nothing of: it would not be encrypted.

    That can be where another object may be read back than was given: a field of type `Any`, or one
    that holds an object of a subclass.

    Args:
        value: The event, or a part of it.
        marks: What is personal in it, by its type.

    Raises:
        Unmarkable: an object in it has personal fields, and is not of the type of its field.
    """
    if isinstance(value, dict):
        within: list[tuple[Any, Any]] = list(value.items())
    elif isinstance(value, list | tuple | AbstractSet):
        within = [(None, each) for each in value]
    else:
        if has_marks(type(value)) and not (isinstance(marks, Marks) and marks.cls is type(value)):
            raise Unmarkable(
                f"{type(value).__name__} has personal fields, but is in a field whose type does "
                "not say so"
            )
        within = list(fields_of(value) or ())
    hidden: set[str] = set()
    stored: Mapping[Any, str] = {}
    if isinstance(marks, Marks):
        hidden, stored = {each.stored for each in marks.fields}, marks.stored
    for step, part in within:
        key = stored.get(step, step)
        if key in hidden or type(part) in _SIMPLE:
            continue
        if isinstance(marks, Marks):
            check_covered(part, marks.inner.get(key))
        else:
            check_covered(part, getattr(marks, "item", None))


def marks_of(cls: type) -> Marks | None:
    """
    Return the personal fields of a type of event; None if it has none.

    Raises:
        InvalidArgument: a mark cannot be kept: it is at the wrong place, its subject is not a field
            of the class, or what is read after forgetting is not of the field's type.
    """
    try:
        return _Reading(shape_of(cls)).marks(cls) if is_marked(cls) else None
    except RecursionError:  # each level of a generic type may have another argument
        raise InvalidArgument(f"there is no end to the types inside {cls.__name__}") from None


class _Reading:
    """Reads the marks of one type of event, and of the types of its fields."""

    def __init__(self, shape: Shape) -> None:
        self._shape = shape
        self._known: dict[Any, Marks] = {}  # by `key_of` their types

    def marks(self, hint: Any) -> Marks:
        key = key_of(hint)
        if key in self._known:  # a type that contains itself
            return self._known[key]
        cls = class_of(hint)
        _check_class(cls)
        optional = hasattr(cls, "__struct_fields__") or hasattr(cls, "__total__")
        marks = self._known[key] = Marks(cls.__name__, optional, cls)
        declared = {each.name: each for each in declared_fields(hint)}
        marks.stored = {each.name: each.stored for each in declared.values()}
        for each in declared.values():
            if each.mark is not None:
                marks.fields.append(self._personal(cls, each, each.mark, declared))
            elif is_marked(each.hint):
                marks.inner[each.stored] = self._inside(f"{cls.__name__}.{each.name}", each.hint)
        if not marks.fields and not marks.inner:
            raise _mingled(cls.__name__, hint)
        return marks

    def _personal(
        self, cls: Any, each: DeclaredField, mark: Personal, declared: Mapping[str, DeclaredField]
    ) -> PersonalField:
        where = f"{cls.__name__}.{each.name}"
        subject = declared.get(mark.subject)
        if subject is None:
            raise InvalidArgument(
                f"{where}: {cls.__name__} has no field {mark.subject!r} that says whom it is about",
                hint="Personal names a field of the same class, as it is called in Python",
            )
        if subject.mark is not None:
            raise InvalidArgument(
                f"{where}: its subject, {mark.subject!r}, is personal itself, so it could not be "
                "read",
                hint="use an identifier that is not personal",
            )
        if _may_be_left_out(cls, subject.name):
            raise InvalidArgument(
                f"{where}: its subject, {mark.subject!r}, is not always stored",
                hint="store the subject: without exclude=True, and without a default in a struct "
                "with omit_defaults=True",
            )
        if is_marked(each.hint):
            raise InvalidArgument(
                f"{where} is personal, and so is a part of it",
                hint="the whole field is encrypted: mark the field, or the parts, but not both",
            )
        forgotten = self._forgotten(where, each.hint, mark)
        return PersonalField(each.stored, subject.stored, forgotten, mark.forgotten is FORGOTTEN)

    def _forgotten(self, where: str, hint: Any, mark: Personal) -> Any:
        """Return the plain data of what is read after forgetting, if the field's type takes it."""
        given = mark.forgotten
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of a value of another type; that is checked below
                shape = type(self._shape)(hint)  # type: ignore[call-arg] # of one type, like a class
                plain = _FORGOTTEN if given is FORGOTTEN else shape.plain(given)
                again = shape.event(plain)
        except Exception as error:
            raise self._untyped(where, mark) from error
        if again is not given and (given is FORGOTTEN or difference(given, again) is not None):
            raise self._untyped(where, mark)
        return plain

    def _untyped(self, where: str, mark: Personal) -> InvalidArgument:
        if mark.forgotten is FORGOTTEN:
            return InvalidArgument(
                f"{where}: its type does not admit Forgotten, which is read once the subject is "
                "forgotten",
                hint=_ADMIT_HINT.format(subject=mark.subject),
            )
        return InvalidArgument(
            f"{where}: what is read once the subject is forgotten, {excerpt(mark.forgotten)}, is "
            "not of its type"
        )

    def _inside(self, where: str, hint: Any) -> Marked:
        if is_union(hint):
            (only, *more) = without_none(hint)
            if not more:
                return self._inside(where, only)
        elif aliased(hint) is not hint:
            return self._inside(where, aliased(hint))
        elif class_of(hint) is not None and declared_fields(hint):
            return self.marks(hint)
        elif is_mapping(hint) and len(get_args(hint)) == 2 and not is_marked(get_args(hint)[0]):
            return MarkedValues(self._inside(where, get_args(hint)[1]))
        elif is_collection(hint):
            return MarkedItems(self._inside(where, get_args(hint)[0]))
        raise _mingled(where, hint)


def _mingled(where: str, hint: Any) -> InvalidArgument:
    return InvalidArgument(
        f"{where}: personal fields inside {hint} cannot be told apart",
        hint="a type with personal fields may be optional, or in a list, a tuple[…, ...], a "
        "set or the values of a dict; otherwise mark the whole field",
    )


def _may_be_left_out(cls: Any, name: str) -> bool:
    """Return whether the plain data of an object may lack a field."""
    if hasattr(cls, "__pydantic_fields__"):
        return bool(cls.__pydantic_fields__[name].exclude)
    config = getattr(cls, "__struct_config__", None)
    if config is None or not config.omit_defaults:
        return False
    names = cls.__struct_fields__
    given = names[len(names) - len(cls.__struct_defaults__) :]
    defaults = dict(zip(given, cls.__struct_defaults__, strict=True))
    return name in defaults and repr(defaults[name]) != "NODEFAULT"


def _check_class(cls: Any) -> None:
    """Refuse a class whose plain data is not a dict."""
    config = getattr(cls, "__struct_config__", None)
    is_list = isinstance(cls, type) and issubclass(cls, tuple)
    if is_list or (config is not None and config.array_like):
        raise InvalidArgument(
            f"{cls.__name__} is stored as a list, so its fields cannot be personal",
            hint="use a class that is stored with the names of its fields",
        )
    decorators = getattr(cls, "__pydantic_decorators__", None)
    if decorators is not None and decorators.model_serializers:
        raise InvalidArgument(
            f"{cls.__name__} has a model_serializer, which may store personal fields elsewhere",
            hint="use the plain data of pydantic, with aliases",
        )
    if hasattr(cls, "__pydantic_root_model__") and cls.__pydantic_root_model__:
        raise InvalidArgument(f"{cls.__name__} is a root model, so it has no personal fields")
