"""Truncation: what reading a truncated stream costs, beside a stream that was never longer."""

import statistics
import time
from typing import Final
from uuid import UUID, uuid4

from event_store_async import EventStore

from .bench import OURS, Bench
from .peers import REPLICATION
from .results import Key

KEPT: Final = 100
GONE: Final = 100_000
PLAIN: Final = "reading a stream that was never truncated"
AGAIN: Final = "reading a truncated stream"
FIRST: Final = "reading a truncated stream, the first time in a process"

_AT_ONCE: Final = 1000
_KEYSPACE: Final = "bench_truncation"
_EVENT: Final = {"type": "measured", "filler": "x" * 150}


async def truncation(bench: Bench) -> None:
    """
    Read a stream of 100 events, and the 100 that are left of 100,100.

    A store that has not read a truncated stream asks where it begins first: that is a row of its
    own, with a new store for each read. Cases take turns.
    """
    store = await _connect(bench)
    async with store:
        await store.create_schema(REPLICATION)
        plain, truncated = uuid4(), uuid4()
        await _fill(bench, store, plain, KEPT)
        await _fill(bench, store, truncated, GONE + KEPT)
        await store.truncate_stream(truncated, before=GONE + 1)
        rounds = bench.rounds(bench.size.rounds)
        for number in range(rounds):
            bench.say("truncated streams", number / rounds)
            seconds: dict[str, list[float]] = {PLAIN: [], AGAIN: [], FIRST: []}
            for turn in range(10 if bench.size.quick else 50):
                seconds[PLAIN].append(await _read(store, plain))
                seconds[AGAIN].append(await _read(store, truncated))
                if turn % 5 == 0:
                    async with await _connect(bench) as another:
                        await _read(another, plain)  # so that its statements are prepared
                        seconds[FIRST].append(await _read(another, truncated))
            for case, taken in seconds.items():
                gone = 0 if case == PLAIN else GONE
                bench.results.add(
                    Key("truncation", OURS, case, gone),
                    {"p50_ms": round(statistics.median(taken) * 1000, 3)},
                )


async def _connect(bench: Bench) -> EventStore:
    return await EventStore.connect(
        bench.contact, port=bench.port, keyspace=_KEYSPACE, local_datacenter="datacenter1"
    )


async def _fill(bench: Bench, store: EventStore, stream: UUID, events: int) -> None:
    for start in range(0, events, _AT_ONCE):
        bench.say(f"truncated streams: filling one with {events:,} events", start / events)
        await store.persist_events(stream, [_EVENT] * min(_AT_ONCE, events - start), start)


async def _read(store: EventStore, stream: UUID) -> float:
    begin = time.perf_counter()
    count = len([event async for event in store.read_events(stream)])
    taken = time.perf_counter() - begin
    if count != KEPT:
        raise AssertionError(f"{count} events were read, not {KEPT}")
    return taken
