"""The guard of lanes that wait: when it gives up, and what it reports."""

from uuid import UUID

from event_store_async.cassandra.feed.gap import Gap
from event_store_async.cassandra.feed.guard import HELD_UP, Guard
from event_store_async.cassandra.feed.sequencer_watch import SequencerWatch
from event_store_async.hooks import LaneHeldUp, Record, Source
from event_store_async.hooks.observer import Observer

STREAM = UUID(int=7)
GAP = Gap(STREAM, 3, 4)
BANK = Source("cassandra", "bank", "events")


class Waiting:
    """A guard with a clock that is set, and what it reports."""

    def __init__(self) -> None:
        self.now = 100.0
        self.known = 2
        self.reported: list[Record] = []
        watch = SequencerWatch(Observer(BANK, (self.reported.append,)))
        self.guard = Guard(lambda _: self.known, lambda: self.now, watch)

    def judge(self) -> list[Gap]:
        return list(self.guard.judge([GAP]))


def test_a_lane_that_waits_in_vain_is_reported_once_and_waits_anew() -> None:
    waiting = Waiting()
    for _ in range(11):
        assert waiting.judge() == [GAP]
        waiting.now += 5.5
    waiting.now += 1.0

    (gap,) = waiting.judge()

    assert gap.overdue
    assert waiting.reported == [LaneHeldUp(BANK, STREAM, 3, 61.5, 12)]
    assert waiting.judge() == [GAP]
    assert len(waiting.reported) == 1


def test_a_process_that_stood_still_has_not_waited() -> None:
    waiting = Waiting()
    waiting.judge()
    waiting.now += 10 * HELD_UP

    assert waiting.judge() == [GAP]
    assert waiting.reported == []


def test_what_was_published_meanwhile_is_no_gap() -> None:
    waiting = Waiting()
    waiting.judge()
    waiting.known = 3

    assert waiting.judge() == []
    assert waiting.reported == []


def test_without_hooks_it_gives_up_as_well() -> None:
    waiting = Waiting()
    waiting.guard = Guard(lambda _: 2, lambda: waiting.now, None)
    judged = []
    for _ in range(11):
        judged += waiting.judge()
        waiting.now += HELD_UP

    assert [gap.overdue for gap in judged] == [False] * 10 + [True]


def test_rounds_that_read_other_lanes_do_not_begin_the_wait_anew() -> None:
    waiting = Waiting()
    gaps = [GAP, Gap(UUID(int=8), 3, 3)]
    judged: list[Gap] = []
    for number in range(23):
        judged += waiting.guard.judge([gaps[number % 2]])
        waiting.now += HELD_UP / 21

    assert [gap.overdue for gap in judged] == [False] * 22 + [True]
    assert len(waiting.reported) == 1


def test_a_gap_that_no_lane_meets_again_is_forgotten() -> None:
    waiting = Waiting()
    other = Gap(UUID(int=8), 3, 3)
    for _ in range(11):
        waiting.judge()
    waiting.now += 11 * HELD_UP
    list(waiting.guard.judge([other]))

    assert waiting.judge() == [GAP], "it waits anew"
    assert waiting.reported == []
