"""A trace is replayed step by step; one that was forged is rejected."""

import pytest

from tools.feedcheck.promises import Promise
from tools.feedcheck.rules import Rules
from tools.feedcheck.search import search
from tools.feedcheck.suite import runs
from tools.feedcheck.trace import ForgedTraceError, replay, traced

RULES = next(run.rules for run in runs() if run.name == "v2-drop-unacked")
STEPS = traced(found := search(RULES, stop_at=Promise.SKIP), found.violations[Promise.SKIP]).steps


def test_a_trace_is_replayed() -> None:
    replay(RULES, Promise.SKIP, STEPS)


@pytest.mark.parametrize("left_out", range(len(STEPS)))
def test_no_step_of_a_shortest_trace_can_be_left_out(left_out: int) -> None:
    with pytest.raises(ForgedTraceError):
        replay(RULES, Promise.SKIP, STEPS[:left_out] + STEPS[left_out + 1 :])


def test_a_step_too_early_is_rejected() -> None:
    with pytest.raises(ForgedTraceError, match=r"step 1 cannot be taken: the announcement"):
        replay(RULES, Promise.SKIP, (STEPS[1], STEPS[0], *STEPS[2:]))


def test_a_step_that_nobody_takes_is_rejected() -> None:
    with pytest.raises(ForgedTraceError, match=r"step 3 cannot be taken: the moon rises"):
        replay(RULES, Promise.SKIP, (*STEPS[:2], "the moon rises"))


def test_a_trace_of_another_promise_is_rejected() -> None:
    with pytest.raises(ForgedTraceError, match="TWICE still holds after the last step"):
        replay(RULES, Promise.TWICE, STEPS)


def test_a_trace_under_sound_rules_is_rejected() -> None:
    with pytest.raises(ForgedTraceError):
        replay(Rules(), Promise.SKIP, STEPS)


def test_a_trace_ends_in_words_that_show_the_state() -> None:
    trace = traced(found, found.violations[Promise.SKIP])

    assert str(trace.end) == "streams: A=[W1.1] B=[W1.2] log: A1 |"
