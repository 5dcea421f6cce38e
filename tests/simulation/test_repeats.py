"""Two stores append the same event, but not the same append: scripted, on simulated cells."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from event_store_async import EventStore, NewEvent
from event_store_async.cassandra.feed.announcement import Address

from .checker import judge
from .clock import Loop, run
from .mutants import believe_outcomes
from .session import CALM
from .world import Plan, World

QUIET = Plan(sequences=False, weather=CALM, ahead=0.0, old_writers=0.0)
STREAM = UUID(int=7)
EVENTS: list[NewEvent] = [NewEvent({}, None, None, UUID(int=number)) for number in (1, 2, 3, 4)]


def overtake(slow: EventStore, fast: EventStore, events: list[NewEvent]) -> list[Any]:
    """Append in one store right after another's next append is announced; return what it got."""
    lane = slow._engine.feed._lane
    begin = lane.begin
    results: list[Any] = []
    tasks: list[asyncio.Task[None]] = []

    def begin_and_wait(*given: Any) -> Any:
        *announced, told, of = given

        async def append_first(address: Address | None, error: Exception | None) -> None:
            results.append(await fast.persist_events(STREAM, events, 1))
            told(of, address, error)

        def acknowledged(_: None, address: Address | None, error: Exception | None) -> None:
            tasks.append(asyncio.ensure_future(append_first(address, error)))

        lane.begin = begin  # type: ignore[method-assign]
        forward: Any = begin
        return forward(*announced, acknowledged, None)

    lane.begin = begin_and_wait  # type: ignore[method-assign,assignment]
    return results


def published(stored: int, repeated: int) -> list[str]:
    """Return what is wrong after two stores have appended so many of the same events."""

    async def live(_loop: Loop) -> list[str]:
        world = World(1, QUIET)
        await world._create_feed()
        fast, slow, sequencing = (world.open_store()[1] for _ in range(3))
        runner = sequencing._engine.feed.runner
        await slow.persist_events(STREAM, EVENTS[:1], 0)
        await fast.current_version(STREAM)
        await runner.step()
        # Its outcome is unknown, let us say: nobody rings for what it stored.
        fast._engine.feed._lane._bell.ring = lambda: None  # type: ignore[method-assign]
        results = overtake(slow, fast, EVENTS[1 : 1 + stored])
        await slow.try_persist_events(STREAM, EVENTS[1 : 1 + repeated], 1)
        assert [result.version for result in results] == [1 + stored]
        for _ in range(5):
            await asyncio.sleep(1.0)
            await runner.step()
        return judge(world.tables, [], complete=True)

    return run(live)


@pytest.mark.parametrize(("stored", "repeated"), [(3, 1), (1, 3), (2, 2)])
def test_what_another_store_stored_is_published_as_it_stands(stored: int, repeated: int) -> None:
    assert published(stored, repeated) == []


@pytest.mark.parametrize(("stored", "repeated", "shows"), [(1, 3, "PHANTOM"), (3, 1, "SKIPPED")])
def test_it_shows_if_what_was_found_is_told_as_its_own(
    stored: int, repeated: int, shows: str
) -> None:
    with believe_outcomes("found")():
        wrong = published(stored, repeated)

    assert {each.partition(":")[0] for each in wrong} == {shows}
