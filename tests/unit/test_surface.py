"""Arguments of the wrong kind are refused at once, whatever they are, by everything public."""

import asyncio
import contextlib
import inspect
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from event_store_async import (
    Backoff,
    EventStore,
    EventStoreError,
    InvalidArgument,
    JsonCodec,
    MemoryEventStore,
    Settings,
    Tls,
)
from event_store_async.aggregates import (
    Command,
    CommandHandler,
    Known,
    Reducer,
    Repository,
    RetryPolicy,
    Snapshot,
    SnapshotCache,
    StoredSnapshot,
)
from event_store_async.archive import export_events, import_events
from event_store_async.correlation import caused_by, correlated
from event_store_async.embedded import EmbeddedCassandra, VersionNotLocked
from event_store_async.maintenance import survey_streams, verify_streams
from event_store_async.testing import HostileEventStore
from event_store_async.typed import EventType, EventTypes, TypedEventStore, typed_snapshots


class Opened:
    """A class that cannot be a type of event."""


@dataclass
class Deposited:
    amount: int


class Hostile:
    """A value whose repr fails."""

    def __repr__(self) -> str:
        raise RuntimeError("no repr")


JUNK: list[Any] = [
    None, True, -1, 0, 1.5, float("nan"), float("inf"), 2**70, "", "x\x1b[31m", b"bytes", [], [1],
    {}, {"a": 1}, object(), Hostile(), Opened, JsonCodec, JsonCodec(), uuid4(), lambda: None,
    ("a", 1), set(), Settings(), Ellipsis,
]  # fmt: skip


class Unreachable:
    """A driver's session that nothing may be sent to."""

    async def execute(self, statement: Any) -> Any:
        raise AssertionError(f"it was sent: {statement}")

    async def execute_batch(self, batch: Any) -> Any:
        raise AssertionError(f"it was sent: {batch}")

    async def create_prepared(self, statement: str) -> Any:
        raise AssertionError(f"it was sent: {statement}")

    async def close(self) -> None:
        return None


def entered(manager: Callable[..., Any], **given: Any) -> None:
    with manager(**given):
        pass


STREAM = UUID(int=7)
REDUCER: Reducer[int, Any] = Reducer(0, lambda balance, _: balance)
MADE: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    "connect": (EventStore.connect, {"contact_points": "h", "keyspace": "bank"}),
    "EventStore": (EventStore, {"session": Unreachable(), "keyspace": "bank"}),
    "MemoryEventStore": (MemoryEventStore, {}),
    "reopened": (MemoryEventStore().reopened, {}),
    "Settings": (Settings, {}),
    "Backoff": (Backoff, {}),
    "RetryPolicy": (RetryPolicy, {}),
    "Tls": (Tls, {"ca": "ca.pem"}),
    "SnapshotCache": (SnapshotCache, {}),
    "SnapshotCache.get": (SnapshotCache().get, {"aggregate_id": STREAM}),
    "SnapshotCache.put": (
        SnapshotCache().put,
        {"aggregate_id": STREAM, "known": Known(Snapshot(0, 1, None))},
    ),
    "Reducer": (Reducer, {"initial": 0, "handle": max}),
    "Command": (Command, {"aggregate_id": STREAM, "to_events": list}),
    "Repository": (Repository, {"reader": MemoryEventStore(), "reducer": REDUCER}),
    "CommandHandler": (
        CommandHandler,
        {"repository": Repository(MemoryEventStore(), REDUCER), "writer": MemoryEventStore()},
    ),
    "EventTypes": (lambda **given: EventTypes(*given.values()), {"type_": None}),
    "TypedEventStore": (
        TypedEventStore,
        {"store": MemoryEventStore(), "types": EventTypes(EventType(Deposited, "deposited"))},
    ),
    "Repository with snapshots": (
        Repository,
        {
            "reader": MemoryEventStore(),
            "reducer": REDUCER,
            "snapshots": MemoryEventStore().snapshots,
            "kind": "account/1",
            "every": 10,
        },
    ),
    "typed_snapshots": (
        typed_snapshots,
        {
            "snapshots": MemoryEventStore().snapshots,
            "types": EventTypes(EventType(Deposited, "deposited")),
        },
    ),
    "HostileEventStore": (HostileEventStore, {"store": MemoryEventStore(), "seed": 1}),
    "correlated": (partial(entered, correlated), {"correlation_id": "c", "causation_id": None}),
    "caused_by": (partial(entered, caused_by), {"event": None}),
}
"""What is called at once: the callable, and arguments that it takes."""


def parameters(call: Callable[..., Any], given: dict[str, Any]) -> list[str]:
    named = [
        name
        for name, parameter in inspect.signature(call).parameters.items()
        if parameter.kind is not inspect.Parameter.VAR_KEYWORD and name != "manager"
    ]
    return named or list(given)


CASES = [(name, each) for name, (call, given) in MADE.items() for each in parameters(call, given)]


@pytest.mark.parametrize(("name", "parameter"), CASES)
async def test_junk_is_refused_or_right_when_something_is_made(name: str, parameter: str) -> None:
    call, given = MADE[name]
    for junk in JUNK:
        try:
            call(**{**given, parameter: junk})
        except InvalidArgument as error:
            assert "\x1b" not in str(error)


@pytest.mark.parametrize("parameter", list(inspect.signature(EmbeddedCassandra).parameters))
def test_only_value_errors_come_from_the_embedded_cassandra(parameter: str) -> None:
    for junk in JUNK:
        if not isinstance(junk, Hostile):
            with contextlib.suppress(ValueError, VersionNotLocked):
                EmbeddedCassandra(**{parameter: junk})


@pytest.mark.parametrize("parameter", ["nodes", "settings", "jvm_options", "port", "start_timeout"])
def test_junk_is_refused_by_the_embedded_cassandra(parameter: str) -> None:
    arguments: Any = EmbeddedCassandra
    for junk in ("x", object(), True):
        with pytest.raises(ValueError, match=r"must be"):
            arguments(**{parameter: junk})


METHODS: dict[str, dict[str, Any]] = {
    "persist_events": {"stream_id": STREAM, "events": ["a"]},
    "try_persist_events": {"stream_id": STREAM, "events": ["a"]},
    "read_events": {"stream_id": STREAM},
    "current_version": {"stream_id": STREAM},
    "streams": {},
    "follow": {"stream_id": STREAM},
    "health": {},
    "category": {"name": "account"},
}
STORAGE: dict[str, dict[str, Any]] = {
    "restore": {"events": []},
    "scan_streams": {},
    "next_version": {"stream_id": STREAM, "from_version": 1},
    "read_stored": {"stream_id": STREAM},
    "tail": {"stream_id": STREAM},
    "decode": {"event": None},
    "categorise": {"stream_id": STREAM, "category": "account"},
    "scan_snapshots": {},
    "drop_snapshots": {"stream_id": STREAM, "kind": "account/1"},
}
SNAPSHOT: Snapshot[Any] = Snapshot({}, 1, datetime(2026, 1, 1, tzinfo=UTC))
SNAPSHOTS: dict[str, dict[str, Any]] = {
    "load": {"stream_id": STREAM, "kind": "account/1"},
    "save": {"stream_id": STREAM, "kind": "account/1", "snapshot": SNAPSHOT},
    "save_soon": {"stream_id": STREAM, "kind": "account/1", "snapshot": SNAPSHOT},
    "reject": {
        "stream_id": STREAM,
        "kind": "account/1",
        "snapshot": StoredSnapshot({}, 1, SNAPSHOT.timestamp),
        "reason": "wrong",
    },
    "forget": {"stream_id": STREAM},
    "converted": {"conversion": None},
}


async def refused_or_accepted(call: Callable[..., Any], given: dict[str, Any]) -> None:
    """Call with each kind of junk for each argument: nothing but the library's errors comes."""
    for parameter in inspect.signature(call).parameters:
        for junk in JUNK:
            try:
                result = call(**{**given, parameter: junk})
                if isinstance(result, AsyncGenerator):
                    await result.aclose()
                elif inspect.isawaitable(result):
                    await result
            except EventStoreError as error:
                assert "\x1b" not in str(error)
            except AssertionError as sent:  # it is right, so it was sent
                assert "it was sent" in str(sent), (parameter, type(junk))


@pytest.mark.parametrize("method", METHODS)
async def test_junk_is_refused_by_the_store_in_memory(method: str) -> None:
    await refused_or_accepted(getattr(MemoryEventStore(), method), METHODS[method])


@pytest.mark.parametrize("method", METHODS)
async def test_junk_is_refused_before_anything_is_sent(method: str) -> None:
    session: Any = Unreachable()
    store = EventStore(session, keyspace="bank", settings=Settings(timeout=0.2))

    await refused_or_accepted(getattr(store, method), METHODS[method])


@pytest.mark.parametrize("method", STORAGE)
async def test_junk_is_refused_by_the_storage(method: str) -> None:
    session: Any = Unreachable()
    store = EventStore(session, keyspace="bank", settings=Settings(timeout=0.2))

    await refused_or_accepted(getattr(store.storage, method), STORAGE[method])


@pytest.mark.parametrize("method", SNAPSHOTS)
async def test_junk_is_refused_by_stored_snapshots(method: str) -> None:
    session: Any = Unreachable()
    memory = MemoryEventStore()
    cassandra = EventStore(session, keyspace="bank", settings=Settings(timeout=0.2))
    for store in (memory, cassandra, HostileEventStore(memory, seed=1)):
        await refused_or_accepted(getattr(store.snapshots, method), SNAPSHOTS[method])
    await memory.close()


def test_a_class_in_place_of_an_instance_has_a_hint() -> None:
    codec: Any = JsonCodec
    with pytest.raises(InvalidArgument, match="JsonCodec") as caught:
        MemoryEventStore(codec=codec)

    assert caught.value.hint == "give an instance: JsonCodec(…)"


def test_a_cache_belongs_to_one_repository() -> None:
    cache = SnapshotCache()
    one = Repository(MemoryEventStore(), REDUCER, cache=cache)

    with pytest.raises(InvalidArgument, match="one repository"):
        Repository(MemoryEventStore(), REDUCER, cache=cache)
    assert one is not None


def test_a_request_cannot_take_longer_than_its_call() -> None:
    with pytest.raises(InvalidArgument, match="request_timeout"):
        Settings(timeout=1, request_timeout=3)

    assert Settings(timeout=1).request_timeout == 1
    assert Settings().request_timeout == 3


async def test_a_generator_with_ids_can_be_closed_in_another_context() -> None:
    async def messages() -> AsyncGenerator[int, None]:
        with correlated("c"):
            yield 1  # noqa: ASYNC119
            yield 2  # noqa: ASYNC119

    left = messages()
    await asyncio.create_task(anext(left))

    await left.aclose()


async def test_ids_last_as_long_as_the_generator_that_set_them() -> None:
    store, stream = MemoryEventStore(), uuid4()

    async def messages() -> AsyncGenerator[int, None]:
        with correlated("c"):
            yield 1  # noqa: ASYNC119
            yield 2  # noqa: ASYNC119

    async with contextlib.aclosing(messages()) as left:
        await anext(left)
        inside = await store.persist_events(stream, ["a"])
    after = await store.persist_events(stream, ["b"])

    assert inside.events[0].metadata == {"correlation_id": "c"}
    assert after.events[0].metadata is None


async def test_ids_that_a_thread_sets_do_not_reach_its_starter() -> None:
    store = MemoryEventStore()
    # As FastAPI runs a synchronous dependency: each half in a thread, in a copy of the context.
    block = correlated("c")
    await asyncio.to_thread(block.__enter__)
    lost = await store.persist_events(uuid4(), ["a"])
    await asyncio.to_thread(block.__exit__, None, None, None)

    with correlated("c"):  # as an async one does
        kept = await store.persist_events(uuid4(), ["a"])

    assert lost.events[0].metadata is None
    assert kept.events[0].metadata == {"correlation_id": "c"}


RUNS: list[tuple[Callable[..., Any], list[Any]]] = [
    (survey_streams, []),
    (verify_streams, []),
    (export_events, [Path("never-written")]),
    (import_events, [Path("never-read")]),
]
"""Functions over whole stores, with what they take besides the store."""


@pytest.mark.parametrize(("run", "places"), RUNS)
async def test_runs_over_whole_stores_check_before_they_send(
    run: Callable[..., Any], places: list[Any]
) -> None:
    session: Any = Unreachable()
    names = list(inspect.signature(run).parameters)
    for parameter in names:
        store = EventStore(session, keyspace="bank", settings=Settings(timeout=0.2))
        given = dict(zip(names, [store, *places], strict=False))
        # None is right for a checkpoint and for on_stream; an object without anything never is.
        with pytest.raises(InvalidArgument, match=parameter):
            await run(**{**given, parameter: object()})
