"""What an append costs at the end of a long stream, and behind deleted rows, beside a fresh one."""

import asyncio
import os
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from uuid import UUID, uuid4

import acsylla

from event_store_async import EventStore
from event_store_async.embedded import EmbeddedCassandra

EVENTS = 100_000
DELETED = 60_000
ROUNDS = 5
APPENDS = 100
PAYLOAD = {"type": "measured", "filler": "x" * 150}

Append = Callable[[], Awaitable[None]]


def appender(store: EventStore, stream_id: UUID, version: int) -> Append:
    """Return what appends one event at the version that the stream is at."""
    state = version

    async def append() -> None:
        nonlocal state
        state = (await store.persist_events(stream_id, [PAYLOAD], state)).version

    return append


async def long_stream(store: EventStore) -> Append:
    """Make a stream of many events."""
    stream_id = uuid4()
    for start in range(0, EVENTS, 1000):
        await store.persist_events(stream_id, [PAYLOAD] * 1000, start)
        progress(f"filling: {start + 1000:,} of {EVENTS:,} events")
    return appender(store, stream_id, EVENTS)


async def deleted_stream(session: acsylla.Session, table: str) -> UUID:
    """Make a stream whose rows were all deleted, one by one, past the library."""
    stream_id = uuid4()

    async def run(text: str) -> None:
        await session.execute(acsylla.create_statement(text, timeout=30))

    where = f"stream_id = {stream_id}"
    await run(f"UPDATE {table} SET max_version = {DELETED} WHERE {where}")
    for start in range(1, DELETED, 5000):
        deletes = " ".join(
            f"DELETE FROM {table} WHERE {where} AND version = {version};"
            for version in range(start, start + 5000)
        )
        await run(f"BEGIN UNLOGGED BATCH {deletes} APPLY BATCH")
        progress(f"deleting: {start + 4999:,} of {DELETED:,} rows")
    return stream_id


def static_appender(session: acsylla.Session, table: str, stream_id: UUID) -> Append:
    """Return what appends with the static condition alone, as the original does."""
    version = DELETED

    async def append() -> None:
        nonlocal version
        text = (
            f"BEGIN BATCH UPDATE {table} SET max_version = {version + 1} "
            f"WHERE stream_id = {stream_id} IF max_version = {version}; "
            f"INSERT INTO {table} (stream_id, version, payload) "
            f"VALUES ({stream_id}, {version + 1}, 0x00); APPLY BATCH"
        )
        result = await session.execute(acsylla.create_statement(text, timeout=30))
        if not result.first()["[applied]"]:
            raise RuntimeError("the append did not apply")
        version += 1

    return append


async def measure(store: EventStore, session: acsylla.Session, table: str) -> None:
    """Append in turns, and print medians and ratios."""
    cases: dict[str, Append] = {
        f"behind {EVENTS:,} events": await long_stream(store),
        f"behind {DELETED:,} deleted rows": appender(
            store, await deleted_stream(session, table), DELETED
        ),
        "the same, static condition alone": static_appender(
            session, table, await deleted_stream(session, table)
        ),
    }
    progress("")
    medians: dict[str, list[float]] = {"a fresh stream": [], **{name: [] for name in cases}}
    for round_ in range(ROUNDS):
        fresh = {"a fresh stream": appender(store, uuid4(), 0)}
        times: dict[str, list[float]] = {name: [] for name in medians}
        for _ in range(APPENDS):
            for name, append in (fresh | cases).items():
                begin = time.perf_counter()
                await append()
                times[name].append((time.perf_counter() - begin) * 1000)
        for name, values in times.items():
            medians[name].append(statistics.median(values))
        progress(f"measuring: round {round_ + 1} of {ROUNDS}")
    progress("")
    print(f"{'append of one event to':<34} {'p50':>9}   ratio (least to most of {ROUNDS} rounds)")
    base = medians["a fresh stream"]
    for name, values in medians.items():
        ratios = [value / fresh for value, fresh in zip(values, base, strict=True)]
        print(
            f"{name:<34} {statistics.median(values):>6.2f} ms   {statistics.median(ratios):.2f} "
            f"({min(ratios):.2f} to {max(ratios):.2f})"
        )


def progress(text: str) -> None:
    """Show what is being done, where somebody watches."""
    if sys.stderr.isatty():
        print(f"\r{text:<60}", end="" if text else "\r", file=sys.stderr, flush=True)


async def run(contact_points: list[str], port: int, datacenter: str) -> None:
    """Measure on a cluster."""
    keyspace = f"bench_{uuid4().hex[:8]}"
    cluster = acsylla.create_cluster(
        contact_points, port=port, load_balance_dc_aware=datacenter, log_level="critical"
    )
    session = await cluster.create_session()
    async with EventStore.connect(contact_points, port=port, keyspace=keyspace) as store:
        await store.create_schema({datacenter: 1})
        await measure(store, session, f"{keyspace}.events")
        await session.execute(acsylla.create_statement(f"DROP KEYSPACE {keyspace}", timeout=30))
    await session.close()
    cluster.destroy()


async def main() -> None:
    """Measure on the cluster that the environment names, or on a node of our own."""
    if given := os.environ.get("EVENT_STORE_CONTACT_POINTS"):
        port = int(os.environ.get("EVENT_STORE_PORT", "9042"))
        await run(given.split(","), port, os.environ.get("EVENT_STORE_DATACENTER", "datacenter1"))
        return
    async with EmbeddedCassandra() as cassandra:
        await run(cassandra.contact_points, cassandra.port, cassandra.local_datacenter)


if __name__ == "__main__":
    asyncio.run(main())
