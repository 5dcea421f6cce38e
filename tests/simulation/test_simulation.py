"""The feed's production code on a simulated cluster: sound runs, and mutants that are caught."""

import os
import subprocess
import sys
from collections import Counter
from dataclasses import replace

import pytest

from tools.feedcheck.suite import runs

from .breaking import check_caught
from .checker import log_of
from .mutants import (
    BEHIND,
    BUILDING,
    BURSTS,
    CRASH,
    DUEL,
    LOWS,
    MANY,
    MUTANTS,
    ORDER,
    OWN_ONLY,
    SHORT_LIVED,
    STALE,
    SUDDEN,
    WITHOUT,
    Mutant,
)
from .world import Plan, World, simulate

SEEDS = int(os.environ.get("EVENT_STORE_SIMULATION_SEEDS", "100"))
"""How many worlds of each kind: `make simulate SEEDS=…` runs more."""

FIRST = int(os.environ.get("EVENT_STORE_SIMULATION_FIRST", "0"))

AT_ONCE = 50
TRIES = 60
"""Seeds within which each mutant must be caught; most are at the first."""

PLANS: dict[str, Plan | None] = {
    "drawn": None,
    "behind": BEHIND,
    "bursts": BURSTS,
    "bursts, without repairs": replace(BURSTS, repairs=False),
    "building": BUILDING,
    "crash": CRASH,
    "crash, without repairs": replace(CRASH, repairs=False),
    "duel": DUEL,
    "duel, without repairs": replace(DUEL, repairs=False),
    "lows": LOWS,
    "lows, without repairs": replace(LOWS, repairs=False),
    "many": MANY,
    "order": ORDER,
    "own only": OWN_ONLY,
    "short-lived": SHORT_LIVED,
    "stale": STALE,
    "sudden": SUDDEN,
}


def chunks() -> list[tuple[str, int]]:
    return [(name, first) for name in PLANS for first in range(FIRST, FIRST + SEEDS, AT_ONCE)]


@pytest.mark.parametrize(("name", "first"), chunks(), ids=str)
def test_the_log_is_right_whatever_happens(name: str, first: int) -> None:
    facts: Counter[str] = Counter()
    for seed in range(first, min(first + AT_ONCE, FIRST + SEEDS)):
        outcome = simulate(seed, PLANS[name])
        facts.update(outcome.facts)
        assert not outcome.wrong, f"seed {seed}, plan {name}: {outcome.wrong}"

    assert facts["stored"] > min(AT_ONCE, SEEDS)  # the runs do what they are for
    if name.startswith("bursts"):
        assert facts["announced together"] > min(AT_ONCE, SEEDS)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: f"{mutant.rule} {mutant.name}")
def test_every_broken_rule_is_caught(mutant: Mutant) -> None:
    # The scan and the guard would mend what is left out, and raise an alarm. Without them it shows
    # in the log. Only what writers that do not announce have stored needs the scan.
    hides = "SKIPPED" in mutant.shows and not mutant.plan.old_writers
    plan = replace(mutant.plan, repairs=not hides)
    check_caught(mutant, lambda seed: simulate(seed, plan).wrong, TRIES)


def test_every_rule_of_the_search_is_broken_in_the_code_as_well() -> None:
    names = {run.name.partition("-")[2] for run in runs() if run.breaks}
    broken = {mutant.run for mutant in MUTANTS if mutant.run}

    assert broken | WITHOUT.keys() == names
    assert not broken & WITHOUT.keys()


@pytest.mark.parametrize("seed", [3, 17])
def test_the_same_seed_is_the_same_run(seed: int) -> None:
    assert simulate(seed) == simulate(seed)


def test_the_same_seed_is_the_same_run_in_another_process() -> None:
    """Whatever Python hashes by address, and whatever the real time is."""
    code = "from tests.simulation.test_simulation import printed; printed()"

    def printed_by(hash_seed: str) -> str:
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        command = [sys.executable, "-c", code]
        return subprocess.check_output(command, env=environment, text=True, timeout=200)

    assert printed_by("1") == printed_by("2")


def printed() -> None:
    """Print what became of some runs."""
    for name, plan in PLANS.items():
        for seed in (3, 27):
            world = World(seed, plan)
            outcome = world.run()
            print(name, seed, outcome, world.appended, log_of(world.tables))


def test_plans_differ() -> None:
    plans = {repr(World(seed).plan) for seed in range(20)}

    assert len(plans) == 20
