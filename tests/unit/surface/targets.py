"""Targets: every public callable, found from what is exported, and an object to call it on."""

import dataclasses
import enum
import functools
import importlib
import inspect
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, NoReturn
from uuid import UUID

import prometheus_client

from event_store_async import (
    ANY,
    EventStore,
    Feed,
    MemoryEventStore,
    Position,
    RecordedEvent,
    Settings,
    StreamState,
)
from event_store_async.aggregates import Command, CommandHandler, Reducer, Repository, Snapshot
from event_store_async.embedded import Background, EmbeddedCassandra
from event_store_async.errors import StreamError, UndecodableEvent
from event_store_async.feeds import FeedReader
from event_store_async.hooks import HandlingBegun, Record, SerialRepair, Source
from event_store_async.maintenance import RetentionRule, StoredEvent, StoreDigest
from event_store_async.privacy import (
    KeyStore,
    KeyWrapper,
    MasterKeys,
    MemoryKeyStore,
    PersonalFields,
    PrivateEventStore,
    SubjectKey,
    WrappedKey,
)
from event_store_async.subscriptions import Checkpoints, Division, Lag, Registration, SliceLag
from event_store_async.telemetry.prometheus import PrometheusHook
from event_store_async.testing import HostileEventStore, given
from event_store_async.testing.servers import CassandraServer, ExistingCluster
from event_store_async.typed import EventType, EventTypes, TypedEventStore

from ...fixtures.keys import XorWrapper
from ..test_public import MADE_BY_THE_LIBRARY, PUBLIC, PUBLIC_MODULES
from .hints import ABSTRACT, classes_of, hints_of, valid

STREAM: Final = UUID(int=7)
FEED: Final = UUID(int=8)


class Sent(AssertionError):
    """Something was sent to the server, stored or started."""


class Unreachable:
    """A driver's session that nothing may be sent to."""

    def __init__(self) -> None:
        self.sent = False

    def _send(self) -> NoReturn:
        self.sent = True
        raise Sent("it was sent")

    async def execute(self, statement: Any) -> Any:  # noqa: ARG002 - as the driver has it
        self._send()

    async def execute_batch(self, batch: Any) -> Any:  # noqa: ARG002
        self._send()

    async def create_prepared(self, statement: str) -> Any:  # noqa: ARG002
        self._send()

    async def close(self) -> None:
        return None


class Unstarted(Background):
    """A cluster in the background that must not be started."""

    def _spawn(self, options: dict[str, Any]) -> NoReturn:  # noqa: ARG002
        raise Sent("it was started")


@dataclass
class World:
    """What the objects of one call share, to tell afterwards whether something was sent."""

    session: Any = field(default_factory=Unreachable)
    memory: MemoryEventStore = field(default_factory=MemoryEventStore)

    @functools.cached_property
    def store(self) -> EventStore:
        return EventStore(self.session, keyspace="bank", settings=Settings(timeout=0.2))

    @property
    def stored(self) -> bool:
        """Whether the store in memory holds an event."""
        return bool(self.memory._table)


@dataclass
class Deposited:
    amount: int


TYPES: Final = EventTypes(EventType(Deposited, "deposited"))
REDUCER: Final[Reducer[int, Any]] = Reducer(0, lambda balance, _: balance)
REFUSED: Final = UndecodableEvent(STREAM, 1, None, b"x", "it is not JSON")
RECORDED: Final = RecordedEvent(STREAM, 1, "a", datetime(2026, 1, 1, tzinfo=UTC), UUID(int=1))
REGISTERED: Final = Registration("mails", 1, 1, Position.beginning(FEED))
SNAPSHOT: Final[Snapshot[Any]] = Snapshot({}, 1, datetime(2026, 1, 1, tzinfo=UTC))
KEY: Final = SubjectKey("customer-7", UUID(int=7), b"k" * 32)
MASTERS: Final = MasterKeys({"2026": b"m" * 32})
STORED: Final = StoredEvent(STREAM, 1, b'"a"', 0, UUID(int=1))


def _no_events(_: Any) -> list[Any]:
    return []


def _repository(world: World) -> Repository[int, Any]:
    return Repository(world.memory, REDUCER)


MAKERS: Final[Mapping[Any, Callable[[World], Any]]] = {
    EventStore: lambda world: world.store,
    MemoryEventStore: lambda world: world.memory,
    RecordedEvent: lambda _: RECORDED,
    Snapshot: lambda _: SNAPSHOT,
    Feed: lambda world: world.memory.feed(),
    FeedReader: lambda world: world.memory.feed().reader,
    Position: lambda _: Position.beginning(FEED),
    StoredEvent: lambda _: STORED,
    RetentionRule: lambda _: RetentionRule("account", max_count=1),
    Reducer: lambda _: REDUCER,
    EventTypes: lambda _: TYPES,
    Repository: _repository,
    Command: lambda _: Command(STREAM, _no_events),
    StreamError: lambda _: REFUSED,
    Path: lambda _: Path("never-used"),
    datetime: lambda _: datetime(2026, 1, 1, tzinfo=UTC),
    timedelta: lambda _: timedelta(1),
    logging.Logger: lambda _: logging.getLogger("event_store_async.tests"),
    prometheus_client.CollectorRegistry: lambda _: prometheus_client.CollectorRegistry(),
    StreamState: lambda _: ANY,
    Checkpoints: lambda _: Checkpoints(REGISTERED, (Position.beginning(FEED),), {}),
    Division: lambda _: Division(1, (Position.beginning(FEED),)),
    Lag: lambda _: Lag(
        Position.beginning(FEED), (SliceLag(0, Position.beginning(FEED), 0, 0.0, 0),)
    ),
    Registration: lambda _: REGISTERED,
    Record: lambda _: SerialRepair(Source("memory"), STREAM, 1),
    KeyStore: lambda _: MemoryKeyStore(),
    KeyWrapper: lambda _: MASTERS,
    MasterKeys: lambda _: MASTERS,
    SubjectKey: lambda _: KEY,
    WrappedKey: lambda _: WrappedKey("2026", b"x" * 61),
    PersonalFields: lambda _: PersonalFields("id", ["name"]),
}
"""By hint: what makes a value, if calling the class with values that fit its hints does not."""


class Unopened:
    """The portal to a loop on which nothing may be called."""

    def call(self, *_: object) -> NoReturn:
        raise Sent("it was called")


portal: Any = Unopened()

OBJECTS: Final[Mapping[str, Callable[[World], Any]]] = {
    "CategoryStore": lambda world: world.memory.category("account"),
    "Feed": lambda world: world.memory.feed(),
    "CassandraServer": lambda _: CassandraServer(
        {"contact_points": "127.0.0.1", "port": 1}, {"datacenter1": 1}, "5.0", portal
    ),
    "Background": lambda _: Unstarted(Path("never-used")),
    "Operations": lambda world: world.store.operations,
    "Storage": lambda world: world.store.storage,
    "SnapshotStore": lambda world: world.memory.snapshots,
    "HostileEventStore": lambda world: HostileEventStore(world.memory, seed=1),
    "TypedEventStore": lambda world: TypedEventStore(world.memory, TYPES),
    "PrivateEventStore": lambda world: PrivateEventStore(world.memory, MemoryKeyStore()),
    "CommandHandler": lambda world: CommandHandler(_repository(world), world.memory),
    "Given": lambda _: given(REDUCER),
    "Then": lambda _: given(REDUCER).when(_no_events),
    "CassandraKeyStore": lambda world: world.store.key_store(XorWrapper()),
    "EmbeddedCassandra": lambda _: EmbeddedCassandra(progress=False),
    "PrometheusHook": lambda _: PrometheusHook(prometheus_client.CollectorRegistry()),
}
"""By class: the object whose methods are called, if an instance as for a hint does not do."""

GIVEN: Final[Mapping[str, Mapping[str, Callable[[World], Any]]]] = {
    "cassandra_server": {"cluster": lambda _: ExistingCluster("127.0.0.1", port=1)},
    "EventStore": {"session": lambda world: world.session},
    "CassandraKeyStore": {"session": lambda world: world.session},
    "CategoryStore.category": {"name": lambda _: "account"},
    "JsonCodec.decode": {"data": lambda _: b"1"},
    "RawCodec.encode": {"payload": lambda _: b"x"},
    "Position.check_feed": {"feed_id": lambda _: FEED},
    "Position.parse": {"text": lambda _: str(Position.beginning(FEED))},
    "StoreDigest.merge": {"other": lambda _: StoreDigest()},
    "EventTypes.event": {"name": lambda _: "deposited", "plain": lambda _: {"amount": 1}},
    "EventTypes.stored": {"event": lambda _: Deposited(1)},
    "RetentionRule": {"max_count": lambda _: 1},
}
"""By name and parameter: what is given, if any value that fits the hint does not do."""

NOT_CALLED: Final[Mapping[str, str]] = {
    "Checkpoints.passed": "called by subscriptions, with each event that they read",
    "Division.passed": "called by subscriptions, with each event that they read",
    "Registration.passed": "called by subscriptions, with each event that they read",
    "FeedEvent.of": "called by readers of feeds, with each event that they read",
    "Given": "made by given",
    **{
        f"{name}.is_transient": "called by subscriptions, with what was raised"
        for name in (
            "AsyncpgTransactions",
            "HostileTransactions",
            "MemoryTransactions",
            "PsycopgTransactions",
            "SqlAlchemyTransactions",
        )
    },
    "Given.then_aggregate": "asserts, and shows the caller's own objects",
    "StartProgress.step": "shows nothing: subclasses do",
    "Then.then": "asserts, and shows the caller's own objects",
    "Then.then_aggregate": "asserts, and shows the caller's own objects",
    "Personal": "marks a type, whose registration checks it",
    "PersonalValue": "makes a value: the append checks it",
    "RawCodec.decode": "called by stores, with bytes that they read",
    "Selection.wants_stream": "called by readers of feeds, with what they read",
    "Selection.wants_type": "called by readers of feeds, with what they read",
    "Survey.add": "called by survey_streams, with each stream that it visits",
    "Survey.add_bytes": "called by survey_streams, with each stream that it visits",
    "TableSpec.migrations_after": "called by the library, with what it found in the schema",
    "TableState.differences": "called by the library, with what it found in the schema",
    "UnidentifiedEvent.identified": "makes a value: the append checks it",
    "Then": "made by Given.when",
    "Then.then_raises": "asserts: an AssertionError is its answer",
    "Then.then_rejected": "asserts: an AssertionError is its answer",
    "SnapshotCache.belong_to": "called by Repository, with itself",
    "Retention.load": "takes what a checkpoint holds, as that of Survey",
    "Survey.load": "takes what a checkpoint holds, and the checkpoint says what is wrong with it",
    "Node.know": "called by EmbeddedCassandra, with its own nodes",
    "TableSpec.statements": "reads files of this package",
    "TableSpec.text": "reads files of this package",
}
"""Public callables that are not tried, and why."""


ENDLESS: Final = {("Reducer.reduce", "payloads")}
"""Parameters that may never end: what is reduced is the caller's own, as for `functools.reduce`."""


@dataclass(frozen=True)
class Target:
    """
    A public callable.

    Attributes:
        name: Its name, after its class if it is a method; ``Class.name=`` is a property's setter.
        thing: The class, or the function.
        method: The name of the method; None for a function or a class itself.
    """

    name: str
    thing: Any
    method: str | None = None

    @property
    def _described(self) -> Any:
        if self.method is None:
            return self.thing
        found = inspect.getattr_static(self.thing, self.method.rstrip("="))
        if isinstance(found, property):
            return found.fset
        return getattr(found, "__func__", found)

    @functools.cached_property
    def parameters(self) -> dict[str, inspect.Parameter]:
        """The parameters, by name, without the object of a method."""
        found = dict(inspect.signature(self._described).parameters)
        if self.method is not None:
            static = inspect.getattr_static(self.thing, self.method.rstrip("="))
            if not isinstance(static, staticmethod):
                found.pop(next(iter(found)))
        return found

    @functools.cached_property
    def hints(self) -> dict[str, Any]:
        """The type hints of the parameters."""
        return hints_of(self._described)

    def bound(self, world: World) -> Callable[..., Any]:
        """Return what is to be called, on an object of its own."""
        if self.method is None:
            return self.thing  # type: ignore[no-any-return]
        static = inspect.getattr_static(self.thing, self.method.rstrip("="))
        if isinstance(static, classmethod | staticmethod):
            return getattr(self.thing, self.method)  # type: ignore[no-any-return]
        made = OBJECTS.get(self.thing.__name__)
        target = made(world) if made else make(self.thing, world)
        if self.method.endswith("="):
            return functools.partial(setattr, target, self.method[:-1])
        return getattr(target, self.method)  # type: ignore[no-any-return]

    def arguments(self, world: World) -> dict[str, Any]:
        """Return an argument for each parameter that needs one; raises LookupError."""
        given = {name: made(world) for name, made in GIVEN.get(self.name, {}).items()}
        for name, parameter in self.parameters.items():
            needed = parameter.default is inspect.Parameter.empty
            if (
                name not in given
                and needed
                and parameter.kind
                not in {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD}
            ):
                given[name] = make(self.hints.get(name, Any), world)
        return given

    def call(self, world: World, changed: Mapping[str, Any]) -> Any:
        """Call it with valid arguments, but for those that are changed."""
        given = {**self.arguments(world), **changed}
        positional, named = [], {}
        for name, parameter in self.parameters.items():
            if name not in given:
                continue
            if parameter.kind in {
                inspect.Parameter.POSITIONAL_ONLY,
                inspect.Parameter.VAR_POSITIONAL,
            }:
                positional.append(given[name])
            elif parameter.kind is inspect.Parameter.VAR_KEYWORD:
                named["unknown"] = given[name]
            elif self.method and self.method.endswith("="):
                positional.append(given[name])
            else:
                named[name] = given[name]
        return self.bound(world)(*positional, **named)

    def __str__(self) -> str:
        return self.name


def make(hint: Any, world: World) -> Any:
    """Return a value that fits a hint; raises LookupError if none is known."""
    return valid(hint, functools.partial(_maker, world=world))


def _maker(hint: Any, *, world: World) -> Callable[[], Any] | None:
    if hint in MAKERS:
        return functools.partial(MAKERS[hint], world)
    if not inspect.isclass(hint) or hint not in set(public().values()):
        return None
    if issubclass(hint, enum.Enum):
        return functools.partial(next, iter(hint))
    if getattr(hint, "_is_protocol", False):
        return lambda: world.memory
    return functools.partial(_target(hint).call, world, {}) if is_called(hint) else None  # type: ignore[arg-type]


@functools.cache
def _target(cls: type) -> "Target":
    return Target(cls.__name__, cls)


def is_value(thing: Any) -> bool:
    """Return whether a class is a dataclass that looks at nothing."""
    return (
        inspect.isclass(thing)
        and dataclasses.is_dataclass(thing)
        and not hasattr(thing, "__post_init__")
        and thing.__init__.__code__.co_filename == "<string>"  # made by dataclasses
    )


def is_called(thing: Any) -> bool:
    """Return whether users call a public thing: not an error, an enum, a protocol or an alias."""
    if inspect.isclass(thing):
        return not (
            issubclass(thing, BaseException | enum.Enum)
            or getattr(thing, "_is_protocol", False)
            or thing.__module__.startswith("event_store_async.testing.contract")
        )
    return inspect.isfunction(thing)


@functools.cache
def public() -> dict[str, Any]:
    """Return everything that is exported, by name."""
    found: dict[str, Any] = {}
    for name in [*PUBLIC, *PUBLIC_MODULES]:
        module = importlib.import_module(name)
        for each in module.__all__:
            thing = getattr(module, each)
            assert found.setdefault(each, thing) is thing, f"two things are named {each}"
    return found


@functools.cache
def targets() -> list[Target]:
    """
    Return every public callable, once, but for classes of values that look at nothing.

    Such a value holds what it is given. What takes one as an argument checks it, which
    `nested` tries.
    """
    found = []
    for name, thing in public().items():
        if not is_called(thing):
            continue
        if name not in MADE_BY_THE_LIBRARY and not is_value(thing):
            found.append(Target(name, thing))
        if inspect.isclass(thing):
            found += _methods(name, thing)
    return found


def _methods(name: str, cls: type) -> Iterator[Target]:
    for key in dir(cls):
        own = any(
            key in vars(base) and "event_store_async" in base.__module__ for base in cls.__mro__
        )
        if not own or (key.startswith("_") and key != "__call__"):
            continue
        found = inspect.getattr_static(cls, key)
        if isinstance(found, property):
            if found.fset is not None:
                yield Target(f"{name}.{key}=", cls, f"{key}=")
        elif callable(getattr(found, "__func__", found)) and not inspect.isclass(found):
            yield Target(f"{name}.{key}", cls, key)


def nested(hint: Any, world: World) -> Iterator[tuple[type, str, Callable[[Any], Any]]]:
    """
    Give the values that look at nothing, and that a parameter takes, with each of their fields.

    Args:
        hint: The hint of the parameter.
        world: What valid values belong to.

    Returns:
        The class, the field, and what makes the argument with another value in that field.
    """
    many = any(kind in classes_of(hint) for kind in ABSTRACT)
    for cls in classes_of(hint):
        if (
            not is_value(cls)
            or cls not in set(public().values())
            or issubclass(cls, Record | HandlingBegun)
        ):
            continue  # what hooks are told is made by the library
        sound = make(cls, world)
        for item in dataclasses.fields(cls):  # type: ignore[arg-type]

            def changed(junk: Any, sound: Any = sound, name: str = item.name) -> Any:
                value = dataclasses.replace(sound, **{name: junk})
                return [value] if many else value

            yield cls, item.name, changed
