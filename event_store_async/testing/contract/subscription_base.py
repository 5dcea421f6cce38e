"""What the tests of stores of subscriptions share: a subscription, and places in a feed."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from ...feeds import Position
from ...feeds.selection import slice_of
from ...ports.feeds import FeedStore
from ...ports.slices import Beat, Lease, ParkedStream, Registration, SliceKey
from ...ports.subscriptions import Subscriptions
from .base import ContractBase
from .feed_base import PATIENCE, read_feed

_SINCE: Final = datetime(2026, 11, 28, 12, tzinfo=UTC)


def row(stream_id: UUID, after: Position, last: Position, **fields: Any) -> ParkedStream:
    """Return the row of a parked stream."""
    facts: dict[str, Any] = {
        "version": 3,
        "last_version": 5,
        "type": "noted",
        "error": "ValueError: no",
        "attempts": 5,
        "since": _SINCE,
    }
    return ParkedStream(stream_id, after=after, last_position=last, **(facts | fields))


def stream_in(slice_: int, slices: int) -> UUID:
    """Return the id of a stream in a slice."""
    while slice_of(found := uuid4(), slices) != slice_:
        pass
    return found


async def claimed(subscriptions: Subscriptions, name: str, slice_: int = 0) -> Lease:
    """Claim a slice for a new member, whoever holds it."""
    member = uuid4()
    generation = (await subscriptions.checkpoints(name)).registration.generation
    roster = await subscriptions.beat(name, member, Beat(generation, 1))
    _, fence = roster.holders.get(slice_, (None, 0))
    lease = await subscriptions.claim(SliceKey(name, generation, slice_), member, fence)
    if lease is None:
        raise AssertionError("nobody else claims this slice")
    return lease


async def rows(subscriptions: Subscriptions, name: str) -> dict[UUID, ParkedStream]:
    """Return the parked streams of a subscription."""
    return {each.stream_id: each async for each in subscriptions.parked(name)}


async def resliced(subscriptions: Subscriptions, name: str, slices: int) -> Registration:
    """Change the number of slices, as members do that have finished the events in hand."""
    return await subscriptions.divide(await subscriptions.reslice(name, slices))


class SubscriptionBase(ContractBase):
    """The base of all tests of stores of subscriptions."""

    @pytest.fixture
    def subscriptions(self, store: Any) -> Subscriptions:
        """Return what the store keeps of subscriptions."""
        found: Subscriptions = store.subscriptions
        return found

    @pytest_asyncio.fixture
    async def name(self, subscriptions: Subscriptions) -> AsyncIterator[str]:
        """Give a name under which nothing is registered yet; what is registered is forgotten."""
        found = f"test-{uuid4().hex}"
        yield found
        if found in [each.registration.name async for each in subscriptions.all()]:
            await subscriptions.forget(found)

    @pytest_asyncio.fixture
    async def places(self, store: FeedStore) -> list[Position]:
        """Return the positions of six events, in the order of the feed; before them is another."""
        stream_id, start = uuid4(), await store.feed().head()  # a feed may hold broken events
        await store.persist_events(stream_id, [["event", number] for number in range(7)])
        await store.feed().position_of(stream_id, 7, timeout=PATIENCE)
        events = await read_feed(store.feed(), start)
        found = [event for event in events if event.stream_id == stream_id]
        return [event.position for event in found[1:]]
