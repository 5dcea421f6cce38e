"""The scan of a sequencer that has just taken the lead, in virtual time."""

import asyncio
from uuid import UUID

import pytest

from event_store_async import NewEvent

from .checker import judge, log_of
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


@pytest.mark.parametrize("rings", [True, False])
def test_what_is_announced_keeps_its_order_although_nobody_looks_at_its_lane(
    rings: bool, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lane that was idle for an hour is read once in 25 minutes, unless somebody rings."""

    async def live(loop: Loop) -> list[int]:
        world = World(1, QUIET)
        await world._create_feed()
        writer, other = (world.open_store()[1] for _ in range(2))
        runner = other._engine.feed.runner

        async def work(seconds: float, pause: float) -> None:
            end = loop.time() + seconds
            while loop.time() < end:
                await runner.step()
                await asyncio.sleep(pause)

        await writer.persist_events(UUID(int=STREAMS), [NewEvent({}, "opened")], 0)
        await work(3600, 0.5)
        assert runner.scan is not None
        assert not runner.scan.is_backfill
        if not rings:
            monkeypatch.setattr(writer._engine.feed._lane._bell, "ring", lambda: None)
        for number in reversed(range(12)):
            await writer.persist_events(UUID(int=number), [NewEvent({}, "opened")], 0)
        await work(400, 0.5)  # the scan waits for three minutes
        assert judge(world.tables, [], complete=True) == []
        return [stream_id.int for stream_id, _ in log_of(world.tables)]

    assert run(live) == [STREAMS, *reversed(range(12))]
    assert "no writer announced" not in caplog.text
