"""The health of a store on a table with a feed: it says when nobody sequences, and why."""

import asyncio
from collections.abc import AsyncGenerator
from uuid import uuid4

import anyio
import pytest_asyncio

from event_store_async import EventStore, FeedInconsistent, Health, Settings
from event_store_async.cassandra.feed.vigil import SILENT

from ..fixtures.faulty import FaultySession
from ..fixtures.server import Server
from ..fixtures.stores import run_cql
from ..maintenance.stores import new_store

PATIENCE = 60.0
SILENTLY = Settings(sequences=False)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def enabled(server: Server) -> AsyncGenerator[tuple[EventStore, str], None]:
    """Give a store on a table with a feed that it does not sequence, and its keyspace."""
    async with new_store(server, feed=True, settings=SILENTLY) as made:
        yield made


async def healthy(store: EventStore) -> Health:
    """Return the health once the sequencer's beat was seen to change."""
    with anyio.fail_after(PATIENCE):
        while not (health := await store.health(timeout=10.0)).sequenced:
            await anyio.sleep(0.1)
    return health


class Clock:
    """The monotonic clock of a store, which is set."""

    def __init__(self, store: EventStore) -> None:
        self.now = 1000.0
        store._engine.feed.runner._now = lambda: self.now


async def test_a_store_that_sequences_says_so(
    server: Server, enabled: tuple[EventStore, str]
) -> None:
    async with server.connect(enabled[1]) as store:
        await store.persist_events(uuid4(), ["a"])
        health = await healthy(store)

    assert health.is_ready
    assert (health.reasons, health.warnings) == ((), ())


async def test_another_process_sequences(server: Server, enabled: tuple[EventStore, str]) -> None:
    """It is seen by its beat alone."""
    async with server.connect(enabled[1]) as other:
        await other.persist_events(uuid4(), ["a"])
        async with server.connect(enabled[1], settings=SILENTLY) as store:
            assert (await store.health(timeout=10.0)).sequenced is None, "seen once only"
            assert (await healthy(store)).warnings == ()


async def test_nobody_sequences(server: Server, enabled: tuple[EventStore, str]) -> None:
    """That is known once the beat has stood still, by the store's own clock."""
    async with server.connect(enabled[1], settings=SILENTLY) as store:
        clock = Clock(store)
        first = await store.health(timeout=10.0)
        clock.now += SILENT
        second = await store.health(timeout=10.0)
        clock.now += 1.0
        third = await store.health(timeout=10.0)

    assert [(each.sequenced, each.warnings) for each in (first, second)] == [(None, ())] * 2
    assert third.sequenced is False
    (warning,) = third.warnings
    assert warning.startswith("nobody sequences the feed")
    assert "11 s" in warning
    assert third.is_ready, "appends and reads go on"
    assert third.reasons == ()


async def test_the_stores_own_sequencer_has_died(
    server: Server, enabled: tuple[EventStore, str]
) -> None:
    async with server.connect(enabled[1]) as store:
        await store.persist_events(uuid4(), ["a"])
        await healthy(store)
        task = store._engine.feed.runner._task
        assert task is not None
        task.cancel()
        await asyncio.wait([task])

        health = await store.health(timeout=10.0)

    assert any("own sequencer has ended" in warning for warning in health.warnings)
    assert health.is_ready


async def test_a_store_that_is_closed_has_no_dead_sequencer(
    server: Server, enabled: tuple[EventStore, str]
) -> None:
    async with server.connect(enabled[1]) as store:
        await store.persist_events(uuid4(), ["a"])
        await healthy(store)

    assert await store.health() == Health.closed()


async def test_the_stores_own_sequencer_fails(server: Server) -> None:
    """The table of progress is ahead of the log, as after a restore: nothing can be published."""
    async with new_store(server, feed=True) as (store, keyspace):
        stream_id = uuid4()
        log_id = (await store.feed().head()).feed_id
        await run_cql(
            store,
            f"INSERT INTO {keyspace}.events_feed_progress (log_id, stream_id, version, entry) "
            f"VALUES ({log_id}, {stream_id}, 7, 99)",
        )
        await store.persist_events(stream_id, ["a"])
        runner = store._engine.feed.runner
        with anyio.fail_after(PATIENCE):
            while not isinstance(runner.error, FeedInconsistent):
                await anyio.sleep(0.05)

        health = await store.health(timeout=10.0)

    assert any("own sequencer fails: FeedInconsistent" in each for each in health.warnings)


async def test_a_failure_that_is_over_is_forgotten(
    server: Server, enabled: tuple[EventStore, str]
) -> None:
    async with server.connect(enabled[1]) as store:
        runner = store._engine.feed.runner
        runner.error = ZeroDivisionError("once")
        await store.persist_events(uuid4(), ["a"])
        with anyio.fail_after(PATIENCE):
            while runner.error is not None:
                await anyio.sleep(0.05)

        assert (await healthy(store)).warnings == ()


async def test_without_a_feed_health_is_one_read(
    faulty_store: EventStore, faulty: FaultySession
) -> None:
    before = faulty.read

    health = await faulty_store.health(timeout=10.0)

    assert faulty.read - before == 1
    assert (health.is_ready, health.sequenced, health.warnings) == (True, None, ())
