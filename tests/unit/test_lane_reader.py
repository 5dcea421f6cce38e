"""A lane as a sequencer knows it: how long an announcement is left alone."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from event_store_async.cassandra.feed.announcement import Announcement
from event_store_async.cassandra.feed.lane_reader import YOUNG, LaneReader
from event_store_async.cassandra.feed.rows import WriterRow

WRITER, STREAM = UUID(int=1), UUID(int=2)


class Lanes:
    """The table of announcements, and a clock."""

    def __init__(self) -> None:
        self.now = 100.0
        self.rows: list[Announcement] = []

    async def announcements(self, _writer: UUID, _part: int, after: int) -> Sequence[Announcement]:
        return self.rows[after:]

    def add(self, count: int) -> None:
        start = len(self.rows)
        self.rows += [Announcement(start + it, STREAM, 0, 1, None) for it in range(1, count + 1)]


def made() -> tuple[Lanes, LaneReader]:
    lanes: Any = Lanes()
    row = WriterRow(WRITER, 1000, None, None, 0)
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

    lane.saw(WriterRow(WRITER, 1000, None, None, 4))
    assert (lane.stored, lane.open) == ({5}, {})
