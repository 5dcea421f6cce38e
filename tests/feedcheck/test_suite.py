"""Each run finds what it must; the long ones are left to `make feedcheck`, or are bounded here."""

import enum
from dataclasses import fields

import pytest

from tools.feedcheck.promises import Promise
from tools.feedcheck.rules import Rules
from tools.feedcheck.run import Run
from tools.feedcheck.suite import runs

LONG = {"v2-pipelined", "s8-pipelined", "mut-no-timestamp"} | {
    f"{family}-{rule}" for family in ("mut", "s8") for rule in ("k-off", "k2-as-k1")
}
BROKEN = [run for run in runs() if run.breaks and run.name not in LONG]
SOUND = [run for run in runs() if not run.breaks]


@pytest.mark.parametrize("run", BROKEN, ids=lambda run: run.name)
def test_each_broken_rule_is_found_in_the_stated_number_of_steps(run: Run) -> None:
    result = run.result()

    assert result.faults == ()
    found = {trace.promise: len(trace.steps) for trace in result.traces}
    assert {promise: found[promise] for promise in run.breaks} == run.breaks


@pytest.mark.parametrize("run", SOUND, ids=lambda run: run.name)
def test_a_bounded_search_of_each_sound_run_finds_nothing(run: Run) -> None:
    result = run.result(most_states=4_000)

    assert result.faults == ()
    assert result.traces == ()
    assert result.states >= 4_000


def test_a_small_sound_run_is_searched_to_its_end() -> None:
    run = next(run for run in SOUND if run.name == "ok-ledger")

    result = run.result()

    assert result.is_complete
    assert result.states == run.states


def test_names_are_used_once() -> None:
    names = [run.name for run in runs()]

    assert len(names) == len(set(names))


def test_every_rule_has_a_run_that_changes_it() -> None:
    default = Rules()
    for rule in fields(Rules):
        if rule.name != "symmetry":  # of the search, not of the protocol
            changed = [
                run
                for run in runs()
                if getattr(run.rules, rule.name) != getattr(default, rule.name)
            ]
            assert changed, rule.name


def test_every_value_of_a_rule_is_used_by_a_run() -> None:
    for rule in fields(Rules):
        default = getattr(Rules(), rule.name)
        if isinstance(default, enum.Enum):
            used = {getattr(run.rules, rule.name) for run in runs()}
            assert used == set(type(default)), rule.name


def test_a_run_that_finds_something_else_has_faults() -> None:
    run = next(run for run in BROKEN if run.name == "mut-legacy")

    too_long = Run("long", "", run.rules, {Promise.SKIP: 4}).result()
    other = Run("other", "", run.rules, {Promise.PHANTOM: 3}).result()
    sound = Run("sound", "", run.rules).result()

    assert too_long.faults == ("SKIP takes 3 steps, not 4",)
    assert other.faults == ("PHANTOM was not found",)
    assert sound.faults == ("SKIP was found",)


def test_a_sound_run_with_another_number_of_states_has_a_fault() -> None:
    rules = Rules(appends=(1, 0))

    (fault,) = Run("few", "", rules, states=1).result().faults

    assert fault.endswith("states, not 1")
