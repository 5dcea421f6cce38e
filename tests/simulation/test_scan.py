"""The scan of a sequencer that has just taken the lead, in virtual time."""

import asyncio
from uuid import UUID

from event_store_async import NewEvent

from .checker import judge
from .clock import Loop, run
from .session import CALM
from .world import Plan, World

QUIET = Plan(sequences=False, weather=CALM, ahead=0.0, old_writers=0.0)
STREAMS = 150


def test_it_holds_publication_up_for_little_more_than_a_read() -> None:
    async def live(loop: Loop) -> float:
        world = World(1, QUIET)
        await world._create_feed()
        writer, before, after = (world.open_store()[1] for _ in range(3))
        for number in range(STREAMS):
            await writer.persist_events(UUID(int=number), [NewEvent({}, "opened")], 0)
        while judge(world.tables, [], complete=True):
            await before._engine.feed.runner.step()
            await asyncio.sleep(0.1)
        runner = after._engine.feed.runner
        sequencer = await runner._open()
        began = loop.time()
        await runner._scan_on(sequencer)
        return loop.time() - began

    # One after the other, the reads would take half a second.
    assert run(live) < 0.1
