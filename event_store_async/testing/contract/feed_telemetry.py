"""What a store with a feed reports of it to its hooks, and in its statistics."""
# ruff: noqa: D102, S101 - the names of the tests say what they check; tests assert

from typing import Any
from uuid import UUID

import pytest

from ...feeds import BrokenEvent
from ...hooks import FeedPageRead, Record
from ...settings import Settings
from .base import needs
from .feed_base import FeedBase, appended, pages, published


class FeedTelemetry(FeedBase):
    """Records and statistics of the feed, for stores that have them."""

    @pytest.mark.asyncio
    @needs("is_monitored", "opens_others")
    async def test_a_page_is_reported(self, store: Any, streams: list[UUID]) -> None:
        reported: list[Record] = []
        opened: Any = self.reopened(store, settings=Settings(hooks=(reported.append,)))
        async with opened as other:
            feed = other.feed()
            start = await feed.head()
            places = await appended(store, streams)
            await published(feed, places)
            reported.clear()

            read = await pages(feed, start, 2)

        records = [record for record in reported if isinstance(record, FeedPageRead)]
        assert [record.events for record in records] == [len(page.events) for page in read]
        assert [(record.position, record.head) for record in records] == [
            (page.position, page.head) for page in read
        ]
        for record, page in zip(records, read, strict=True):
            streams_of = {item.stream_id for item in page.events}
            assert len(streams_of) <= record.links <= len(page.events)
            assert record.duration >= 0

    @pytest.mark.asyncio
    @needs("is_monitored")
    async def test_statistics_tell_where_the_feed_ends(
        self, store: Any, streams: list[UUID]
    ) -> None:
        feed = store.feed()
        await published(feed, await appended(store, streams))
        head = await feed.head()

        statistics = store.statistics().feed

        assert statistics.head >= head.ordinal
        assert statistics.silence is None or statistics.silence >= 0

    @pytest.mark.asyncio
    @needs("is_monitored", "opens_others")
    async def test_a_hook_that_raises_affects_no_page(
        self, store: Any, streams: list[UUID]
    ) -> None:

        def broken(_: Record) -> None:
            raise ZeroDivisionError

        opened: Any = self.reopened(store, settings=Settings(hooks=(broken,)))
        async with opened as other:
            feed = other.feed()
            start = await feed.head()
            places = await appended(other, streams)
            await published(feed, places)
            items = [item for page in await pages(feed, start, 100) for item in page.events]

        assert not any(isinstance(item, BrokenEvent) for item in items)
        assert set(places) <= {(item.stream_id, item.version) for item in items}
