"""A backfill that another sequencer completes, while the first one stands still: scripted."""

import asyncio
from dataclasses import replace
from typing import Any
from unittest import mock
from uuid import UUID

import pytest

from event_store_async import EventStore, NewEvent
from event_store_async.cassandra.feed import scan
from event_store_async.cassandra.feed.entry import Link
from event_store_async.cassandra.feed.lane_reader import YOUNG

from .checker import Appended, judge
from .clock import Loop, run
from .session import CALM
from .world import Plan, World

QUIET = Plan(sequences=False, weather=CALM, ahead=0.0, old_writers=0.0, backfill=True)
FIRST, SECOND = UUID(int=9), UUID(int=5)
"""The scan comes to the second stream before the first one."""


async def _append(store: EventStore, stream_id: UUID, loop: Loop, expected: int = 0) -> Appended:
    await asyncio.sleep(0.1)
    began = loop.time()
    await store.persist_events(stream_id, [NewEvent({}, "opened")], expected)
    ended = loop.time()
    version = expected + 1
    return Appended("the store", began, ended, stream_id, version, version, fresh=True)


def _does_not_announce(world: World) -> EventStore:
    """Return a store that was opened before the feed was enabled."""
    plan, world.plan = world.plan, replace(world.plan, old_writers=1.0)
    _, store = world.open_store()
    world.plan = plan
    return store


def _state(world: World) -> object:
    return world.tables.partitions["feed", 0].seen(None)[0, "state"]


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
        assert _state(world) == "complete"

        if leads == "again":
            sequencer = await waiting._open()
        appended = [await _append(writer, stream, loop) for stream in (FIRST, SECOND)]
        await waiting._scan_on(sequencer)
        assert _state(world) == "complete"
        for _ in range(5):
            await waiting.step()
        return judge(world.tables, appended, complete=True)

    assert run(live) == []


@pytest.mark.parametrize("old", [False, True])
def test_what_is_announced_meanwhile_comes_in_the_order_of_its_lane(old: bool) -> None:
    """The scan sees it, but only looks for what was there before."""

    async def live(loop: Loop) -> list[str]:
        world = World(1, QUIET)
        await world._create_feed()
        _, writer = world.open_store()
        runner = world.open_store()[1]._engine.feed.runner
        if old:  # the scan must publish the first event of a stream, and not the second
            await _append(_does_not_announce(world), FIRST, loop)
        appended = [
            await _append(writer, FIRST, loop, int(old)),
            await _append(writer, SECOND, loop),
        ]
        sequencer = await runner._open()
        while _state(world) == "building":
            await runner._scan_on(sequencer)
            assert judge(world.tables, appended, complete=False) == []
            if _state(world) == "building":
                await runner._publish(sequencer)
                await asyncio.sleep(0.1)
        return judge(world.tables, appended, complete=True)

    assert run(live) == []


def test_what_another_one_has_published_is_not_waited_for() -> None:
    async def live(loop: Loop) -> list[str]:
        world = World(1, QUIET)
        await world._create_feed()
        writer, old = world.open_store()[1], _does_not_announce(world)
        first, second = (world.open_store()[1]._engine.feed.runner for _ in range(2))
        appended = [await _append(writer, SECOND, loop)]
        await _append(old, FIRST, loop)
        slow, fast = await first._open(), await second._open()
        await first._scan_on(slow)
        await asyncio.sleep(1)
        await fast.round(fast.lanes)
        await asyncio.sleep(1)
        await fast.round(fast.lanes)
        await fast.write_low()
        for _ in range(10):
            await first._publish(slow)
            await first._scan_on(slow)
            await asyncio.sleep(1)
        assert _state(world) == "complete"
        return judge(world.tables, appended, complete=True)

    with mock.patch.object(scan, "STREAMS_AT_ONCE", 1):
        assert run(live) == []


def test_a_look_that_is_cut_off_is_taken_again() -> None:
    """Some of its streams are left to their lanes by then, and others were not looked at."""

    async def live(loop: Loop) -> list[str]:
        world = World(1, QUIET)
        await world._create_feed()
        writer, old = world.open_store()[1], _does_not_announce(world)
        runner = world.open_store()[1]._engine.feed.runner
        appended = [await _append(writer, SECOND, loop)]
        await _append(old, FIRST, loop)
        reached, standing = asyncio.Event(), runner._tables.standing

        async def slow(stream_id: UUID, *args: Any) -> Any:
            if stream_id == FIRST:
                reached.set()
                await asyncio.sleep(5)
            return await standing(stream_id, *args)

        async def none() -> list[Any]:
            return []

        with (
            mock.patch.object(runner._tables, "standing", slow),
            mock.patch.object(runner._tables, "doorbells", none),
        ):
            runner.start()
            await reached.wait()
            await runner.close()
        runner.start()
        while _state(world) == "building":
            await asyncio.sleep(0.1)
        wrong = judge(world.tables, appended, complete=True)
        await runner.close()
        return wrong

    assert run(live) == []


def test_a_part_that_is_dropped_is_not_the_end_of_a_lane() -> None:
    async def live(loop: Loop) -> list[str]:
        world = World(1, replace(QUIET, part_rows=3))
        await world._create_feed()
        _, writer = world.open_store()
        first, second = (world.open_store()[1]._engine.feed.runner for _ in range(2))
        appended = [await _append(writer, UUID(int=100 + it), loop) for it in range(3)]
        slow, fast = await first._open(), await second._open()
        await asyncio.sleep(1)
        await fast.round(fast.lanes)
        await asyncio.sleep(1)
        await fast.round(fast.lanes)
        appended += [await _append(writer, FIRST, loop), await _append(writer, SECOND, loop)]
        feed = first._tables.feed

        async def after_a_while() -> Any:
            await fast.write_low()
            return await feed()

        with mock.patch.object(first._tables, "feed", after_a_while):
            await first._scan_on(slow)
        return judge(world.tables, appended, complete=False)

    assert run(live) == []


def test_the_addresses_of_another_feed_hold_nothing_up() -> None:
    async def live(loop: Loop) -> list[str]:
        world = World(1, QUIET)
        await world._create_feed()
        _, before = world.open_store()
        for version in range(5):
            await _append(before, FIRST, loop, version)
        for place in [place for place in world.tables.partitions if place[0] != "events"]:
            del world.tables.partitions[place]
        await world._create_feed()
        _, writer = world.open_store()
        runner = world.open_store()[1]._engine.feed.runner
        appended = [await _append(writer, FIRST, loop, 5), await _append(writer, SECOND, loop)]
        began = loop.time()
        runner.start()
        while _state(world) == "building" and loop.time() < began + 1000:
            await asyncio.sleep(0.1)
        assert loop.time() < began + YOUNG * 100
        wrong = judge(world.tables, appended, complete=True)
        await runner.close()
        return wrong

    with mock.patch.object(scan, "STREAMS_AT_ONCE", 1):
        assert run(live) == []


def test_it_is_not_complete_before_what_another_one_kept_from_the_log_is_in_it() -> None:
    streams = [UUID(int=number) for number in range(1, 5)]

    async def live(_: Loop) -> list[str]:
        world = World(1, QUIET)
        await world._create_feed()
        first, second = (world.open_store()[1] for _ in range(2))
        writer = _does_not_announce(world)
        for stream_id in streams:
            await writer.persist_events(stream_id, [NewEvent({}, "opened")], 0)
        runner = first._engine.feed.runner
        sequencer, rival = await runner._open(), await second._engine.feed.runner._open()
        append, rivals = sequencer._log.append, iter(streams[1:3])

        async def too_late(*args: Any) -> Any:
            for stream_id in rivals:
                await rival.progress_of(stream_id)
                rival.add_stranger(Link(stream_id, 1, 1, "opened"))
                assert await rival.round(()) is not None
                break
            return await append(*args)

        with mock.patch.object(sequencer._log, "append", too_late):
            while await runner._scan_on(sequencer):
                pass
        assert sequencer.lost == 2
        assert _state(world) == "complete"
        return judge(world.tables, [], complete=True)

    assert run(live) == []
