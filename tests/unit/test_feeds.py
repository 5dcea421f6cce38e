"""Feeds on their own: positions, selections, and how `Feed` reads whatever a reader gives."""

import asyncio
import copy
import dataclasses
import operator
import pickle
from collections.abc import Callable, Iterable
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from event_store_async import (
    Backoff,
    BrokenEvent,
    Feed,
    FeedEvent,
    FeedPage,
    ForeignPosition,
    InvalidArgument,
    MemoryEventStore,
    NewEvent,
    NotPublished,
    Position,
    RecordedEvent,
    StoreUnavailable,
    StreamHole,
    WrongEventLoop,
)
from event_store_async.feeds import Selection
from event_store_async.feeds.wrapped_reader import WrappedFeedReader

FEED = UUID(int=7)
STREAM = UUID(int=1)


def at(ordinal: int) -> Position:
    return Position(FEED, ordinal, 1 if ordinal else 0, ordinal)


def event(ordinal: int) -> FeedEvent[int]:
    recorded = RecordedEvent(STREAM, ordinal, ordinal, datetime(2026, 1, 1, tzinfo=UTC), None)
    return FeedEvent.of(recorded, at(ordinal), "account")


def page(first: int, last: int, head: int) -> FeedPage[int]:
    return FeedPage(tuple(map(event, range(first, last + 1))), at(last), at(head))


class ScriptedReader:
    """Gives the answers of a script: pages, or errors to raise."""

    def __init__(self, end: int, answers: Iterable[FeedPage[int] | Exception]) -> None:
        self.end = end
        self.answers = list(answers)
        self.asked: list[int] = []
        self.waits = 0
        self.alarm = True

    async def read_page(
        self, after: Position | None, max_count: int, selection: Selection
    ) -> FeedPage[int]:
        del max_count, selection
        self.asked.append(0 if after is None else after.ordinal)
        await asyncio.sleep(0)
        if not self.answers:
            await asyncio.Event().wait()
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def head(self) -> Position:
        return at(self.end)

    async def changed(self, after: Position, timeout: float) -> bool:
        del after, timeout
        self.waits += 1
        await asyncio.sleep(0)
        return self.alarm

    async def locate(self, stream_id: UUID, version: int) -> Position | None:
        return at(version) if stream_id == STREAM and version <= self.end else None


# Positions


@pytest.mark.parametrize("position", [at(0), at(1), Position(FEED, 3, 17, 10**12)])
def test_the_text_of_a_position_is_short_and_reads_back(position: Position) -> None:
    text = str(position)

    assert Position.parse(text) == position
    assert len(text) < 64
    assert text.replace("-", "").isalnum()
    assert pickle.loads(pickle.dumps(position)) == position


@pytest.mark.parametrize(
    "text",
    [
        "",
        f"{FEED.hex}-1-1",
        f"{FEED.hex}-1-1-1\n",
        f" {FEED.hex}-1-1-1",
        f"{FEED}-1-1-1",
        f"{FEED.hex}-1-1--1",
        f"{'A' * 32}-1-1-1",
        f"{FEED.hex}-\N{ARABIC-INDIC DIGIT ONE}-1-1",
        None,
        7,
        b"x",
    ],
)
def test_what_is_no_text_of_a_position_is_refused(text: Any) -> None:
    with pytest.raises(InvalidArgument, match="is not a position"):
        Position.parse(text)


def test_a_long_text_that_is_no_position_is_shown_in_part() -> None:
    with pytest.raises(InvalidArgument) as refused:
        Position.parse("x" * 10_000)

    assert len(str(refused.value)) < 200


def test_positions_are_ordered_and_count() -> None:
    assert [at(3) - at(1), at(1) - at(3), at(2) - at(2)] == [2, -2, 0]
    assert at(1) < at(2) <= at(2)
    assert at(2) > at(1) >= at(1)
    assert not at(2) < at(2)
    assert sorted([at(3), at(1), at(2)]) == [at(1), at(2), at(3)]


COMPARISONS = [operator.lt, operator.le, operator.gt, operator.ge, operator.sub]


@pytest.mark.parametrize("compare", COMPARISONS)
def test_positions_of_two_feeds_do_not_compare(compare: Callable[[Any, Any], Any]) -> None:
    with pytest.raises(ForeignPosition):
        compare(at(1), Position(uuid4(), 1, 1, 1))
    with pytest.raises(TypeError):
        compare(at(1), 1)
    assert at(1) != Position(uuid4(), 1, 1, 1)
    number: Any = 1
    assert at(1) != number


# Events


def test_an_event_of_a_feed_is_a_recorded_event() -> None:
    delivered = event(1)

    assert isinstance(delivered, RecordedEvent)
    assert copy.deepcopy(delivered) == delivered
    assert pickle.loads(pickle.dumps(delivered)) == delivered
    assert dataclasses.replace(delivered, payload=2).position == delivered.position
    with pytest.raises(dataclasses.FrozenInstanceError):
        delivered.version = 2  # type: ignore[misc]
    assert type(delivered) is FeedEvent


# Selections


def test_slices_are_the_same_in_every_process() -> None:
    streams = [UUID(int=number) for number in range(8)]

    found = [[each for each in range(8) if wants(stream, each, 8)] for stream in streams]

    assert found == [[5], [3], [1], [7], [4], [2], [0], [6]]


def wants(stream_id: UUID, slice_: int, slices: int) -> bool:
    return Selection.of(slice_=slice_, slices=slices).wants_stream(stream_id, None)


@pytest.mark.parametrize(
    "options", [{"slices": 0}, {"slice_": 2, "slices": 2}, {"slices": 5000}, {"slice_": -1}]
)
def test_what_is_no_slice_is_refused(options: dict[str, int]) -> None:
    with pytest.raises(InvalidArgument):
        Selection.of((), (), **options)


# Reading


async def test_a_read_ends_at_the_head_of_its_first_step() -> None:
    reader = ScriptedReader(3, [page(1, 2, 3), page(3, 5, 5)])

    assert [each.payload async for each in Feed(reader).read()] == [1, 2, 3]


async def test_a_read_asks_again_if_a_page_does_not_reach_the_head_it_knows_of() -> None:
    stale = FeedPage[int]((), at(1), at(1))
    reader = ScriptedReader(2, [page(1, 1, 1), stale, stale, page(2, 2, 2)])

    async with asyncio.timeout(30):
        assert [each.payload async for each in Feed(reader).read()] == [1, 2]
    assert reader.asked == [0, 1, 1, 1]


async def test_a_follower_waits_only_at_the_end_and_survives_false_alarms_and_outages() -> None:
    nothing = FeedPage[int]((), at(2), at(2))
    outage = StoreUnavailable("no quorum")
    answers: list[FeedPage[int] | Exception]
    answers = [page(1, 1, 2), page(2, 2, 2), nothing, outage, nothing, outage, outage]
    reader = ScriptedReader(9, [*answers, page(3, 3, 4), page(4, 4, 4)])
    feed = Feed(reader, outages=Backoff(initial=1e-6, maximum=1e-6))

    async with asyncio.timeout(30), aclosing(feed.follow()) as events:
        assert [(await anext(events)).payload for _ in range(4)] == [1, 2, 3, 4]
    assert reader.asked == [0, 1, 2, 2, 2, 2, 2, 2, 3]
    assert reader.waits == 3


async def test_an_error_says_where_to_read_on_and_still_does_in_another_process() -> None:
    error = StreamHole(STREAM, 2)
    broken = BrokenEvent(at(2), STREAM, 2, None, None, error)
    items: tuple[FeedEvent[int] | BrokenEvent, ...] = (event(1), broken, event(3))
    whole = FeedPage(items, at(3), at(3))
    reader = ScriptedReader(3, [whole, whole])

    for events in (Feed(reader).read(), Feed(reader).follow()):
        assert (await anext(events)).payload == 1
        with pytest.raises(StreamHole) as caught:
            await anext(events)
        assert caught.value.position == at(2)
        sent = pickle.loads(pickle.dumps(caught.value))
        assert sent.position == at(2)


async def test_an_event_that_is_published_meanwhile_is_waited_for() -> None:
    reader = ScriptedReader(0, [])

    async def publish() -> None:
        await asyncio.sleep(0)
        reader.end = 5

    task = asyncio.ensure_future(publish())
    assert await Feed(reader).position_of(STREAM, 4, timeout=30) == at(4)
    await task
    with pytest.raises(NotPublished, match="version 6"):
        await Feed(reader).position_of(STREAM, 6, timeout=0.001)


@pytest.mark.parametrize("call", ["read", "follow"])
async def test_reading_outside_a_loop_is_refused_at_the_call(call: str) -> None:
    feed = Feed(ScriptedReader(0, []))

    with pytest.raises(WrongEventLoop):
        await asyncio.to_thread(getattr(feed, call))


async def test_a_feed_outside_a_loop_is_refused() -> None:
    with pytest.raises(WrongEventLoop):
        await asyncio.to_thread(MemoryEventStore().feed)


class SmallPages(WrappedFeedReader):
    """Looks at five events for a page, selected or not, as a store bounds its pages."""

    looks = 0

    async def read_page(
        self, after: Position | None, max_count: int, selection: Selection
    ) -> FeedPage[Any]:
        self.looks += 1
        page = await self._reader.read_page(after, min(max_count, 5), Selection())
        events = [item for item in page.events if item.type in selection.types]
        return FeedPage(tuple(events), page.position, page.head)


async def test_steps_that_are_cancelled_get_past_what_is_not_selected() -> None:
    async with MemoryEventStore() as store:
        stream = uuid4()
        for _ in range(40):
            await store.persist_events(stream, [NewEvent(None, "common")])
        await store.persist_events(stream, [NewEvent(None, "rare")])
        reader = SmallPages(store.feed().reader)
        found: list[FeedEvent[Any]] = []
        async with aclosing(Feed(reader, Selection.of(types=["rare"])).follow()) as events:
            for _ in range(20):
                step, looks = asyncio.ensure_future(anext(events)), reader.looks
                while not step.done() and reader.looks < looks + 2:
                    await asyncio.sleep(0)
                step.cancel()
                await asyncio.wait((step,))
                if not step.cancelled():
                    found.append(step.result())
                    break

        assert [event.version for event in found] == [41]
