"""A run that is late leaves out rounds, and never a measurement."""

import math

import pytest

from benchmarks.pace import LEAST, Pace
from benchmarks.results import Results
from benchmarks.tables import machine_table


class Clock:
    """A clock that stands still unless it is told otherwise."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def run(slowness: float, limit: float, scenarios: int = 20) -> tuple[Pace, float]:
    """Run scenarios of 50 planned seconds on a slow machine; return the seconds they took."""
    clock = Clock()
    pace = Pace(50.0 * scenarios, limit, clock)
    for number in range(scenarios):
        pace.begin(f"scenario {number}", 50.0)
        clock.now += slowness * (20.0 + 3.0 * pace.rounds(10))
    return pace, pace.passed


@pytest.mark.parametrize("slowness", [0.8, 0.95, 1.0])
def test_a_run_that_is_not_late_has_all_rounds(slowness: float) -> None:
    pace, passed = run(slowness, limit=1000.0)

    assert pace.fewer == {}
    assert passed <= 1000.0


@pytest.mark.parametrize("slowness", [1.1, 1.3, 1.6])
def test_a_late_run_has_fewer_rounds_and_ends_in_time(slowness: float) -> None:
    pace, passed = run(slowness, limit=1000.0)

    assert pace.fewer
    assert passed <= 1000.0 * 1.02


def test_a_very_slow_run_has_the_least_rounds() -> None:
    pace, passed = run(5.0, limit=1000.0)

    assert passed > 1000.0, "nothing is left out but rounds"
    assert pace.fewer["scenario 19"] == f"{LEAST} of 10"


def test_a_run_without_a_limit_takes_its_time() -> None:
    pace, _ = run(5.0, limit=math.inf)

    assert pace.fewer == {}


def test_what_is_left_out_makes_time_for_the_rest() -> None:
    clock = Clock()
    pace = Pace(300.0, 300.0, clock)
    pace.begin("slow", 100.0)
    clock.now += 180.0
    pace.begin("optional", 100.0)
    assert pace.is_late

    pace.leave_out()
    pace.begin("last", 100.0)

    # The pace is that of what was done: 300 planned seconds would take 450.
    assert pace.left() == pytest.approx(100.0 * (180.0 + 60.0) / (100.0 + 60.0))
    assert pace.is_late
    assert not Pace(300.0, 300.0, clock).is_late


def test_few_rounds_are_not_made_more() -> None:
    clock = Clock()
    pace = Pace(100.0, 100.0, clock)
    pace.begin("slow", 50.0)
    clock.now += 90.0
    pace.begin("next", 50.0)

    assert pace.rounds(1) == 1
    assert pace.fewer == {}


def test_the_page_says_which_scenarios_had_fewer_rounds() -> None:
    about = {"machine": {}, "versions": {}, "node": {}, "size": {}, "moment": "2026-11-30"}
    late = {**about, "fewer_rounds": {"replay": "3 of 5", "peers": "2 of 3"}}

    assert "had fewer rounds: `replay` (3 of 5), `peers` (2 of 3).\n" in machine_table(
        Results(late)
    )
    assert "fewer" not in machine_table(Results(about))
