"""Following while the server is silent, gone, paused or killed: nothing is skipped or spins."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from uuid import UUID

import pytest

from event_store_async import (
    AppendOutcomeUnknown,
    EventStore,
    EventStoreError,
    NewEvent,
    Polling,
    RecordedEvent,
    Settings,
    StoreUnavailable,
)
from event_store_async.embedded import EmbeddedCassandra
from event_store_async.hooks import ReadEnded, Record

from ..fixtures.bounds import Within
from ..history.answers import GRACE
from .conftest import SHORT_TIMEOUTS, WITHIN, OpenProxied, wait_until_ready
from .outages import killed, paused
from .proxy import Proxy

SOON = Polling(shortest=0.02, longest=0.2)
LIMIT = 200.0
"""Seconds after which a follower counts as stalled."""


async def taken(events: AsyncGenerator[RecordedEvent, None], count: int) -> list[int]:
    """Return the versions of the next events."""
    async with asyncio.timeout(LIMIT):
        return [(await anext(events)).version for _ in range(count)]


class Reads:
    """A hook that keeps how reads ended."""

    def __init__(self) -> None:
        self.ended: list[ReadEnded] = []
        self.failed = asyncio.Event()

    def __call__(self, record: Record) -> None:
        if isinstance(record, ReadEnded):
            self.ended.append(record)
            if record.outcome == "unavailable":
                self.failed.set()


@pytest.mark.parametrize("fault", ["deafen", "mute", "drop"])
async def test_a_silent_server_is_waited_out(
    store: EventStore, open_proxied: OpenProxied, proxy: Proxy, stream_id: UUID, fault: str
) -> None:
    reads = Reads()
    following = await open_proxied(
        Settings(
            timeout=WITHIN,
            request_timeout=0.4,
            backoff=SHORT_TIMEOUTS.backoff,
            hooks=(reads,),
        )
    )
    await wait_until_ready(following)
    await store.persist_events(stream_id, [1, 2])

    async with aclosing(following.follow(stream_id, polling=SOON)) as events:
        assert await taken(events, 2) == [1, 2]
        getattr(proxy, fault)()
        step = asyncio.ensure_future(taken(events, 1))
        async with asyncio.timeout(LIMIT):
            await reads.failed.wait()
        await store.persist_events(stream_id, [3, 4])
        assert not step.done()
        proxy.restore()

        assert await step == [3]
        assert await taken(events, 1) == [4]
    failed = [read for read in reads.ended if read.outcome == "unavailable"]
    assert all(read.duration >= 0.5 * WITHIN for read in failed), "each took its time"


async def test_an_outage_is_raised_within_its_limit(
    proxied_store: EventStore, proxy: Proxy, stream_id: UUID
) -> None:
    await wait_until_ready(proxied_store)
    await proxied_store.persist_events(stream_id, [1])
    polling = Polling(shortest=0.02, longest=0.2, max_outage=1.0)

    async with aclosing(proxied_store.follow(stream_id, polling=polling)) as events:
        assert await taken(events, 1) == [1]
        proxy.deafen()
        # The first failed poll, the limit, and the poll during which it passes.
        async with Within(WITHIN + 1.0 + 0.2 + WITHIN + GRACE):
            with pytest.raises(StoreUnavailable):
                await anext(events)
        proxy.restore()
        await wait_until_ready(proxied_store)
        await proxied_store.persist_events(stream_id, [2])
        assert await taken(events, 1) == [2]


async def test_a_step_can_be_cancelled_during_an_outage(
    store: EventStore, proxied_store: EventStore, proxy: Proxy, stream_id: UUID
) -> None:
    await wait_until_ready(proxied_store)
    await store.persist_events(stream_id, [1])

    async with aclosing(proxied_store.follow(stream_id, polling=SOON)) as events:
        assert await taken(events, 1) == [1]
        proxy.deafen()
        for _ in range(5):
            async with Within(0.1 + GRACE):
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.1):
                        await anext(events)
        assert proxied_store.statistics().in_flight <= 5
        proxy.restore()
        await store.persist_events(stream_id, [2])
        assert await taken(events, 1) == [2]


async def test_closing_during_an_outage_ends_a_follower(
    proxied_store: EventStore, proxy: Proxy, stream_id: UUID
) -> None:
    await wait_until_ready(proxied_store)
    async with aclosing(proxied_store.follow(stream_id, polling=SOON)) as events:
        step = asyncio.ensure_future(taken(events, 1))
        proxy.deafen()
        async with Within(WITHIN + GRACE):
            await proxied_store.close()
            with pytest.raises(EventStoreError, match="closed"):
                await step


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_a_node_that_is_paused_and_killed_is_waited_out(stream_id: UUID) -> None:
    """One node only: while it is away, so is the quorum of every stream."""
    reads = Reads()
    # Acknowledged events must outlive the kill: "periodic", the default, may lose the last ones.
    log: dict[str, object] = {"commitlog_sync": "batch", "commitlog_sync_period": "0ms"}
    async with (
        EmbeddedCassandra(1, heap="512M", settings=log) as cassandra,
        EventStore.connect(
            cassandra.contact_points,
            port=cassandra.port,
            keyspace="following",
            settings=Settings(
                timeout=5.0, request_timeout=1.0, backoff=SHORT_TIMEOUTS.backoff, hooks=(reads,)
            ),
        ) as store,
    ):
        await store.create_schema({cassandra.local_datacenter: 1})
        (node,) = cassandra.nodes
        found: list[int] = []

        async def follow(count: int) -> None:
            async with aclosing(store.follow(stream_id, polling=SOON)) as events:
                async for event in events:
                    found.append(event.version)
                    if event.version == count:
                        return

        following = asyncio.ensure_future(follow(60))
        for fault in (paused, killed):
            await _append(store, stream_id, 15)
            reads.failed.clear()
            async with fault(node), asyncio.timeout(LIMIT):
                await reads.failed.wait()
            await _append(store, stream_id, 15)
        async with asyncio.timeout(LIMIT):
            await following

    assert found == list(range(1, 61))
    failed = [read for read in reads.ended if read.outcome == "unavailable"]
    assert all(read.duration >= 1.0 for read in failed), "it did not spin"


async def _append(store: EventStore, stream_id: UUID, count: int) -> None:
    """Append events one by one, each until it is stored."""
    for number in range(count):
        event = NewEvent(number)
        async with asyncio.timeout(LIMIT):
            while True:
                try:
                    await store.persist_events(stream_id, [event])
                    break
                except (StoreUnavailable, AppendOutcomeUnknown):
                    continue  # it may be stored; its id is what settles that
