"""Stored snapshots: what they save a load, and what saving them costs an append."""

import statistics
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Final
from uuid import UUID, uuid4

from event_store_async import EventStore
from event_store_async.aggregates import (
    Command,
    CommandHandler,
    Reducer,
    Repository,
    Snapshot,
    SnapshotCache,
)

from .bench import OURS, Bench
from .peers import REPLICATION
from .results import Key

SHORT: Final = 100
LONG: Final = 50_000
WHOLE: Final = "loading from the first event"
STORED: Final = "loading from a snapshot 50 events back"
WITHOUT: Final = "a command, without snapshots"
EVERY: Final = "a command, a snapshot every 100 events"
EACH: Final = "a command, a snapshot after each"

_BACK: Final = 50
_AT_ONCE: Final = 1000
_KEYSPACE: Final = "bench_snapshots"
_KIND: Final = "measured/1"
_EVENT: Final = {"type": "measured", "filler": "x" * 150}

State = dict[str, Any]
_REDUCER: Final = Reducer[State, Any](
    {"count": 0, "filler": "y" * 500}, lambda state, _: {**state, "count": state["count"] + 1}
)


async def snapshots(bench: Bench) -> None:
    """
    Load aggregates with and without stored snapshots, and carry out commands with and without.

    Nothing is cached in the process: each load reads its snapshot. Cases take turns.
    """
    async with _opened(bench) as store:
        loads = await _loads(bench, store)
        commands = _commands(store)
        turns = 20 if bench.size.quick else 100
        rounds = bench.rounds(bench.size.rounds)
        for number in range(rounds):
            bench.say("stored snapshots: loads", number / rounds)
            await _round(bench, loads, 5 if bench.size.quick else 20)
            bench.say("stored snapshots: commands", (number + 0.5) / rounds)
            await _round(bench, commands, turns)


@asynccontextmanager
async def _opened(bench: Bench) -> AsyncGenerator[EventStore, None]:
    async with EventStore.connect(
        bench.contact, port=bench.port, keyspace=_KEYSPACE, local_datacenter="datacenter1"
    ) as store:
        await store.create_schema(REPLICATION)
        yield store


async def _loads(bench: Bench, store: EventStore) -> dict[Key, Callable[[], Awaitable[object]]]:
    whole = Repository(store, _REDUCER)
    # It never saves one itself: each load reads as much as the first one.
    stored = Repository(store, _REDUCER, snapshots=store.snapshots, kind=_KIND, every=LONG * 2)
    found: dict[Key, Callable[[], Awaitable[object]]] = {}
    for events in (SHORT, LONG):
        stream = await _filled(bench, store, events)
        found[Key("snapshots", OURS, WHOLE, events)] = _load(whole, stream)
        found[Key("snapshots", OURS, STORED, events)] = _load(stored, stream)
    return found


async def _filled(bench: Bench, store: EventStore, events: int) -> UUID:
    """Write a stream, and a snapshot some events before its end."""
    bench.say(f"stored snapshots: filling a stream with {events:,} events", 0)
    stream = uuid4()
    for start in range(0, events, _AT_ONCE):
        count = min(_AT_ONCE, events - start)
        await store.persist_events(stream, [_EVENT] * count, start)
    at = events - _BACK
    (event,) = [each async for each in store.read_events(stream, at, 1)]
    state = {**_REDUCER.initial, "count": at}
    await store.snapshots.save(stream, _KIND, Snapshot(state, at, event.timestamp))
    return stream


def _load(repository: Repository[State, Any], stream: UUID) -> Callable[[], Awaitable[object]]:
    return lambda: repository.load(stream)


def _commands(store: EventStore) -> dict[Key, Callable[[], Awaitable[object]]]:
    # With a cache, as in an application: a command is then one append, and nothing else.
    found: dict[Key, Callable[[], Awaitable[object]]] = {}
    for case, every in ((WITHOUT, 0), (EVERY, 100), (EACH, 1)):
        options: dict[str, Any] = {"cache": SnapshotCache()}
        if every:
            options |= {"snapshots": store.snapshots, "kind": _KIND, "every": every}
        handler = CommandHandler(Repository(store, _REDUCER, **options), store)
        found[Key("snapshots", OURS, case, 0)] = _command(handler, uuid4())
    return found


def _command(handler: CommandHandler[State, Any], stream: UUID) -> Callable[[], Awaitable[object]]:
    return lambda: handler.handle(Command(stream, lambda _: [_EVENT]))


async def _round(
    bench: Bench, cases: dict[Key, Callable[[], Awaitable[object]]], turns: int
) -> None:
    seconds: dict[Key, list[float]] = {key: [] for key in cases}
    for turn in range(turns):
        order = list(cases)
        shift = turn % len(order)
        for key in [*order[shift:], *order[:shift]]:
            # Loading all of a long stream takes a thousand times as long: fewer times are enough.
            if key.case == WHOLE and key.x == LONG and turn >= 2:
                continue
            begin = time.perf_counter()
            await cases[key]()
            seconds[key].append(time.perf_counter() - begin)
    for key, taken in seconds.items():
        bench.results.add(key, {"p50_ms": round(statistics.median(taken) * 1000, 3)})
