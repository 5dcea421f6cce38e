"""The scan of a sequencer that has just taken the lead, in virtual time."""

import asyncio
from dataclasses import replace
from uuid import UUID

import pytest

from event_store_async import NewEvent
from event_store_async.cassandra.feed import bell, scan

from .checker import judge, log_of
from .clock import Loop, run
from .mutants import BEHIND, BURSTS, DUEL, LOWS, SHORT_LIVED, STALE
from .session import CALM
from .world import Plan, World, simulate

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


class Asleep:
    """A feed with a lane that was idle for an hour: it is read once in 25 minutes."""

    def __init__(self, loop: Loop, pause: float) -> None:
        self._loop = loop
        self._pause = pause
        self.world = World(1, QUIET)

    async def begin(self) -> None:
        """Create the feed, and let the lane of a store fall asleep."""
        await self.world._create_feed()
        self.writer, other = (self.world.open_store()[1] for _ in range(2))
        self.runner = other._engine.feed.runner
        await self.append(STREAMS)
        await self.work(3600, 0.5)
        assert self.runner.scan is not None
        assert not self.runner.scan.is_backfill

    async def append(self, stream: int, events: int = 1) -> None:
        """Append, and wait for the answer."""
        for version in range(events):
            await self.writer.persist_events(UUID(int=stream), [NewEvent({}, "some")], version)

    async def work(self, seconds: float, pause: float | None = None) -> None:
        """Sequence for some time, with pauses like those of a runner."""
        end = self._loop.time() + seconds
        while self._loop.time() < end:
            await self.runner.step()
            await asyncio.sleep(pause or self._pause)


@pytest.mark.parametrize(
    ("rings", "streams", "pause"), [(True, 12, 0.5), (False, 12, 0.5), (False, 1, 0.02)]
)
def test_what_is_announced_keeps_its_order_although_nobody_looks_at_its_lane(
    rings: bool,
    streams: int,
    pause: float,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def live(loop: Loop) -> list[int]:
        asleep = Asleep(loop, pause)
        await asleep.begin()
        if not rings:
            monkeypatch.setattr(asleep.writer._engine.feed._lane._bell, "ring", lambda: None)
        for number in reversed(range(streams)):
            await asleep.append(number)
        await asleep.work(185)  # the scan waits for three minutes
        assert judge(asleep.world.tables, [], complete=True) == []
        return [stream_id.int for stream_id, _ in log_of(asleep.world.tables)]

    assert run(live) == [STREAMS, *reversed(range(streams))]
    assert "no writer announced" not in caplog.text


def test_more_than_an_entry_holds_is_published_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    async def live(loop: Loop) -> int:
        asleep = Asleep(loop, 0.5)
        await asleep.begin()
        monkeypatch.setattr(asleep.writer._engine.feed._lane._bell, "ring", lambda: None)
        await asleep.append(1, 1500)
        await asleep.work(200)
        assert judge(asleep.world.tables, [], complete=True) == []
        return len(log_of(asleep.world.tables))

    assert run(live) == 1501


@pytest.mark.parametrize(("strangers", "announced"), [(3, 2), (1100, 100)])
def test_events_that_nobody_announced_are_counted_and_those_after_them_are_left_to_their_lane(
    strangers: int,
    announced: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def live(loop: Loop) -> int:
        asleep = Asleep(loop, 0.5)
        await asleep.begin()
        lane = asleep.writer._engine.feed._lane
        monkeypatch.setattr(lane._bell, "ring", lambda: None)
        asleep.world.plan = replace(QUIET, old_writers=1.0)
        old = asleep.world.open_store()[1]
        for version in range(strangers):
            await old.persist_events(UUID(int=1), [NewEvent({}, "old")], version)
        for version in range(strangers, strangers + announced):
            await asleep.writer.persist_events(UUID(int=1), [NewEvent({}, "new")], version)
        await asleep.work(200)
        assert judge(asleep.world.tables, [], complete=True) == []
        assert asleep.runner.scan is not None
        return asleep.runner.scan.found

    assert run(live) == strangers


@pytest.mark.parametrize("name", ["stale", "bursts", "lows", "short-lived", "duel", "mixed"])
def test_it_comes_before_the_lanes_and_takes_nothing_from_them(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody rings, lanes are read seldom, and the scan waits for half a second, under faults."""
    plan = {
        "stale": STALE,
        "bursts": BURSTS,
        "lows": LOWS,
        "short-lived": SHORT_LIVED,
        "duel": DUEL,
        "mixed": replace(BEHIND, old_writers=0.5, appends=25, crashes=2, everybody_leads=True),
    }[name]
    monkeypatch.setattr(scan, "PATIENCE", 0.5)
    monkeypatch.setattr(scan, "PAUSE", 0.1)
    monkeypatch.setattr(bell.Bell, "ring", lambda _: None)

    for seed in range(1, 13):
        assert simulate(seed, replace(plan, live=20.0)).wrong == [], f"seed {seed}"
