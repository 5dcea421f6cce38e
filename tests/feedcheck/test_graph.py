"""The numbers of states lose nothing, and the shortcuts of the search change no result."""

from dataclasses import replace

import pytest

from tools.feedcheck.graph import STEP_BITS, Graph
from tools.feedcheck.promises import NONE, Promise
from tools.feedcheck.rules import Order, Rules
from tools.feedcheck.run import Run
from tools.feedcheck.search import search
from tools.feedcheck.state import State, broken_in, is_followed, transitions
from tools.feedcheck.suite import runs

BUSY = Rules(
    appends=(2, 2),
    sequencers=2,
    entry_in_flight=True,
    progress_table=True,
    lows=True,
    any_expected=True,
)
NAMED = {run.name: run for run in runs()}
COMPARED = [
    NAMED[name]
    for name in (
        "v2-order-lane",
        "v2-order-naive",
        "v2-low-in-memory",
        "mut-reuse",
        "mut-hole-skipped",
        "mut-split",
        "mut-log-uncond",
        "mut-lane-wait-backoff",
        "mut-close-check",
        "mut-fence-ignored",
        "s8-takeover-trust",
    )
]


@pytest.mark.parametrize("symmetry", [True, False])
def test_numbers_become_states_and_numbers_again(symmetry: bool) -> None:
    rules = replace(BUSY, symmetry=symmetry)
    found = search(rules, most_states=20_000)
    graph = found.graph

    for number in found.parents:
        assert graph.number(graph.state(number)) == number


def test_all_renamings_of_a_state_have_one_number() -> None:
    found = search(BUSY, most_states=8_000)
    graph = found.graph
    for number in list(found.parents)[::10]:
        world, memories = graph.state(number)
        for streams in (False, True):
            for writers in (False, True):
                other = world.renamed(streams=streams, writers=writers)
                first, second = (m.renamed(streams=streams, writers=writers) for m in memories)

                assert graph.number(State(other, (first, second))) == number
                assert graph.number(State(other, (second, first))) == number


def test_states_that_differ_have_different_numbers() -> None:
    found = search(replace(BUSY, symmetry=False), most_states=8_000)

    states = {found.graph.state(number) for number in found.parents}

    assert len(states) == found.states


@pytest.mark.parametrize(
    "rules",
    [
        BUSY,
        replace(BUSY, symmetry=False),
        replace(BUSY, sequencers=1),
        Rules(order=Order.CLOSURE, appends=(2, 2), log_is_conditional=False, sequencers=2),
    ],
)
def test_remembered_steps_are_those_taken_one_by_one(rules: Rules) -> None:
    graph = Graph(rules)
    found = search(rules, most_states=6_000)
    for number in list(found.parents)[::25]:
        state = found.graph.state(number)

        numbers, broken = graph.successors(graph.number(state))

        one_by_one = list(transitions(rules, state))
        assert set(numbers) == {graph.number(t.state) for t in one_by_one if is_followed(t)}
        by_steps = NONE
        for transition in one_by_one:
            by_steps |= transition.broken
        assert Promise(broken >> STEP_BITS) == by_steps
        assert Promise(broken & (1 << STEP_BITS) - 1) == broken_in(rules, state)


@pytest.mark.parametrize("run", COMPARED, ids=lambda run: run.name)
def test_without_symmetry_the_same_is_found_in_as_many_steps(run: Run) -> None:
    plain = Run(run.name, run.about, replace(run.rules, symmetry=False), run.breaks)

    with_symmetry, without = run.result(), plain.result()

    assert without.faults == ()
    assert without.depth == with_symmetry.depth
    assert without.states > with_symmetry.states or run.rules.appends == (3, 0)


def test_without_symmetry_a_sound_run_is_sound() -> None:
    small = Rules(appends=(1, 1), sequencers=2, progress_table=True, half_commits=False)

    with_symmetry = search(small)
    without = search(replace(small, symmetry=False))

    assert with_symmetry.is_complete
    assert without.is_complete
    assert with_symmetry.violations == without.violations == {}
    assert with_symmetry.depth == without.depth
    assert with_symmetry.states < without.states
