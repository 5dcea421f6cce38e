"""Groups whose subscriptions are kept on Cassandra: sound runs, and mutants that are caught."""

import os
from collections import Counter

import pytest

from .cassandra_group_mutants import (
    DIVIDED,
    FORGOTTEN,
    GENERATIONS,
    LEASES,
    MUTANTS,
    OPERATORS,
    VIEW,
    CassandraGroupMutant,
)
from .cassandra_group_world import (
    CassandraGroupWorld,
    CassandraPlan,
    simulate_cassandra_group,
)
from .group_world import run_group

SEEDS = int(os.environ.get("EVENT_STORE_SIMULATION_SEEDS", "20"))
"""How many worlds there are of other kinds; of these, which take longer, a part of it."""

FIRST = int(os.environ.get("EVENT_STORE_SIMULATION_FIRST", "0"))

TRIES = 20
"""Seeds within which each mutant must be caught; most are at the first."""

PLANS: dict[str, CassandraPlan | None] = {
    "drawn": None,
    "leases": LEASES,
    "operators": OPERATORS,
    "view": VIEW,
    "generations": GENERATIONS,
    "divided": DIVIDED,
    "forgotten": FORGOTTEN,
}


@pytest.mark.parametrize("name", PLANS)
def test_a_group_on_cassandra_is_right_whatever_happens(name: str) -> None:
    facts: Counter[str] = Counter()
    seeds = max(SEEDS // (10 if name == "drawn" else 50), 1)
    for seed in range(FIRST, FIRST + seeds):
        outcome = simulate_cassandra_group(seed, PLANS[name])
        facts.update(outcome.facts)
        assert not outcome.wrong, f"seed {seed}, plan {name}: {outcome.wrong}"

    assert facts["appended"] > seeds  # the runs do what they are for


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_every_broken_rule_of_the_tables_is_caught(mutant: CassandraGroupMutant) -> None:
    found: Counter[str] = Counter()
    for seed in range(TRIES):
        with mutant.broken():
            wrong = simulate_cassandra_group(seed, mutant.plan).wrong
        kinds = {each.partition(":")[0] for each in wrong}
        if kinds & set(mutant.shows):
            return
        found.update(kinds)

    raise AssertionError(f"{mutant.name} was not caught in {TRIES} runs; they showed {found}")


@pytest.mark.parametrize("plan", [GENERATIONS, FORGOTTEN], ids=["generations", "forgotten"])
def test_the_same_seed_is_the_same_run(plan: CassandraPlan) -> None:
    def told() -> str:
        world = CassandraGroupWorld(1, plan)
        outcome = run_group(world)
        calls = [{**vars(call), "process": call.process.number} for call in world.story.calls]
        return f"{outcome} {calls}"

    assert told() == told()
