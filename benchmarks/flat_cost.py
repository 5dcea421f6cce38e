"""The cost of an append to a long stream, or after deleted rows, relative to a short stream."""

import asyncio
import re
import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID, uuid4

import acsylla

from event_store_async import EventStore

from .bench import OURS, Bench
from .peers import REPLICATION
from .results import Key

VERSIONS: Final = (1, 1_000, 100_000)
DELETED: Final = 60_000
FRESH: Final = "a stream that is not stored yet"
BEHIND_DELETED: Final = f"behind {DELETED:,} deleted rows"
STATIC_ALONE: Final = "the same, with the static condition alone"
_KEYSPACE: Final = "bench_flat_cost"
_PAYLOAD: Final = {"type": "measured", "filler": "x" * 150}
_UNCOUNTED: Final = 10
_SLOW: Final = 20  # every 20th turn includes the case that takes a hundred times as long

# The activities that a trace shows for files that are read, and not for files that are skipped.
_LOOKED_INTO: Final = re.compile(r"^(Key cache hit|Partition index .* found) for sstable|^Hit in ")


@dataclass(slots=True)
class _Stream:
    """A stream, and the function that appends one event to it at a given version."""

    stream_id: UUID
    version: int
    append: Callable[[UUID, int], Awaitable[None]]

    async def timed(self) -> float:
        """Append an event; return the seconds it took."""
        begin = time.perf_counter()
        await self.append(self.stream_id, self.version)
        seconds = time.perf_counter() - begin
        self.version += 1
        return seconds


def at_version(version: int) -> str:
    """Return the name of the case that appends at a version."""
    return f"at version {version:,}"


async def flat_cost(bench: Bench) -> None:
    """
    Append in turns to streams of all lengths, after all of them have been flushed to disk.

    A stream that was just filled is still in memory while its server is busy flushing it; a new
    stream is in no file, so nothing is looked up on disk. Neither shows what an append costs at a
    version. So the short streams are as old as the long ones, all are flushed, and measuring starts
    when nothing is being flushed or compacted any more.
    """
    cluster = acsylla.create_cluster(
        [bench.contact],
        port=bench.port,
        load_balance_dc_aware="datacenter1",
        log_level="critical",
    )
    session = await cluster.create_session()
    try:
        async with EventStore.connect(
            bench.contact, port=bench.port, keyspace=_KEYSPACE, local_datacenter="datacenter1"
        ) as store:
            await store.create_schema(REPLICATION)
            await _warm(store)
            cases = {at_version(it): await _filled(bench, store, it) for it in VERSIONS}
            cases[BEHIND_DELETED] = await _deleted(bench, session, _appender(store))
            cases[STATIC_ALONE] = await _deleted(bench, session, _static_appender(session))
            await _flush(bench, session)
            rounds = bench.rounds(bench.size.rounds)
            for number in range(rounds):
                bench.say("flat cost: appending", 0.5 + number / rounds / 2)
                cases[FRESH] = _Stream(uuid4(), 0, _appender(store))
                await _round(bench, cases)
                for name, stream in cases.items():
                    bench.results.series[Key("flat_cost", OURS, name, 0)][-1][
                        "files"
                    ] = await _files_asked(session, stream)
    finally:
        await session.close()
        cluster.destroy()


async def _round(bench: Bench, cases: dict[str, _Stream]) -> None:
    times: dict[str, list[float]] = {name: [] for name in cases}
    names = [name for name in cases if name != STATIC_ALONE]
    for turn in range(_UNCOUNTED + (100 if bench.size.quick else 300)):
        shift = turn % len(names)  # a case may gain or lose by the one before it
        for name in [*names[shift:], *names[:shift]]:
            times[name].append(await cases[name].timed())
        if not turn % _SLOW:
            times[STATIC_ALONE].append(await cases[STATIC_ALONE].timed())
    for name, values in times.items():
        counted = values if name == STATIC_ALONE else values[_UNCOUNTED:]
        median = round(statistics.median(counted) * 1000, 3)
        bench.results.add(Key("flat_cost", OURS, name, 0), {"p50_ms": median})


def _appender(store: EventStore) -> Callable[[UUID, int], Awaitable[None]]:
    async def append(stream_id: UUID, version: int) -> None:
        await store.persist_events(stream_id, [_PAYLOAD], version)

    return append


async def _warm(store: EventStore) -> None:
    stream = _Stream(uuid4(), 0, _appender(store))
    for _ in range(500):
        await stream.timed()


async def _filled(bench: Bench, store: EventStore, version: int) -> _Stream:
    stream_id = uuid4()
    for start in range(0, version, 1000):
        bench.say(f"flat cost: filling a stream to version {version:,}", start / version / 4)
        await store.persist_events(stream_id, [_PAYLOAD] * min(1000, version - start), start)
    return _Stream(stream_id, version, _appender(store))


async def _deleted(
    bench: Bench, session: acsylla.Session, append: Callable[[UUID, int], Awaitable[None]]
) -> _Stream:
    """Make a stream whose rows were all deleted, one by one, without the library."""
    stream_id = uuid4()
    table, where = f"{_KEYSPACE}.events", f"stream_id = {stream_id}"
    await _run(session, f"UPDATE {table} SET max_version = {DELETED} WHERE {where}")
    for start in range(1, DELETED, 5000):
        bench.say("flat cost: deleting rows", 0.25 + start / DELETED / 8)
        deletes = " ".join(
            f"DELETE FROM {table} WHERE {where} AND version = {version};"
            for version in range(start, start + 5000)
        )
        await _run(session, f"BEGIN UNLOGGED BATCH {deletes} APPLY BATCH")
    return _Stream(stream_id, DELETED, append)


def _static_appender(session: acsylla.Session) -> Callable[[UUID, int], Awaitable[None]]:
    """Return a function that appends with the static condition alone, like the original store."""
    table = f"{_KEYSPACE}.events"

    async def append(stream_id: UUID, version: int) -> None:
        rows = await _run(
            session,
            f"BEGIN BATCH UPDATE {table} SET max_version = {version + 1} "
            f"WHERE stream_id = {stream_id} IF max_version = {version}; "
            f"INSERT INTO {table} (stream_id, version, payload) "
            f"VALUES ({stream_id}, {version + 1}, 0x00); APPLY BATCH",
        )
        if not rows[0]["[applied]"]:
            raise RuntimeError("the append did not apply")

    return append


async def _files_asked(session: acsylla.Session, stream: _Stream) -> int:
    """Return the number of files that the server reads to check an append's conditions."""
    statement = acsylla.create_statement(
        f"SELECT max_version, event_id FROM {_KEYSPACE}.events "
        f"WHERE stream_id = {stream.stream_id} AND version = {stream.version + 1}",
        timeout=30,
    )
    statement.set_tracing(True)
    trace = (await session.execute(statement)).tracing_id
    async with asyncio.timeout(30):
        while True:  # a trace is written after the answer
            rows = await _run(
                session, f"SELECT activity FROM system_traces.events WHERE session_id = {trace}"
            )
            activities = [row["activity"] for row in rows]
            if any(it.startswith("Read ") for it in activities):
                return sum(bool(_LOOKED_INTO.match(it)) for it in activities)
            await asyncio.sleep(0.05)


async def _flush(bench: Bench, session: acsylla.Session) -> None:
    """Flush the table, and wait until nothing is being flushed or compacted any more."""
    before = _files(bench)
    table = f"{_KEYSPACE}.events"
    bench.say("flat cost: waiting for flushes and compactions", 0.5)
    await _run(session, f"ALTER TABLE {table} WITH memtable_flush_period_in_ms = 500")
    async with asyncio.timeout(120):
        while _files(bench) == before:  # noqa: ASYNC110 - the server does not notify
            await asyncio.sleep(0.1)
        await _run(session, f"ALTER TABLE {table} WITH memtable_flush_period_in_ms = 0")
        quiet = 0
        while quiet < 10:  # idle for a second, since a flush is followed by compactions
            busy = [
                row
                for row in await _run(session, "SELECT * FROM system_views.thread_pools")
                if row["name"] in {"CompactionExecutor", "MemtableFlushWriter"}
                and row["active_tasks"] + row["pending_tasks"]
            ]
            quiet = 0 if busy else quiet + 1
            await asyncio.sleep(0.1)


def _files(bench: Bench) -> set[str]:
    # The table of contents is the last file written of an SSTable.
    return {str(path) for path in bench.data.rglob(f"{_KEYSPACE}/events-*/*-TOC.txt")}


async def _run(session: acsylla.Session, text: str) -> list[dict[str, Any]]:
    result = await session.execute(acsylla.create_statement(text, timeout=30))
    return [row.as_dict() for row in result]
