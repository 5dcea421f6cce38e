"""Types: the registry of the types of events, by stored name."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import field
from typing import Any, Final, Generic, TypeAlias, TypeVar

from .._typevars import P_co
from ..checks import check_callable, check_instance, check_int, is_int, listed
from ..errors import InvalidArgument
from ..excerpt import excerpt
from ..values import value
from .difference import difference, lossy_tree
from .marks import check_covered, marks_of
from .shapes import Shape, shape_of, tag_of

_EVENT_TYPE_HINT: Final = "each type by itself: EventTypes(EventType(Opened, 'opened'), …)"

_MOST_NAMES: Final = 10_000

E = TypeVar("E")

Upcaster: TypeAlias = Callable[[Any], Any]
"""Converts the plain data of one revision to that of the next. A pure function, not async."""


@value
class EventType(Generic[P_co]):
    """
    A type of event, and how it is stored.

    Attributes:
        cls: A dataclass, a TypedDict, a `msgspec.Struct` or a pydantic model. A TypedDict needs a
            key of the type ``Literal[name]``, by which its dicts are recognised.
        name: The name that is stored as the `type` of its events. It must never change; the class
            may be renamed and moved.
        revision: The revision of new events, from 1. Raise it if old payloads no longer fit.
        upcasters: For each earlier revision, the function that converts a payload of that revision
            to the next one.
        formerly: Earlier names of the type. Its revisions are counted across all names.
        lossy: The fields that need not be read back as they were given, like ``"password"``; any
            other loss refuses the event. A dotted name is a field of a field: ``"card.number"``.
            Items of a list are not counted: ``"lines.note"`` is that field of every line.
    """

    cls: type[P_co]
    name: str
    revision: int = 1
    upcasters: Mapping[int, Upcaster] = field(default_factory=dict)
    formerly: Sequence[str] = ()
    lossy: Sequence[str] = ()


@value
class UnknownEvent:
    """
    The payload of an event whose type is not registered, read with ``unknown="raw"``.

    Attributes:
        type: The stored name of its type, if any.
        revision: The revision in which it was stored, from 1.
        payload: The payload as the codec of the store decodes it.
    """

    type: str | None
    revision: int
    payload: Any


class EventTypes(Generic[E]):
    """
    The types of events of a store.

    For example:

        AccountEvent = Opened | Deposited
        TYPES = EventTypes[AccountEvent](
            EventType(Opened, "account-opened"),
            EventType(Deposited, "deposited", revision=2, upcasters={1: in_cents}),
        )

    Args:
        types: Each type of the union, once.

    Raises:
        InvalidArgument: a class or a name is given twice, a revision has no upcaster, `lossy` is
            not a sequence of names, a class cannot be a type of event, its library is not
            installed, or a mark `Personal` of a field cannot be kept.
    """

    def __init__(self, *types: EventType[E]) -> None:
        self._by_name: dict[str | None, _Registered] = {}
        self._by_class: dict[type, _Registered] = {}
        self._by_tag: dict[tuple[str, str], _Registered] = {}
        self._tags: dict[str, None] = {}
        for type_ in types:
            self._register(type_)

    def _register(self, type_: EventType[E]) -> None:
        check_instance("each type", type_, EventType, "an EventType", hint=_EVENT_TYPE_HINT)
        names = (type_.name, *_names("formerly", type_.formerly, "types"))
        tag = tag_of(type_.cls, (type_.name,))
        registered = _Registered(type_, shape_of(type_.cls), tag)
        for name in names:
            if not isinstance(name, str) or not name:
                raise InvalidArgument(
                    f"the name of a type must be a str that is not empty, not {excerpt(name)}"
                )
            if name in self._by_name:
                raise InvalidArgument(f"the name {name!r} is registered twice")
            self._by_name[name] = registered
        if type_.cls in self._by_class:
            raise InvalidArgument(f"{type_.cls.__name__} is registered twice")
        self._by_class[type_.cls] = registered
        if tag is not None:
            self._by_tag[tag, type_.name] = registered
            self._tags[tag] = None

    @property
    def names(self) -> frozenset[str]:
        """All stored names, earlier ones included."""
        return frozenset(name for name in self._by_name if name is not None)

    @property
    def are_marked(self) -> bool:
        """Whether one of the types has personal fields."""
        return any(each.marks is not None for each in self._by_class.values())

    def stored(self, event: E) -> tuple[str, int, Any]:
        """
        Return the stored name of an event's type, its revision, and its plain data.

        In the place of each field that is marked `Personal` is a `PersonalValue`.

        Raises:
            LookupError: the event's class is not registered.
            Difference: another event would be read back.
            Unmarkable: a personal field is not where its mark says, or where no mark says it is.
            Exception: the event cannot be read back from its plain data.
        """
        found = self._by_class.get(type(event)) if type(event) is not dict else self._tagged(event)
        if found is None:
            raise LookupError(f"{type(event).__name__} is not registered as a type of event")
        plain = found.shape.plain(event)
        # An event that cannot be read back must not be stored. Python does not check the fields
        # of a dataclass, so they may hold anything; and a library may leave out what it reads.
        differs = difference(event, found.shape.event(plain), found.lossy)
        if differs is not None:
            raise differs
        if found.lossy:  # otherwise each object was read back as one of the same class
            check_covered(event, found.marks)
        if found.marks is not None:
            plain = found.marks.seal(plain)
        return found.type.name, found.type.revision, plain

    def revision(self, name: str | None) -> int:
        """
        Return the current revision of a type, 0 if no type has this name.

        Raises:
            InvalidArgument: *name* is neither a str nor None.
        """
        check_instance("name", name, str, "a str", optional=True)
        found = self._by_name.get(name)
        return 0 if found is None else found.type.revision

    def event(self, name: str, revision: int, plain: Any) -> E:
        """
        Return stored plain data as an event of the current revision.

        Raises:
            InvalidArgument: *name* is not a str, or *revision* not an int of 1 or more.
            KeyError: no type has this name.
            Exception: what an upcaster or the library of the type raises.
        """
        check_instance("name", name, str, "a str")
        check_int("revision", revision, at_least=1)
        found = self._by_name[name]
        for number in range(revision, found.type.revision):
            plain = found.type.upcasters[number](plain)
        if found.marks is not None:
            plain = found.marks.open(plain)
        event: E = found.shape.event(plain)
        return event

    def _tagged(self, event: Any) -> "_Registered | None":
        for tag in self._tags:
            name = event.get(tag)
            if isinstance(name, str) and (tag, name) in self._by_tag:
                return self._by_tag[tag, name]
        return None


class _Registered:
    """A type of event with its shape."""

    def __init__(self, type_: EventType[Any], shape: Shape, tag: str | None) -> None:
        revision = type_.revision
        check_instance(
            f"upcasters of {type_.name!r}", type_.upcasters, Mapping, "a mapping of revisions"
        )
        given = set(type_.upcasters)
        for upcaster in type_.upcasters.values():
            check_callable(f"an upcaster of {type_.name!r}", upcaster)
        if not is_int(revision) or revision < 1:
            raise InvalidArgument(
                f"{type_.name!r}: revision must be an int of 1 or more, not {excerpt(revision)}"
            )
        if given != set(range(1, revision)):
            wanted = ", ".join(map(str, range(1, revision))) or "none"
            raise InvalidArgument(
                f"{type_.name!r}: revision {revision} needs upcasters from: {wanted}; "
                f"given: {', '.join(sorted(map(str, given))) or 'none'}"
            )
        lossy = _names("lossy", type_.lossy, "fields")
        if not all(isinstance(name, str) and name for name in lossy):
            raise InvalidArgument(
                f"{type_.name!r}: lossy must be a list of names of fields, not {excerpt(lossy)}",
                hint="for a single field: lossy=['name']",
            )
        self.type = type_
        self.shape = shape
        self.marks = marks_of(type_.cls)
        self.lossy = lossy_tree(lossy)
        self.tag = tag


def _names(field: str, given: object, of: str) -> list[Any]:
    """Return a field's names in a list of our own; raises `InvalidArgument`."""
    if isinstance(given, str | bytes) or not isinstance(given, Collection):
        raise InvalidArgument(
            f"{field} must be a list of names of {of}, not {excerpt(given)}",
            hint=f"for a single name: {field}=['name']",
        )
    return listed(field, given, _MOST_NAMES)
