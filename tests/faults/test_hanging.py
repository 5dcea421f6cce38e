"""A node that hangs: its connections stay open, and nothing comes back on them."""

import asyncio
from functools import partial
from uuid import uuid4

import pytest

from event_store_async import DriverMetrics, EventStore, EventStoreError, NewEvent, Settings
from event_store_async.embedded import EmbeddedCassandra
from event_store_async.hooks import AppendEnded, Record

from .outages import paused

LIMIT = 40.0
"""Seconds after which the driver counts as not having noticed."""


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_a_node_that_hangs_is_left_out_until_it_answers_again() -> None:
    streams = [uuid4() for _ in range(100)]
    async with (
        EmbeddedCassandra(3, heap="512M") as cassandra,
        EventStore.connect(
            cassandra.contact_points, port=cassandra.port, keyspace="hanging"
        ) as store,
    ):
        await store.create_schema({cassandra.local_datacenter: 3})
        for stream_id in streams:
            await store.persist_events(stream_id, [NewEvent(1)])

        async with paused(cassandra.nodes[-1]):
            await _connected(store, 2)
            before = _driver(store).request_timeouts
            for stream_id in streams:
                await store.persist_events(stream_id, [NewEvent(2)])
            # A third of them would have been sent to it first. On a busy machine, a living node may
            # exceed a time limit, too.
            assert _driver(store).request_timeouts - before < len(streams) / 5

        await _connected(store, 3)
        for stream_id in streams:
            await store.persist_events(stream_id, [NewEvent(3)])
            assert await store.current_version(stream_id) == 3


async def _connected(store: EventStore, nodes: int) -> None:
    """Use the store until its driver has connections to so many nodes."""
    async with asyncio.timeout(LIMIT):
        while _driver(store).connections != nodes:
            try:
                await store.current_version(uuid4())
            except EventStoreError:
                continue  # it was sent to the node that hangs


def _driver(store: EventStore) -> DriverMetrics:
    metrics = store.statistics().driver
    assert metrics is not None
    return metrics


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_while_a_node_hangs_an_append_takes_few_attempts() -> None:
    ended: list[AppendEnded] = []

    def keep(record: Record) -> None:
        if isinstance(record, AppendEnded):
            ended.append(record)

    settings = Settings(timeout=LIMIT, hooks=(keep,))
    async with EmbeddedCassandra(3, heap="512M") as cassandra:
        opening = partial(EventStore.connect, cassandra.contact_points, port=cassandra.port)
        async with (
            opening(keyspace="hanging", settings=settings) as store,
            opening(keyspace="hanging") as idle,  # it has prepared nothing yet
        ):
            await store.create_schema({cassandra.local_datacenter: 3}, feed=True)
            await store.persist_events(uuid4(), [NewEvent(0)])
            ended.clear()

            async with paused(cassandra.nodes[-1]), asyncio.timeout(2 * LIMIT):
                await asyncio.gather(
                    idle.persist_events(uuid4(), [1], timeout=LIMIT),
                    *(store.persist_events(uuid4(), [1]) for _ in range(30)),
                    *(store.persist_events(uuid4(), [NewEvent(1)]) for _ in range(30)),
                )

    # One at the node that hangs; one that happens to go there again; one elsewhere; and one to
    # spare for a machine that is busy.
    assert {record.outcome for record in ended} == {"stored"}
    assert max(len(record.attempts) for record in ended) <= 4
