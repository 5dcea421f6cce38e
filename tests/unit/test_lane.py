"""A lane as a writer knows it: which announcements share a row, and who is told of them."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any
from uuid import UUID

import orjson
import pytest

from event_store_async import Settings
from event_store_async.cassandra.feed.announcement import Address, Content
from event_store_async.cassandra.feed.lane import Lane
from event_store_async.cassandra.feed.rows import FeedRow
from event_store_async.retry import Deadline

STREAM = UUID(int=7)
Row = tuple[int, int, list[Any]]


class ForeignId(UUID):
    """An id as another driver makes them: JSON does not take it."""


class Tables:
    """The tables of a feed: the rows of announcements, as part, last seq and content."""

    def __init__(self, part_rows: int) -> None:
        self.part_rows = part_rows
        self.rows: list[Row] = []
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def made(self, log_id: UUID) -> FeedRow:
        return FeedRow(log_id, self.part_rows, 10, "complete")

    async def register(self, *_: Any) -> None:
        pass

    async def close_writer(self, *_: Any) -> None:
        pass

    def begin_announcing(self, *_: Any) -> None:
        """Nothing can be sent without waiting."""

    async def announce(
        self, _writer: UUID, part: int, last: int, text: str, *_: Any, **__: Any
    ) -> None:
        self.rows.append((part, last, orjson.loads(text)))
        await self.may_answer.wait()


@pytest.fixture
async def lane() -> AsyncGenerator[Lane, None]:
    """Give a lane with parts of five announcements."""
    tables: Any = Tables(5)
    made = Lane(tables, Settings(), on_open=lambda: None)
    yield made
    await made.close()


def tables_of(lane: Lane) -> Tables:
    tables: Any = lane._tables
    assert isinstance(tables, Tables)
    return tables


async def announce(lane: Lane, stream_id: UUID = STREAM, expected: int = 0) -> Address:
    return await lane.announce(stream_id, expected, 1, None, None, Deadline(10.0))


async def test_those_of_one_turn_share_a_row_that_ends_with_its_part(lane: Lane) -> None:
    addresses = await asyncio.gather(*[announce(lane, expected=number) for number in range(7)])

    assert [it.seq for it in addresses] == [1, 2, 3, 4, 5, 6, 7]
    rows = tables_of(lane).rows
    assert [(part, last) for part, last, _ in rows] == [(0, 5), (1, 7)]
    stored = [content for _, _, contents in rows for content in contents]
    assert stored == [[str(STREAM), number, 1, None, None] for number in range(7)]


async def test_one_that_cannot_be_encoded_fails_alone(lane: Lane) -> None:
    waiting = [announce(lane, expected=0), announce(lane, ForeignId(int=7)), announce(lane)]
    first, bad, last = await asyncio.gather(*waiting, return_exceptions=True)

    assert isinstance(bad, TypeError)
    assert isinstance(first, Address)
    assert isinstance(last, Address)
    assert (first.seq, last.seq) == (1, 2), "nothing was announced for the one between"
    assert (await announce(lane)).seq == 3


async def test_what_is_acknowledged_is_told_before_the_appends_are_sent(lane: Lane) -> None:
    told: list[tuple[int, list[int]]] = []
    answered: list[int] = []

    def note(_writer: UUID, after: int, contents: Any) -> None:
        assert not answered[after:], "the callers go on afterwards"
        told.append((after, [expected for _, expected, *_ in contents]))

    lane.on_acknowledged = note

    async def append(number: int) -> None:
        answered.append((await announce(lane, expected=number)).seq)

    await asyncio.gather(*[append(number) for number in range(3)])
    await append(3)

    assert told == [(0, [0, 1, 2]), (3, [3])]
    assert answered == [1, 2, 3, 4]


async def test_of_callers_who_left_it_is_told_as_well(lane: Lane) -> None:
    """Their announcements are in the row: those that follow would have other numbers."""
    told: list[Content] = []
    lane.on_acknowledged = lambda _writer, _after, contents: told.extend(contents)
    tables = tables_of(lane)
    tables.may_answer.clear()
    calls = [asyncio.create_task(announce(lane, expected=number)) for number in range(3)]
    while not tables.rows:
        await asyncio.sleep(0)
    calls[1].cancel()
    await asyncio.wait([calls[1]])
    tables.may_answer.set()

    assert [(await calls[0]).seq, (await calls[2]).seq] == [1, 3]
    assert [expected for _, expected, *_ in told] == [0, 1, 2]
