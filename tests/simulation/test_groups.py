"""Consumer groups in virtual time: sound runs, and mutants that are caught."""

import os
import subprocess
import sys
from collections import Counter

import pytest

from .breaking import check_caught
from .group_mutants import (
    DIVIDED,
    GENERATIONS,
    LEASES,
    MUTANTS,
    PARKING,
    REPLAYS,
    RESETS,
    VIEW,
    GroupMutant,
)
from .group_world import GroupPlan, GroupWorld, run_group, simulate_group

SEEDS = int(os.environ.get("EVENT_STORE_SIMULATION_SEEDS", "20"))
"""How many worlds of each kind: `make simulate SEEDS=…` runs more."""

FIRST = int(os.environ.get("EVENT_STORE_SIMULATION_FIRST", "0"))

TRIES = 40
"""Seeds within which each mutant must be caught; most are at the first."""

PLANS: dict[str, GroupPlan | None] = {
    "drawn": None,
    "leases": LEASES,
    "parking": PARKING,
    "view": VIEW,
    "replays": REPLAYS,
    "generations": GENERATIONS,
    "resets": RESETS,
    "divided": DIVIDED,
}


@pytest.mark.parametrize("name", PLANS)
def test_a_group_is_right_whatever_happens(name: str) -> None:
    facts: Counter[str] = Counter()
    for seed in range(FIRST, FIRST + (SEEDS * 3 if name == "drawn" else max(SEEDS // 4, 1))):
        outcome = simulate_group(seed, PLANS[name])
        facts.update(outcome.facts)
        assert not outcome.wrong, f"seed {seed}, plan {name}: {outcome.wrong}"

    assert facts["appended"] > SEEDS  # the runs do what they are for


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_every_broken_rule_of_a_group_is_caught(mutant: GroupMutant[GroupPlan]) -> None:
    check_caught(mutant, lambda seed: simulate_group(seed, mutant.plan).wrong, TRIES)


def told(world: GroupWorld) -> str:
    """Run a world; return how it ended, and which handler was called when, as text."""
    outcome = run_group(world)
    calls = [{**vars(call), "process": call.process.number} for call in world.story.calls]
    return f"{outcome} {calls}"


@pytest.mark.parametrize(("name", "seed"), [("drawn", 3), ("parking", 2), ("leases", 0)])
def test_the_same_seed_is_the_same_run(name: str, seed: int) -> None:
    assert told(GroupWorld(seed, PLANS[name])) == told(GroupWorld(seed, PLANS[name]))


def test_the_same_seed_is_the_same_run_in_another_process() -> None:
    """Whatever Python hashes by address, and whatever the real time is."""
    code = "from tests.simulation.test_groups import printed; printed()"

    def printed_by(hash_seed: str) -> str:
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        command = [sys.executable, "-c", code]
        return subprocess.check_output(command, env=environment, text=True, timeout=200)

    assert printed_by("1") == printed_by("2")


def printed() -> None:
    """Print what became of some runs."""
    for name, plan in PLANS.items():
        print(name, told(GroupWorld(2, plan)))


def test_plans_differ() -> None:
    assert len({repr(GroupWorld(seed).plan) for seed in range(20)}) == 20
