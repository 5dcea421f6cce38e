"""Groups whose subscriptions are kept on Cassandra: sound runs, and mutants that are caught."""

from collections import Counter

import pytest

from .breaking import check_caught
from .cassandra_group_mutants import (
    DIVIDED,
    FORGOTTEN,
    GENERATIONS,
    LEASES,
    MUTANTS,
    OPERATORS,
    VIEW,
)
from .cassandra_group_world import (
    CassandraGroupWorld,
    CassandraPlan,
    simulate_cassandra_group,
)
from .group_mutants import GroupMutant
from .test_groups import FIRST, SEEDS, told

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
    # These worlds take longer than those in memory, so there are fewer of them.
    seeds = max(SEEDS // (10 if name == "drawn" else 50), 1)
    for seed in range(FIRST, FIRST + seeds):
        outcome = simulate_cassandra_group(seed, PLANS[name])
        facts.update(outcome.facts)
        assert not outcome.wrong, f"seed {seed}, plan {name}: {outcome.wrong}"

    assert facts["appended"] > seeds  # the runs do what they are for


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_every_broken_rule_of_the_tables_is_caught(mutant: GroupMutant[CassandraPlan]) -> None:
    check_caught(mutant, lambda seed: simulate_cassandra_group(seed, mutant.plan).wrong, TRIES)


@pytest.mark.parametrize("plan", [GENERATIONS, FORGOTTEN], ids=["generations", "forgotten"])
def test_the_same_seed_is_the_same_run(plan: CassandraPlan) -> None:
    assert told(CassandraGroupWorld(1, plan)) == told(CassandraGroupWorld(1, plan))
