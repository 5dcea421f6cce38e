"""Processes that share a stream take turns: in simulated time, without a server."""

from itertools import pairwise

import pytest

from event_store_async.cassandra.append.stream_turns import LONGEST_TURN, LONGEST_WAIT

from .shared_stream import Costs, World

SECONDS = 20.0
USUAL = Costs()


def alone(costs: Costs = USUAL) -> int:
    world = World(costs=costs)
    process = world.add(0, SECONDS)
    world.run()
    assert process.conflicts == 0
    return len(process.stored)


@pytest.mark.parametrize("processes", [2, 3, 4, 8])
@pytest.mark.parametrize("seed", range(5))
def test_they_store_nearly_as_much_as_one_alone_and_each_has_its_share(
    processes: int, seed: int
) -> None:
    world = World(seed)
    for number in range(processes):
        world.add(number * 0.01, SECONDS)

    world.run()

    stored = [len(it.stored) for it in world.processes]
    assert sum(stored) >= 0.8 * alone()
    assert min(stored) >= 0.5 * sum(stored) / processes
    assert sum(it.conflicts for it in world.processes) <= 0.2 * sum(stored), "of batches"
    assert max(it.longest for it in world.processes) <= 3 * processes * LONGEST_WAIT


@pytest.mark.parametrize("slower", [5, 20])
def test_they_share_a_slow_server_too(slower: int) -> None:
    costs = Costs(USUAL.attempt * slower, USUAL.refused * slower, USUAL.reading * slower)
    world = World(costs=costs)
    for number in range(4):
        world.add(number * 0.01, SECONDS)

    world.run()

    stored = [len(it.stored) for it in world.processes]
    assert sum(stored) >= 0.5 * alone(costs)
    assert min(stored) >= 0.4 * sum(stored) / 4


def test_a_process_that_comes_later_has_its_turn_soon() -> None:
    world = World()
    world.add(0, SECONDS)
    late = world.add(5, SECONDS)

    world.run()

    assert late.stored[0] - 5 <= 2 * LONGEST_WAIT


def test_when_a_rival_stops_for_good_the_other_is_as_fast_as_alone() -> None:
    world = World()
    stays = world.add(0, SECONDS)
    world.add(0, 5)

    world.run()

    afterwards = [at for at in stays.stored if at >= 5]
    pauses = [later - at for at, later in pairwise(afterwards)]
    assert len(afterwards) >= 0.97 * alone() * (SECONDS - 5) / SECONDS
    assert sum(pause > 0.005 for pause in pauses) <= 3
    assert max(pauses) <= LONGEST_TURN
