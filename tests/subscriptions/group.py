"""What the tests of subscriptions share: a store, streams, and handlers that note what they get."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar
from uuid import UUID

from event_store_async import Backoff, FeedEvent, MemoryEventStore, NewEvent
from event_store_async.subscriptions import Pace, Recovery, Subscription

from ..simulation.clock import run

_T = TypeVar("_T")

FAST = Recovery(backoff=Backoff(initial=0.01, maximum=0.1))


def streams(count: int) -> list[UUID]:
    """Return the ids of streams: the same in every run."""
    return [UUID(int=0xABCDEF0123456789 * (number + 1), version=4) for number in range(count)]


async def append(store: MemoryEventStore, *places: UUID, type_: str | None = None) -> None:
    """Append one event to each of these streams, in this order."""
    for stream_id in places:
        await store.persist_events(stream_id, [NewEvent({"in": str(stream_id)}, type_)])


class Notes:
    """A handler that notes what it gets, and fails where it is told to."""

    def __init__(self) -> None:
        self.got: list[tuple[UUID, int]] = []
        self.failing: dict[tuple[UUID, int], Exception] = {}
        self.tried: list[tuple[UUID, int]] = []

    async def handle(self, event: FeedEvent[Any]) -> None:
        place = (event.stream_id, event.version)
        self.tried.append(place)
        if place in self.failing:
            raise self.failing[place]
        self.got.append(place)

    async def apply(self, _: object, events: Any) -> None:
        for event in events:
            place = (event.stream_id, event.version)
            self.tried.append(place)
            if place in self.failing:
                raise self.failing[place]
        self.got += [(event.stream_id, event.version) for event in events]

    def of(self, stream_id: UUID) -> list[int]:
        """Return the versions of one stream, in the order in which they were handled."""
        return [version for stream, version in self.got if stream == stream_id]


def subscribed(
    store: MemoryEventStore, handle: Callable[[FeedEvent[Any]], Awaitable[None]], **options: Any
) -> Subscription[Any]:
    """Return a subscription called "test"."""
    options.setdefault("recovery", FAST)
    name = options.pop("name", "test")
    return Subscription(name, store.feed(), handle, store.subscriptions, **options)


def simulated(program: Callable[[], Coroutine[Any, Any, _T]]) -> _T:
    """Run a program in virtual time: what waits for seconds takes none."""
    return run(lambda _: program())


async def until(condition: Callable[[], bool], seconds: float = 600.0) -> None:
    """Wait in virtual time until something is true."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while not condition():
        assert loop.time() < end, "it did not happen"
        await asyncio.sleep(0.01)


__all__ = ["FAST", "Notes", "Pace", "append", "simulated", "streams", "subscribed", "until"]
