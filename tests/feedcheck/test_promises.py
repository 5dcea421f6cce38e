"""Each promise, against states made by hand that keep it and that break it."""

from tools.feedcheck.facts import Facts
from tools.feedcheck.memory import Memory
from tools.feedcheck.promises import (
    NONE,
    Promise,
    broken_by_entry,
    broken_by_memory,
    broken_by_world,
)
from tools.feedcheck.rules import Rules
from tools.feedcheck.world import Lane, Outcome, Row, Stage, Stream, World

FIRST = Row(Stage.SENDING, stream=0, expected=0, size=1, fence=0, outcome=Outcome.STORED)
SECOND = Row(Stage.SENDING, stream=1, expected=0, size=1, fence=0, after=0b1)
STORED = World((Lane((FIRST, SECOND)), Lane()), (Stream((0,)), Stream((1,))))
"""One writer has stored A1, and then B1, of which it knew that A1 was stored."""


def facts(world: World) -> Facts:
    return Facts(Rules(), world)


def test_entries_in_order_break_nothing() -> None:
    assert broken_by_entry(facts(STORED), [(0, 1), (1, 1)]) == NONE
    assert broken_by_entry(facts(STORED._replace(log=((0,),))), [(1, 1)]) == NONE


def test_an_event_that_is_in_the_log_already_is_there_twice() -> None:
    assert broken_by_entry(facts(STORED._replace(log=((0,),))), [(0, 1)]) == Promise.TWICE


def test_an_event_before_its_predecessor_leaves_a_gap() -> None:
    assert broken_by_entry(facts(STORED), [(0, 2)]) == Promise.GAP


def test_an_event_that_is_not_stored_is_a_phantom() -> None:
    assert broken_by_entry(facts(STORED), [(0, 1), (0, 2)]) == Promise.PHANTOM


def test_an_append_before_one_that_its_writer_knew_of_breaks_the_order() -> None:
    assert broken_by_entry(facts(STORED), [(1, 1)]) == Promise.ORDER
    assert broken_by_entry(facts(STORED), [(1, 1), (0, 1)]) == Promise.ORDER


def test_without_the_knowledge_any_order_will_do() -> None:
    unaware = STORED.with_row(0, 1, SECOND._replace(after=0))

    assert broken_by_entry(facts(unaware), [(1, 1)]) == NONE


def test_at_rest_with_an_event_missing_is_a_skip() -> None:
    half = STORED._replace(log=((0,),))
    whole = STORED._replace(log=((0,), (1,)))

    assert broken_by_memory(facts(half), Memory(), at_rest=True) == Promise.SKIP
    assert broken_by_memory(facts(half), Memory(), at_rest=False) == NONE
    assert broken_by_memory(facts(whole), Memory(), at_rest=True) == NONE


def test_an_event_that_a_read_may_miss_is_no_skip_yet() -> None:
    unsure = STORED._replace(
        log=((0,),), streams=(STORED.streams[0], STORED.streams[1]._replace(half=True))
    )

    assert broken_by_memory(facts(unsure), Memory(), at_rest=True) == NONE


def test_a_finished_row_that_is_stored_and_not_in_the_log_is_lost() -> None:
    finished = Memory(low=(1, 0), high=(1, 0))

    assert broken_by_memory(facts(STORED), finished, at_rest=False) == Promise.LOST
    in_log = STORED._replace(log=((0,),))
    assert broken_by_memory(facts(in_log), finished, at_rest=False) == NONE


def test_a_finished_row_that_can_still_apply_is_lost() -> None:
    open_row = World((Lane((FIRST,)), Lane()))

    assert (
        broken_by_memory(facts(open_row), Memory(high=(1, 0), void=0b1), at_rest=False)
        == Promise.LOST
    )
    assert broken_by_memory(facts(open_row), Memory(high=(1, 0)), at_rest=False) == NONE


def test_a_row_below_a_low_mark_or_in_a_removed_lane_must_be_finished() -> None:
    lane = Lane((FIRST,))

    def broken(lane: Lane) -> int:
        return broken_by_world(facts(World((lane, Lane()))))

    assert broken(lane) == NONE
    assert broken(lane._replace(low=1)) == Promise.LOST
    assert broken(lane._replace(lows_in_flight=0b10)) == Promise.LOST
    assert broken(lane._replace(lows_in_flight=0b01)) == NONE
    assert broken(lane._replace(dropped=1)) == Promise.LOST
    assert broken(lane._replace(removed=True)) == Promise.LOST
