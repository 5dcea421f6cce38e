"""The events of a page of the feed, from their streams: in order, whatever is wanted of them."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from event_store_async.cassandra.feed.entry import Link
from event_store_async.cassandra.feed.fetcher import Fetcher, Wanted
from event_store_async.cassandra.feed.recent import RecentAppends
from event_store_async.cassandra.read.rows import RowDecoder
from event_store_async.cassandra.read.slices import KnownBeginnings
from event_store_async.codec import JsonCodec
from event_store_async.events import recorded_event
from event_store_async.feeds import Position

DECODER = RowDecoder(JsonCodec())
FEED, A, B = (UUID(int=number) for number in (1, 2, 3))
MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


class Streams:
    """A reader of streams without end; it returns a bounded number of events at once."""

    def __init__(self, most: int = 1000) -> None:
        self.most = most
        self.reads: list[tuple[UUID, int, int]] = []
        self.beginnings = KnownBeginnings(10)

    async def some(self, stream_id: UUID, first: int, count: int) -> tuple[list[Any], int, bool]:
        self.reads.append((stream_id, first, count))
        versions = range(first, first + count)
        events = [
            recorded_event(stream_id, it, {"n": it}, MOMENT, None, None, None) for it in versions
        ]
        return events, 100 * count, False


def wanted(*parts: tuple[UUID, int, int]) -> list[Wanted]:
    """Return parts of one entry, all of whose events are wanted."""
    found: list[Wanted] = []
    place = 0
    for stream_id, first, events in parts:
        link = Link(stream_id, first, events, None, "account" if stream_id == A else None)
        found.append(Wanted(link, first, events, 7, place, 100 + place, place))
        place += events
    return found


async def fetched(
    parts: list[Wanted], streams: Streams, page_bytes: int = 1_000_000
) -> list[tuple[UUID, int]]:
    """Return the events of a page; their positions are those of their places."""
    reader: Any = streams
    fetcher = Fetcher(reader, page_bytes, RecentAppends(DECODER))
    items, count = await fetcher.fetch(FEED, parts)
    assert count == len(items)
    first = parts[0]
    for at, item in enumerate(items):
        assert item.position == Position(FEED, 7, first.before + at + 1, first.ordinal + at)
        assert item.category == ("account" if item.stream_id == A else None)
    return [(item.stream_id, item.version) for item in items]


async def test_links_of_a_stream_are_read_together() -> None:
    streams = Streams()
    parts = wanted((A, 1, 2), (B, 5, 1), (A, 3, 2), (B, 9, 1))

    events = await fetched(parts, streams)

    assert events == [(A, 1), (A, 2), (B, 5), (A, 3), (A, 4), (B, 9)]
    assert sorted(streams.reads) == [(A, 1, 4), (B, 5, 5)]


async def test_a_link_is_read_in_part() -> None:
    streams = Streams()
    link = Link(A, 1, 10, None, "account")

    events = await fetched([Wanted(link, 4, 3, 7, 3, 103, 0)], streams)

    assert events == [(A, 4), (A, 5), (A, 6)]
    assert streams.reads == [(A, 4, 3)]


async def test_versions_that_are_far_apart_are_read_apart() -> None:
    streams = Streams()

    events = await fetched(wanted((A, 1, 1), (A, 500, 2)), streams)

    assert events == [(A, 1), (A, 500), (A, 501)]
    assert sorted(streams.reads) == [(A, 1, 1), (A, 500, 2)]


async def test_an_event_that_a_broken_log_names_twice_is_there_twice() -> None:
    events = await fetched(wanted((A, 1, 2), (A, 1, 1), (A, 3, 1), (A, 2, 1)), Streams())

    assert events == [(A, 1), (A, 2), (A, 1), (A, 3), (A, 2)]


@pytest.mark.parametrize("page_bytes", [1, 100, 1000, 100_000])
async def test_a_page_is_cut_where_it_becomes_too_large(page_bytes: int) -> None:
    parts = wanted(*[(stream_id, first, 5) for first in range(1, 101, 5) for stream_id in (A, B)])
    whole = [
        (part.link.stream_id, version)
        for part in parts
        for version in range(part.first, part.first + part.events)
    ]

    events = await fetched(parts, Streams(), page_bytes)

    assert events
    assert events == whole[: len(events)]
    assert (len(events) == len(whole)) == (page_bytes == 100_000)


async def test_nothing_is_fetched_if_nothing_is_wanted() -> None:
    reader: Any = Streams()

    assert await Fetcher(reader, 1000, RecentAppends(DECODER)).fetch(FEED, []) == ([], 0)
