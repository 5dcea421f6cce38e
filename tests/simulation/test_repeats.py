"""Two stores append the same event, but not the same append: scripted, on simulated cells."""

from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from event_store_async import EventStore, NewEvent
from event_store_async.cassandra.append.plan import Verdict
from event_store_async.cassandra.feed.announcement import Address
from event_store_async.cassandra.feed.announcer import Announcer

from .checker import judge
from .clock import Loop, run
from .session import CALM
from .world import Plan, World

QUIET = Plan(sequences=False, weather=CALM, ahead=0.0, old_writers=0.0)
STREAM = UUID(int=7)
EVENTS: list[NewEvent] = [NewEvent({}, None, None, UUID(int=number)) for number in (1, 2, 3, 4)]


def overtake(slow: EventStore, fast: EventStore, events: list[NewEvent]) -> None:
    """Append in one store right after another has announced its next append."""
    announcer = slow._engine.feed.announcer
    announce = announcer.announce

    async def announce_and_wait(*given: Any) -> Verdict | None:
        verdict = await announce(*given)
        announcer.announce = announce  # type: ignore[method-assign]
        await fast.persist_events(STREAM, events, 1)
        return verdict

    announcer.announce = announce_and_wait  # type: ignore[method-assign,assignment]


@pytest.mark.parametrize(("stored", "repeated"), [(3, 1), (1, 3), (2, 2)])
def test_what_another_store_stored_is_published_as_it_stands(stored: int, repeated: int) -> None:
    async def live(_loop: Loop) -> list[str]:
        world = World(1, QUIET)
        await world._create_feed()
        fast, slow, sequencing = (world.open_store()[1] for _ in range(3))
        runner = sequencing._engine.feed.runner
        await slow.persist_events(STREAM, EVENTS[:1], 0)
        await fast.current_version(STREAM)
        await runner.step()
        # Its outcome is unknown, let us say: nobody rings for what it stored.
        fast._engine.feed._lane._ring = lambda: None  # type: ignore[method-assign]
        overtake(slow, fast, EVENTS[1 : 1 + stored])
        await slow.try_persist_events(STREAM, EVENTS[1 : 1 + repeated], 1)
        for _ in range(5):
            await runner.step()
        return judge(world.tables, [], complete=True)

    assert run(live) == []


@pytest.mark.parametrize("name", ["conflict", "wrong category", "found", "applied"])
def test_only_what_this_very_plan_stored_is_told_as_stored(name: Any) -> None:
    told: list[dict[str, bool]] = []

    def settled(_address: Address, **outcome: bool) -> None:
        told.append(outcome)

    lane: Any = SimpleNamespace(settled=settled)
    plan: Any = SimpleNamespace(address=(STREAM, 1))
    nothing: Any = None
    announcer = Announcer(lane, nothing, nothing, nothing)

    announcer.settled(plan, Verdict(name, 1))
    announcer.settled(plan, None)

    news = name in {"found", "applied"}
    assert told == [
        {"is_news": news, "stored": name == "applied"},
        {"is_news": False, "stored": False},
    ]
