"""Ratios near zero: how they are shown. Nothing is measured here."""

import pytest

from benchmarks.bench import OURS
from benchmarks.feeds import SEQUENCING
from benchmarks.peers import SEQUENCER
from benchmarks.processes import HOT, PROCESSES
from benchmarks.results import Key, Results
from benchmarks.spread import ratio_text
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
