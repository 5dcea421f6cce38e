"""When a store says, as it closes, how long its lane is (W9): in virtual time."""

from uuid import UUID

import pytest

from event_store_async import NewEvent
from event_store_async.retry import Deadline

from .clock import Loop, run
from .session import CALM
from .world import Plan, World

QUIET = Plan(sequences=False, weather=CALM, ahead=0.0, old_writers=0.0)
STREAM = UUID(int=1)


@pytest.mark.parametrize("outcome", ["stored", "refused", "unknown"])
def test_a_lane_is_closed_once_the_outcome_of_each_append_is_certain(outcome: str) -> None:
    """An append that may still be stored would be in a lane that nobody reads any more."""

    async def live(_: Loop) -> object:
        world = World(1, QUIET)
        await world._create_feed()
        store = world.open_store()[1]
        await store.persist_events(STREAM, [NewEvent({}, "opened")], 0)
        lane = store._engine.feed._lane
        address = await lane.announce(STREAM, 1, 1, None, None, Deadline(10.0))
        if outcome != "unknown":
            lane.settled(address, applied=outcome == "stored")
        await store.close()
        (writers,) = (
            partition
            for place, partition in world.tables.partitions.items()
            if place[0] == "writers"
        )
        return writers.seen(None).get((address.writer, "closed_at"))

    assert run(live) == (None if outcome == "unknown" else 2)
