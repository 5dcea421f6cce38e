"""The events of a page of the feed, from their streams: in order, whatever is wanted of them."""

import asyncio
from collections.abc import Callable, Collection, Iterator
from itertools import chain
from typing import Any
from uuid import UUID

import pytest

from event_store_async import Settings
from event_store_async.cassandra.feed.entry import Link
from event_store_async.cassandra.feed.fetcher import Fetcher
from event_store_async.cassandra.feed.quick_reads import QuickReads
from event_store_async.cassandra.feed.recent import RecentAppends
from event_store_async.cassandra.feed.wanted import Run, Wanted
from event_store_async.cassandra.read.excerpts import Excerpt, VersionSpan
from event_store_async.cassandra.read.rows import RowDecoder
from event_store_async.cassandra.read.slices import KnownBeginnings
from event_store_async.codec import JsonCodec
from event_store_async.feeds import BrokenEvent, Position
from event_store_async.feeds.position import Places
from event_store_async.retry import Deadline

DECODER = RowDecoder(JsonCodec())
FEED, A, B = (UUID(int=number) for number in (1, 2, 3))


class Answer:
    """A request that is answered in the next turn of the event loop, or right away."""

    def then(self, callback: Callable[..., object], *args: Any) -> None:
        asyncio.get_running_loop().call_soon(callback, *args)


class Streams:
    """
    Streams without end, as a reader and as excerpts.

    Args:
        quick: Whether requests can be sent without waiting, and are answered then.
        broken: The versions of events that cannot be decoded.
    """

    def __init__(self, quick: str = "answered", broken: Collection[int] = ()) -> None:
        self.quick = quick
        self.broken = broken
        self.most_together = 8
        self.requests: list[list[VersionSpan]] = []
        self.beginnings = KnownBeginnings(10)

    @property
    def reads(self) -> list[tuple[UUID, int, int]]:
        """What was asked for, by request and in no order within one."""
        return sorted(span for spans in self.requests for span in spans)

    async def prepare(self, _deadline: Deadline) -> None:
        pass

    def begin(self, spans: list[VersionSpan], _deadline: Deadline) -> Answer | None:
        if self.quick == "not sent":
            return None
        self.requests.append(spans)
        return Answer()

    def answer(self, _request: Answer, spans: list[VersionSpan]) -> list[Excerpt]:
        if self.quick == "refused":
            raise ValueError("no answer")
        return [self._events(span) for span in spans]

    async def read(self, span: VersionSpan) -> Excerpt:
        self.requests.append([span])
        return self._events(span)

    def _events(self, span: VersionSpan) -> Excerpt:
        stream_id, first, length = span
        rows = [self._row(stream_id, version) for version in range(first, first + length)]
        return Excerpt(rows, 100 * length)

    def _row(self, stream_id: UUID, version: int) -> tuple[Any, ...]:
        payload = b"{" if version in self.broken else b'{"n":%d}' % version
        return version, payload, 1_000, None, None, "application/json", None, str(stream_id), None


def places_of(link: Link, before: int) -> Places:
    """Return where the events of a link stand, in an entry whose first one has ordinal 100."""
    return FEED, 7, before + 1 - link.first, 100 + before - link.first


def wanted(*parts: tuple[UUID, int, int]) -> list[Wanted]:
    """Return parts of one entry, all of whose events are wanted."""
    found: list[Wanted] = []
    place = 0
    for stream_id, first, events in parts:
        link = Link(stream_id, first, events, None, "account" if stream_id == A else None)
        found.append(Wanted(link, first, events, places_of(link, place), place))
        place += events
    return found


async def fetched(
    parts: list[Wanted], streams: Streams, page_bytes: int = 1_000_000
) -> list[tuple[UUID, int]]:
    """Return the events of a page; their positions are those of their places."""
    anything: Any = streams
    settings = Settings(page_bytes=page_bytes)
    fetcher = Fetcher(anything, anything, DECODER, settings, RecentAppends())
    found, count = await fetcher.fetch(parts)
    items = list(chain.from_iterable(found.portions()))
    assert count == len(found) == len(items)
    skipped = parts[0].first - parts[0].link.first
    for at, item in enumerate(items, skipped):
        assert item.position == Position(FEED, 7, at + 1, 100 + at)
        assert item.category == ("account" if item.stream_id == A else None)
        assert isinstance(item, BrokenEvent) == (item.version in streams.broken)
        assert isinstance(item, BrokenEvent) or item.payload == {"n": item.version}
    return [(item.stream_id, item.version) for item in items]


@pytest.mark.parametrize("quick", ["answered", "not sent", "refused"])
async def test_links_of_a_stream_are_read_together(quick: str) -> None:
    streams = Streams(quick)
    parts = wanted((A, 1, 2), (B, 5, 1), (A, 3, 2), (B, 9, 1))

    events = await fetched(parts, streams)

    assert events == [(A, 1), (A, 2), (B, 5), (A, 3), (A, 4), (B, 9)]
    assert sorted(set(streams.reads)) == [(A, 1, 4), (B, 5, 5)]


async def test_a_link_is_read_in_part() -> None:
    streams = Streams()
    link = Link(A, 1, 10, None, "account")

    events = await fetched([Wanted(link, 4, 3, places_of(link, 0), 0)], streams)

    assert events == [(A, 4), (A, 5), (A, 6)]
    assert streams.reads == [(A, 4, 3)]


async def test_versions_that_are_far_apart_are_read_apart() -> None:
    streams = Streams()

    events = await fetched(wanted((A, 1, 1), (A, 500, 2)), streams)

    assert events == [(A, 1), (A, 500), (A, 501)]
    assert streams.reads == [(A, 1, 1), (A, 500, 2)]


async def test_what_nobody_wants_in_the_middle_of_a_run_takes_no_place() -> None:
    streams = Streams()

    events = await fetched(wanted((A, 1, 5), (A, 9, 12)), streams, page_bytes=6 * 4096)

    assert events == [(A, version) for version in [*range(1, 6), *range(9, 21)]]
    assert streams.reads[:2] == [(A, 1, 6), (A, 7, 6)]


async def test_an_event_that_a_broken_log_names_twice_is_there_twice() -> None:
    events = await fetched(wanted((A, 1, 2), (A, 1, 1), (A, 3, 1), (A, 2, 1)), Streams())

    assert events == [(A, 1), (A, 2), (A, 1), (A, 3), (A, 2)]


@pytest.mark.parametrize("broken", [{1}, {3}, {2, 3, 4}, {450}])
async def test_an_event_that_cannot_be_decoded_is_broken_in_its_place(broken: set[int]) -> None:
    events = await fetched(wanted((A, 1, 2), (B, 1, 500), (A, 3, 3)), Streams(broken=broken))

    assert len(events) == 505


async def test_short_runs_of_about_the_same_versions_share_requests() -> None:
    streams = Streams()
    ids = [UUID(int=100 + number) for number in range(20)]
    parts = wanted(*[(it, 1, 3) for it in ids], (A, 1, 2), (B, 700, 3))

    events = await fetched(parts, streams)

    assert len(events) == 65
    assert [len(spans) for spans in streams.requests] == [8, 8, 5, 1]
    assert streams.requests[-1] == [(B, 700, 3)]


async def test_one_request_reads_one_stream_if_the_cluster_refuses_more() -> None:
    streams = Streams()
    streams.most_together = 1

    await fetched(wanted((A, 1, 3), (B, 1, 3)), streams)

    assert [len(spans) for spans in streams.requests] == [1, 1]


async def test_a_shared_request_reads_at_most_twice_what_is_wanted() -> None:
    streams = Streams()
    ids = [UUID(int=100 + number) for number in range(64)]

    await fetched(wanted(*[(it, 1 + at, 1 + at % 5) for at, it in enumerate(ids)]), streams)

    for spans in streams.requests:
        first = min(span.first for span in spans)
        end = max(span.first + span.length for span in spans)
        assert (end - first) * len(spans) <= 2 * sum(span.length for span in spans)


@pytest.mark.parametrize("quick", ["answered", "not sent", "refused"])
@pytest.mark.parametrize("page_bytes", [1, 100, 1000, 100_000])
async def test_a_page_is_cut_where_it_becomes_too_large(page_bytes: int, quick: str) -> None:
    parts = wanted(*[(stream_id, first, 5) for first in range(1, 101, 5) for stream_id in (A, B)])
    whole = [
        (part.link.stream_id, version)
        for part in parts
        for version in range(part.first, part.first + part.events)
    ]

    events = await fetched(parts, Streams(quick), page_bytes)

    assert events
    assert events == whole[: len(events)]
    assert (len(events) == len(whole)) == (page_bytes == 100_000)


async def test_nothing_is_fetched_if_nothing_is_wanted() -> None:
    streams: Any = Streams()
    fetcher = Fetcher(streams, streams, DECODER, Settings(), RecentAppends())

    found, count = await fetcher.fetch([])

    assert (len(found), list(found.portions()), count) == (0, [], 0)
    assert not streams.requests


async def test_an_error_while_the_next_request_is_made_reaches_the_one_who_waits() -> None:
    def groups() -> Iterator[list[Run]]:
        yield [Run(A, 1, 1)]
        raise ZeroDivisionError

    excerpts: Any = Streams()
    quick = QuickReads(
        excerpts,
        groups(),
        lambda run, version: VersionSpan(run.stream_id, version, run.last - version + 1),
        lambda _run, _excerpt: True,
        Deadline(60),
    )

    async with asyncio.timeout(60):
        with pytest.raises(ZeroDivisionError):
            await quick.read(1)
