"""What the tests of feeds share: a store with a feed, and how to write to it and read it."""

import asyncio
from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID, uuid4

import pytest

from ...errors import StreamError
from ...events import NewEvent
from ...feeds import BrokenEvent, Feed, FeedEvent, FeedPage, Position
from ...ports.feeds import FeedStore
from .base import ContractBase

PATIENCE: Final = 60.0
"""The most seconds that a test waits for an event to be in the feed."""

Place = tuple[UUID, int]
"""A stream, and the version of one of its events."""


async def appended(
    store: FeedStore, streams: Iterable[UUID], *, rounds: int = 2, type_: str | None = None
) -> list[Place]:
    """Append to streams in turn, one or two events at once; return what was appended, in order."""
    places: list[Place] = []
    for number in range(rounds):
        for stream_id in streams:
            events = [NewEvent([number, part], type=type_) for part in range(1 + number % 2)]
            done = await store.persist_events(stream_id, events)
            places += [(stream_id, event.version) for event in done.events]
    return places


async def published(feed: Feed[Any], places: Iterable[Place]) -> None:
    """Wait until events are in the feed: the last one of each stream is enough."""
    for stream_id, version in dict(sorted(places)).items():
        await feed.position_of(stream_id, version, timeout=PATIENCE)


async def read_feed(feed: Feed[Any], *arguments: Any, **options: Any) -> list[FeedEvent[Any]]:
    """Return the events of a feed as a list."""
    return [event async for event in feed.read(*arguments, **options)]


async def pages(feed: Feed[Any], after: Position | None, size: int) -> list[FeedPage[Any]]:
    """Return the pages up to the end of the feed, as it was at the first one."""
    end = await feed.head()
    found: list[FeedPage[Any]] = []
    position = after or Position.beginning(end.feed_id)
    while position < end:
        found.append(await feed.page(position, size))
        position = found[-1].position
    return found


def places_of(events: Iterable[Any], streams: Iterable[UUID] | None = None) -> list[Place]:
    """Return the streams and versions of events, of these streams alone if they are given."""
    wanted = None if streams is None else set(streams)
    return [
        (event.stream_id, event.version)
        for event in events
        if wanted is None or event.stream_id in wanted
    ]


async def everything(store: FeedStore) -> list[FeedEvent[Any] | BrokenEvent]:
    """Return the whole feed; other tests may have left events in it that cannot be read."""
    return [item for page in await pages(store.feed(), None, 500) for item in page.events]


async def read_to_error(feed: Feed[Any], after: Position) -> tuple[list[Place], StreamError | None]:
    """Return what can be read up to the first event that cannot, and its error."""
    found: list[Place] = []
    try:
        async for event in feed.read(after):
            found.append((event.stream_id, event.version))
    except StreamError as error:
        return found, error
    return found, None


async def ended(task: "asyncio.Future[Any]") -> BaseException | None:
    """Wait for a task, and return its error."""
    await asyncio.wait([task])
    return task.exception()


class FeedBase(ContractBase):
    """The base of all tests of feeds."""

    @pytest.fixture
    def streams(self) -> list[UUID]:
        """Return the ids of three streams that do not exist yet."""
        return [uuid4() for _ in range(3)]
