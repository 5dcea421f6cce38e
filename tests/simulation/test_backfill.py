"""A backfill that another sequencer completes, while the first one stands still: scripted."""

import asyncio
from uuid import UUID

import pytest

from event_store_async import EventStore, NewEvent

from .checker import Appended, judge
from .clock import Loop, run
from .session import CALM
from .world import Plan, World

QUIET = Plan(sequences=False, weather=CALM, ahead=0.0, old_writers=0.0, backfill=True)
FIRST, SECOND = UUID(int=9), UUID(int=5)
"""The scan comes to the second stream before the first one."""


async def _append(store: EventStore, stream_id: UUID, loop: Loop) -> Appended:
    await asyncio.sleep(0.1)
    began = loop.time()
    await store.persist_events(stream_id, [NewEvent({}, "opened")], 0)
    ended = loop.time()
    return Appended("the store", began, ended, stream_id, 1, 1, fresh=True)


@pytest.mark.parametrize("leads", ["still", "again"])
def test_what_comes_after_it_is_not_taken_for_what_was_before(leads: str) -> None:
    async def live(loop: Loop) -> list[str]:
        world = World(1, QUIET)
        await world._create_feed()
        writer, slow, fast = (world.open_store()[1] for _ in range(3))
        await writer.persist_events(UUID(int=1), [NewEvent({}, "opened")], 0)
        waiting = slow._engine.feed.runner
        sequencer = await waiting._open()
        while await fast._engine.feed.runner.step():
            pass
        tables = world.tables.partitions["feed", 0]
        assert tables.seen(None)[0, "state"] == "complete"

        if leads == "again":
            sequencer = await waiting._open()
        appended = [await _append(writer, stream, loop) for stream in (FIRST, SECOND)]
        await waiting._scan_on(sequencer)
        assert tables.seen(None)[0, "state"] == "complete"
        for _ in range(5):
            await waiting.step()
        return judge(world.tables, appended, complete=True)

    assert run(live) == []
