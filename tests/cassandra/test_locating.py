"""Where `Feed.locate` says that an event stands: at or after it."""

from collections.abc import AsyncGenerator
from uuid import UUID, uuid4

import pytest_asyncio

from event_store_async import EventStore, Position
from event_store_async.cassandra.feed.progress import DELAY

from ..fixtures.server import Server
from ..fixtures.stores import complete_feed
from ..maintenance.stores import new_store

PATIENCE = 60.0


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def store(server: Server) -> AsyncGenerator[EventStore, None]:
    async with new_store(server, feed=True) as (made, _):
        await complete_feed(made)
        yield made


async def test_an_old_event_is_located_at_the_latest_one_of_its_stream(store: EventStore) -> None:
    feed, busy, calm = store.feed(), uuid4(), uuid4()
    start = await feed.head()

    async def publish(stream_id: UUID, version: int) -> None:
        await store.persist_events(stream_id, [version])
        await feed.position_of(stream_id, version, timeout=PATIENCE)

    for stream_id, version in ((busy, 1), (calm, 1), (busy, 2)):
        await publish(stream_id, version)

    stands: dict[tuple[UUID, int], Position] = {
        (event.stream_id, event.version): event.position async for event in feed.read(start)
    }
    assert stands[busy, 1] < stands[calm, 1] < stands[busy, 2] == await feed.head()
    assert [await feed.locate(*place) for place in stands] == list(stands.values())

    for version in range(2, DELAY + 3):
        await publish(calm, version)
    assert await feed.locate(busy, 1) == await feed.locate(busy, 2) == stands[busy, 2]


async def test_events_of_one_entry_are_located_at_its_end(store: EventStore) -> None:
    feed, stream_id = store.feed(), uuid4()
    await store.persist_events(stream_id, ["a", "b", "c"])
    located = await feed.position_of(stream_id, 1, timeout=PATIENCE)

    assert located == await feed.head()
    assert await feed.locate(stream_id, 3) == located
