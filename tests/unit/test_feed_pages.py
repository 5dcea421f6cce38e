"""How `Feed` goes through pages: what it asks for, what it holds, and what it makes of them."""

import asyncio
import weakref
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from itertools import islice
from typing import Any
from uuid import UUID

import pytest

from event_store_async import (
    BrokenEvent,
    Feed,
    FeedEvent,
    FeedPage,
    Position,
    RecordedEvent,
    StreamError,
    StreamHole,
)
from event_store_async.feeds import Selection
from event_store_async.feeds.page import LateEvents, late_page, portions_of
from event_store_async.feeds.wrapped_reader import ConvertedEvents

FEED, STREAM = UUID(int=7), UUID(int=1)
MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


class Payload:
    """Something that a weak reference can point to."""


def at(ordinal: int) -> Position:
    return Position(FEED, ordinal, 1 if ordinal else 0, ordinal)


class Numbers(LateEvents):
    """The events from one number up to another, made ten at a time."""

    def __init__(self, reader: "Reader", first: int, end: int) -> None:
        self._reader = reader
        self._range = range(first, end)

    def __len__(self) -> int:
        return len(self._range)

    def portions(self) -> Iterator[Sequence[FeedEvent[Any] | BrokenEvent]]:
        numbers = iter(self._range)
        while some := [self._reader.event(number) for number in islice(numbers, 10)]:
            yield some


class Reader:
    """
    A feed of so many events, whose pages are as long as they may be.

    Args:
        end: How many events there are.
        late: Whether the events of a page are made late.
        broken: The event that cannot be read, if any.
        head: What it says of the end.
    """

    def __init__(
        self, end: int, *, late: bool, broken: int | None = None, head: int | None = None
    ) -> None:
        self.end = end
        self.late = late
        self.broken = broken
        self.said = end if head is None else head
        self.asked: list[int] = []
        self.alive: list[int] = []
        self.made = 0
        self.payloads: weakref.WeakSet[Payload] = weakref.WeakSet()

    def event(self, number: int) -> FeedEvent[Any] | BrokenEvent:
        self.made += 1
        if number == self.broken:
            return BrokenEvent(at(number), STREAM, number, None, None, StreamHole(STREAM, number))
        payload = Payload()
        self.payloads.add(payload)
        return FeedEvent.of(RecordedEvent(STREAM, number, payload, MOMENT, None), at(number))

    async def read_page(
        self, after: Position | None, max_count: int, selection: Selection
    ) -> FeedPage[Any]:
        del selection
        self.asked.append(max_count)
        self.alive.append(len(self.payloads))
        await asyncio.sleep(0)
        start = 0 if after is None else after.ordinal
        end = min(start + max_count, self.end)
        events = Numbers(self, start + 1, end + 1)
        if self.late:
            return late_page(events, at(end), at(self.end))
        made = tuple(item for portion in events.portions() for item in portion)
        return FeedPage(made, at(end), at(self.end))

    async def head(self) -> Position:
        return at(self.said)

    async def changed(self, after: Position, timeout: float) -> bool:
        del after, timeout
        await asyncio.sleep(0)
        return True

    async def locate(self, stream_id: UUID, version: int) -> Position | None:
        raise NotImplementedError


async def taken(events: AsyncGenerator[FeedEvent[Any], None], most: int = 10**6) -> list[int]:
    """Return the versions of events, without keeping them."""
    found: list[int] = []
    async with aclosing(events):
        while len(found) < most:
            try:
                found.append((await anext(events)).version)
            except StopAsyncIteration:
                break
    return found


@pytest.mark.parametrize("late", [True, False])
async def test_pages_become_larger_while_there_is_more(late: bool) -> None:
    reader = Reader(40_000, late=late)

    assert await taken(Feed(reader).read()) == list(range(1, 40_001))

    assert reader.asked == [500, 1000, 2000, 4000, 8000, 8000, 8000, 8000, 8000]


async def test_a_follower_that_has_caught_up_begins_with_a_small_page_again() -> None:
    reader = Reader(3_000, late=True)
    async with aclosing(Feed(reader).follow()) as events:
        for _ in range(3_000):
            await anext(events)
        reader.end = reader.said = 6_000
        for _ in range(3_000):
            await anext(events)

    assert reader.asked == [500, 1000, 2000, 500, 1000, 2000]


async def test_a_step_that_is_cancelled_begins_with_a_small_page_again() -> None:
    reader = Reader(30_000, late=True)
    async with aclosing(Feed(reader).follow()) as events:
        for _ in range(1_500):
            await anext(events)
        step = asyncio.ensure_future(anext(events))
        while len(reader.asked) < 3:
            await asyncio.sleep(0)
        step.cancel()
        with pytest.raises(asyncio.CancelledError):
            await step
        assert (await anext(events)).version == 1_501

    assert reader.asked == [500, 1000, 2000, 500]


@pytest.mark.parametrize("late", [True, False])
@pytest.mark.parametrize("way", ["read", "follow"])
async def test_no_two_pages_are_in_memory_at_once(late: bool, way: str) -> None:
    reader = Reader(10_000, late=late)

    await taken(getattr(Feed(reader), way)(), 10_000)

    assert len(reader.asked) >= 5
    assert max(reader.alive) <= 1


@pytest.mark.parametrize("late", [True, False])
@pytest.mark.parametrize("most", [1, 7, 499, 500, 501, 2_000])
async def test_as_many_events_as_were_asked_for(late: bool, most: int) -> None:
    reader = Reader(1_800, late=late)

    assert await taken(Feed(reader).read(max_count=most)) == list(range(1, min(most, 1_800) + 1))

    assert sum(reader.asked) >= min(most, 1_800)
    assert max(reader.asked) <= most


@pytest.mark.parametrize("head", [1, 10, 15, 499, 600])
async def test_a_page_that_goes_beyond_the_head_is_made_up_to_there(head: int) -> None:
    reader = Reader(3_000, late=True, head=head)

    assert await taken(Feed(reader).read()) == list(range(1, head + 1))

    assert reader.made <= head + 10


@pytest.mark.parametrize("late", [True, False])
@pytest.mark.parametrize("way", ["read", "follow"])
async def test_a_broken_event_is_raised_in_its_place(late: bool, way: str) -> None:
    reader = Reader(40, late=late, broken=24)
    found: list[int] = []
    async with aclosing(getattr(Feed(reader), way)()) as events:
        with pytest.raises(StreamError) as raised:
            while True:
                found.append((await anext(events)).version)

    assert found == list(range(1, 24))
    assert raised.value.position == at(24)
    assert await taken(getattr(Feed(reader), way)(at(24)), 16) == list(range(25, 41))


async def test_events_are_converted_when_they_are_handed_out() -> None:
    reader, converted = Reader(1_000, late=False), 0
    page = await reader.read_page(None, 1_000, Selection())

    def convert(event: FeedEvent[Any] | BrokenEvent) -> FeedEvent[Any] | BrokenEvent:
        nonlocal converted
        converted += 1
        return event

    late = late_page(ConvertedEvents(page, convert), page.position, page.head)

    assert len(next(iter(portions_of(late)))) == converted == 200
    assert late == page
