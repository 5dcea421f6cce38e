"""A lane as a sequencer knows it: what is read of it, and how long an append is left alone."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest

from event_store_async.cassandra.feed import lane_reader
from event_store_async.cassandra.feed.announcement import Announcement, Content
from event_store_async.cassandra.feed.lane_reader import YOUNG, LaneReader
from event_store_async.cassandra.feed.rows import WriterRow

WRITER, STREAM = UUID(int=1), UUID(int=2)
PART_ROWS = 1000


class Lanes:
    """The table of announcements, and a clock."""

    def __init__(self) -> None:
        self.now = 100.0
        self.rows: list[Announcement] = []
        self.parts: list[int] = []  # of each read

    @property
    def reads(self) -> int:
        return len(self.parts)

    async def announcements(self, _writer: UUID, part: int, after: int) -> Sequence[Announcement]:
        self.parts.append(part)
        return self.rows[after : (part + 1) * PART_ROWS]

    def add(self, count: int) -> None:
        start = len(self.rows)
        self.rows += [Announcement(start + it, STREAM, 0, 1, None) for it in range(1, count + 1)]


def made() -> tuple[Lanes, LaneReader]:
    lanes: Any = Lanes()
    row = WriterRow(WRITER, PART_ROWS, None, None, 0)
    return lanes, LaneReader(lanes, row, lambda: lanes.now)


async def test_an_announcement_is_young_for_a_moment_after_it_was_read() -> None:
    lanes, lane = made()
    lanes.add(2)
    await lane.read()

    assert lane.old_up_to == 0
    lanes.now += 2 * YOUNG
    assert lane.old_up_to == 2


async def test_it_is_young_for_longer_where_appends_take_longer() -> None:
    lanes, lane = made()
    lanes.add(2)
    await lane.read()
    lanes.now += 0.2
    lane.know(1)

    assert 0.2 < lane.patience < 0.5
    lane.know(1)  # nothing new
    lanes.now += 100.0
    lane.know(1)
    assert 0.2 < lane.patience < 0.5


async def test_a_look_that_came_before_the_news_makes_it_young_for_longer() -> None:
    lanes, lane = made()
    lanes.add(1)
    await lane.read()
    lanes.now += 0.1
    lane.looked_at(1)

    assert lane.patience > 0.1


async def test_nothing_is_young_for_ever() -> None:
    lanes, lane = made()
    lanes.add(2)
    await lane.read()
    lanes.now += 1000.0
    lane.know(1)

    assert lane.patience <= 0.5
    lanes.add(1)
    await lane.read()
    lanes.now += 0.6
    assert lane.old_up_to == 3


async def test_what_took_long_is_forgotten() -> None:
    lanes, lane = made()
    lanes.add(4)
    await lane.read()
    lanes.now += 0.3
    lane.know(1)
    lane.finish((1,))
    for _ in range(3):
        lanes.now += 10.0
        lanes.add(1)
        await lane.read()
        lane.know(lane.read_up_to)

    assert lane.patience == YOUNG


async def test_what_is_finished_is_not_remembered_as_stored() -> None:
    lanes, lane = made()
    lane.know_all([range(1, 3), range(5, 6)])  # before they are read
    lanes.add(4)
    await lane.read()
    lane.know(3)
    assert lane.stored == {1, 2, 3, 5}

    for seq in (1, 2, 3):
        lane.finish((seq,))
    lane.know_all([range(1, 6)])
    assert lane.stored == {4, 5}

    lane.saw(WriterRow(WRITER, PART_ROWS, None, None, 4))
    assert (lane.stored, lane.open) == ({5}, {})


# What the writer itself tells, in the same process


def told(lanes: Any, lane: LaneReader, count: int) -> None:
    """Add announcements, and let their writer tell them."""
    before = len(lanes.rows)
    lanes.add(count)
    lane.take_over(before, contents(lanes, before))


def contents(lanes: Any, after: int) -> list[Content]:
    return [it[1:] for it in lanes.rows[after:]]


async def test_what_the_writer_tells_is_not_read() -> None:
    lanes, lane = made()
    told(lanes, lane, 2)
    told(lanes, lane, 1)

    assert await lane.read() == 3
    assert list(lane.open.values()) == lanes.rows
    assert lane.is_new
    told(lanes, lane, 1)
    assert await lane.read() == 1
    assert lanes.reads == 0
    assert await lane.read() == 0
    assert lanes.reads == 1, "nothing was told, so the table is asked"


async def test_what_comes_before_is_read_first() -> None:
    lanes, lane = made()
    lanes.add(3)  # before the sequencer knew of the lane
    told(lanes, lane, 2)

    assert await lane.read() == 5
    assert lanes.reads == 1
    told(lanes, lane, 2)
    assert await lane.read() == 2
    assert lanes.reads == 1
    assert list(lane.open.values()) == lanes.rows


async def test_a_gap_in_what_is_told_is_read() -> None:
    lanes, lane = made()
    told(lanes, lane, 2)
    lanes.add(2)  # not told
    told(lanes, lane, 2)

    assert await lane.read() == 6
    assert lanes.reads == 1
    assert list(lane.open.values()) == lanes.rows


async def test_what_is_told_while_it_is_read_is_taken_once() -> None:
    lanes, lane = made()
    lanes.add(2)
    read = lanes.announcements

    async def slow(*request: Any) -> Sequence[Announcement]:
        told(lanes, lane, 2)  # seen by the read that is under way, and told
        found: Sequence[Announcement] = await read(*request)
        told(lanes, lane, 1)
        return found

    vars(lanes)["announcements"] = slow
    assert await lane.read() == 4
    assert await lane.read() == 1
    assert list(lane.open.values()) == lanes.rows


async def test_what_another_sequencer_has_finished_is_left_out_of_what_was_told() -> None:
    lanes, lane = made()
    told(lanes, lane, 5)
    lane.saw(WriterRow(WRITER, PART_ROWS, None, None, 3))

    assert await lane.read() == 2
    assert list(lane.open) == [4, 5]
    told(lanes, lane, 2)
    lane.saw(WriterRow(WRITER, PART_ROWS, None, None, 9))
    assert await lane.read() == 0
    assert list(lane.open) == []


async def test_what_is_told_and_not_taken_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lane_reader, "_MOST_TOLD", 4)
    lanes, lane = made()
    for _ in range(10):
        told(lanes, lane, 2)
        assert len(lane._told) <= 4

    assert await lane.read() == 20
    assert list(lane.open.values()) == lanes.rows
    assert lanes.reads == 1


async def test_what_was_told_grows_old_as_well() -> None:
    lanes, lane = made()
    told(lanes, lane, 2)
    await lane.read()

    assert lane.old_up_to == 0
    lanes.now += 2 * YOUNG
    assert lane.old_up_to == 2


async def test_the_table_is_read_on_in_the_part_that_follows_what_was_told() -> None:
    lanes, lane = made()
    told(lanes, lane, 999)
    await lane.read()
    lanes.add(2)  # the last of a part, and the first of the next one

    assert await lane.read() == 2
    assert lanes.parts == [0, 1]
    assert list(lane.open.values()) == lanes.rows
