"""Types: the registry of the types of events, by the names they are stored under."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from typing import Any, Generic, TypeAlias, TypeVar

from ..errors import InvalidArgument
from ..events import P_co
from ..values import value
from .shapes import Shape, shape_of, tag_of

E = TypeVar("E")

Upcaster: TypeAlias = Callable[[Any], Any]
"""Takes the plain data of one revision and returns that of the next; pure, and never async."""


@value
class EventType(Generic[P_co]):
    """
    A type of event, and how it is stored.

    Attributes:
        cls: A dataclass, a TypedDict, a `msgspec.Struct` or a pydantic model. A TypedDict needs a
            key of the type ``Literal[name]``, by which a dict is known.
        name: What is stored as the event's type. It must never change; the class may be renamed
            and moved.
        revision: The revision that is written, from 1. Raise it when old payloads no longer fit.
        upcasters: For each revision before it, what makes the next one's payload of its payload.
        formerly: Names under which it was stored once; their revisions count on.
    """

    cls: type[P_co]
    name: str
    revision: int = 1
    upcasters: Mapping[int, Upcaster] = field(default_factory=dict)
    formerly: Sequence[str] = ()


@value
class UnknownEvent:
    """
    The payload of an event whose type is not registered here, read raw.

    Attributes:
        type: The stored name of its type; None where it has none.
        revision: The revision that it was stored in, from 1.
        payload: What the store's codec reads.
    """

    type: str | None
    revision: int
    payload: Any


class EventTypes(Generic[E]):
    """
    The types of events that a store may hold.

    Like this:

        AccountEvent = Opened | Deposited
        TYPES = EventTypes[AccountEvent](
            EventType(Opened, "account-opened"),
            EventType(Deposited, "deposited", revision=2, upcasters={1: in_cents}),
        )

    Args:
        types: Each type of the union, once.

    Raises:
        InvalidArgument: a class or a name stands there twice, a revision has no upcaster, a class
            is no type of event, or its library is not installed.
    """

    def __init__(self, *types: EventType[E]) -> None:
        self._by_name: dict[str | None, _Registered] = {}
        self._by_class: dict[type, _Registered] = {}
        self._by_tag: dict[tuple[str, str], _Registered] = {}
        self._tags: dict[str, None] = {}
        for type_ in types:
            self._register(type_)

    def _register(self, type_: EventType[E]) -> None:
        names = (type_.name, *type_.formerly)
        tag = tag_of(type_.cls, (type_.name,))
        registered = _Registered(type_, shape_of(type_.cls), tag)
        for name in names:
            if not isinstance(name, str) or not name:
                raise InvalidArgument(f"a type of event needs a name, not {name!r}")
            if name in self._by_name:
                raise InvalidArgument(f"two types of events are named {name!r}")
            self._by_name[name] = registered
        if type_.cls in self._by_class:
            raise InvalidArgument(f"{type_.cls.__name__} is registered twice")
        self._by_class[type_.cls] = registered
        if tag is not None:
            self._by_tag[tag, type_.name] = registered
            self._tags[tag] = None

    def stored(self, event: E) -> tuple[str, int, Any]:
        """
        Return the stored name of an event's type, its revision, and its plain data.

        Raises:
            LookupError: the event's class is not registered.
            Exception: the event cannot be read back from its plain data.
        """
        found = self._by_class.get(type(event)) if type(event) is not dict else self._tagged(event)
        if found is None:
            raise LookupError(f"{type(event).__name__} is not registered as a type of event")
        plain = found.shape.plain(event)
        # What could not be read back must not be stored: nothing checks a dataclass's fields.
        found.shape.event(plain)
        return found.type.name, found.type.revision, plain

    def revision(self, name: str | None) -> int:
        """Return the highest revision that is known of a type, 0 for one that is not known."""
        found = self._by_name.get(name)
        return 0 if found is None else found.type.revision

    def event(self, name: str, revision: int, plain: Any) -> E:
        """
        Return the event that stored data stands for, brought up to the revision of today.

        Raises:
            KeyError: the type is not known.
            Exception: whatever an upcaster or the type's library raises.
        """
        found = self._by_name[name]
        for number in range(revision, found.type.revision):
            plain = found.type.upcasters[number](plain)
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
        revision, given = type_.revision, set(type_.upcasters)
        if isinstance(revision, bool) or not isinstance(revision, int) or revision < 1:
            raise InvalidArgument(f"{type_.name!r}: a revision is 1 or more, not {revision!r}")
        if given != set(range(1, revision)):
            wanted = ", ".join(map(str, range(1, revision))) or "none"
            raise InvalidArgument(
                f"{type_.name!r}: revision {revision} needs upcasters from: {wanted}; "
                f"given: {', '.join(map(str, sorted(given))) or 'none'}"
            )
        self.type = type_
        self.shape = shape
        self.tag = tag
