"""Ratios near zero: how they are shown and compared. Nothing is measured here."""

import pytest

from benchmarks.bench import OURS
from benchmarks.feeds import SEQUENCING
from benchmarks.goals import Goal, goals
from benchmarks.guard import compare
from benchmarks.peers import SEQUENCER
from benchmarks.processes import HOT, PROCESSES
from benchmarks.results import Key, Results
from benchmarks.spread import ratio_text, spread
from benchmarks.tables import goal_table, number


def lags(*growths: float) -> Results:
    made = Results({})
    for growth in growths:
        made.add(Key(SEQUENCING, SEQUENCER, "own streams", 64), {"growth": growth})
    return made


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (21.534, "21.53"),
        (0.5, "0.50"),
        (0.1, "0.10"),
        (0.0999, "0.10"),
        (0.05, "0.050"),
        (0.00159, "0.0016"),
        (-0.00076, "-0.00076"),
        (0.0000417, "0.000042"),
        (0.000004, "0"),
        (-0.000004, "0"),
        (-0.0, "0"),
        (0.0, "0"),
    ],
)
def test_a_small_ratio_is_shown_with_two_significant_digits(value: float, shown: str) -> None:
    assert ratio_text(value) == shown


def test_few_conflicts_are_not_shown_as_none() -> None:
    made = Results({})
    for conflicts in (0.0, 0.00159, 0.0021):
        numbers = {"rate": 1.0, "fairness": 0.5, "conflicts": conflicts}
        made.add(Key(PROCESSES, OURS, HOT, 4), numbers)

    assert "| at most 0.2 | 0.0016 (0 to 0.0021) | met |" in goal_table(made)


def test_zero_has_no_sign() -> None:
    assert "| at most 0.01 | 0 (0 to 0.00039) | met |" in goal_table(lags(-0.000001, -0.0, 0.00039))
    assert number(-0.0) == "0"


def test_a_small_ratio_that_is_just_missed_is_not_shown_as_its_limit() -> None:
    shown = "| at most 0.01 | 0.01002 (0.01002 to 0.01002) | **missed** |"

    assert shown in goal_table(lags(0.01002))


@pytest.mark.parametrize(
    ("limit", "now", "word"),
    [
        (0.2, 0.0039, "same"),
        (0.2, 0.0041, "worse"),
        (None, 0.019, "same"),
        (None, 0.021, "worse"),
        (0.2, 0.0, "same"),
        (0.2, -0.0041, "better"),
    ],
)
def test_a_difference_from_a_recorded_zero_is_a_share_of_the_limit(
    limit: float | None, now: float, word: str
) -> None:
    recorded, measured = (
        Goal("conflicts", "conflicts", limit, True, spread([each])) for each in (0.0, now)
    )

    (verdict,) = compare([measured], [recorded])

    assert verdict.text.split()[0] == word
    assert verdict.worse == (word == "worse")


def test_the_guard_shows_small_ratios_as_the_page_does() -> None:
    (verdict,) = compare(goals(lags(0.00039)), goals(lags(-0.00076, 0.0, 0.0016)))

    assert verdict.text.endswith("appended: 0.00039, recorded 0 (-0.00076 to 0.0016)")
