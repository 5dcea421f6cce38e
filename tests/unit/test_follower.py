"""The follower by itself: its pauses, outages, and what ends it."""

import asyncio
import gc
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import Any
from uuid import UUID, uuid4

import pytest

from event_store_async import (
    InvalidArgument,
    MemoryEventStore,
    Polling,
    RecordedEvent,
    RequestRefused,
    StoreClosed,
    StoreOverloaded,
    StoreUnavailable,
    StreamHole,
)
from event_store_async.follower import Follower, Wakeups

from ..fixtures.time import PassingTime


class Fast:
    """Sleeps not at all, but remembers for how long it should have; the clock moves on."""

    def __init__(self, time: PassingTime) -> None:
        self.slept: list[float] = []
        self.then: list[Callable[[], Awaitable[Any]]] = []
        self._time = time

    async def __call__(self, seconds: float) -> None:
        self.slept.append(seconds)
        self._time.passes(seconds)
        if self.then:
            await self.then.pop(0)()


@pytest.fixture
def sleep(passing_time: PassingTime) -> Fast:
    return Fast(passing_time)


class Scripted(MemoryEventStore):
    """A store whose reads fail as a script says: after so many events, with such an error."""

    def __init__(self) -> None:
        super().__init__()
        self.script: Sequence[tuple[int, BaseException] | None] = ()
        self.reads: list[int | None] = []
        self.hangs = False

    async def read_events(
        self, stream_id: UUID, from_version: int | None = None, *rest: Any, **options: Any
    ) -> AsyncGenerator[RecordedEvent, None]:
        self.reads.append(from_version)
        if self.hangs:
            await asyncio.Event().wait()
        left, error = (self.script[0] if self.script else None) or (-1, None)
        self.script = self.script[1:]
        async for event in super().read_events(stream_id, from_version, *rest, **options):
            if left == 0:
                break
            left -= 1
            yield event
        if error is not None:
            raise error


def polled(store: MemoryEventStore, stream_id: UUID, polling: Polling) -> Follower[Any]:
    """Follow a stream without wake-ups, as another process's events are followed."""
    return Follower(
        store.read_events,
        stream_id,
        None,
        polling=polling,
        page_size=None,
        serial=False,
        timeout=None,
    )


def append(store: MemoryEventStore, stream_id: UUID, count: int) -> Callable[[], Awaitable[Any]]:
    return lambda: store.persist_events(stream_id, ["event"] * count)


async def nothing() -> None:
    """Nothing happens during a sleep."""


async def test_pauses_grow_while_nothing_arrives_and_begin_anew_with_an_event(
    sleep: Fast, stream_id: UUID
) -> None:
    store = MemoryEventStore()
    events = polled(store, stream_id, Polling(shortest=1.0, longest=4.0, sleep=sleep))
    sleep.then = [nothing] * 7 + [append(store, stream_id, 1), nothing, nothing]
    sleep.then += [append(store, stream_id, 1)]

    assert [(await anext(events)).version for _ in "12"] == [1, 2]

    bounds = [1.0, 1.5, 2.25, 3.375, 4.0, 4.0, 4.0, 4.0, 1.0, 1.5, 2.25]
    assert len(sleep.slept) == len(bounds)
    for slept, bound in zip(sleep.slept, bounds, strict=True):
        assert bound / 2 - 0.1 <= slept <= bound


async def test_outages_are_waited_out_at_the_same_pace(sleep: Fast, stream_id: UUID) -> None:
    store = Scripted()
    store.script = [*[(0, StoreUnavailable("no quorum"))] * 20, (0, StoreOverloaded("too much"))]
    await store.persist_events(stream_id, [1])
    events = polled(store, stream_id, Polling(shortest=1.0, longest=4.0, sleep=sleep))

    assert (await anext(events)).payload == 1

    assert len(store.reads) == 22
    assert len(sleep.slept) == 21
    assert all(slept >= 0.4 for slept in sleep.slept)
    assert sum(sleep.slept) >= 18 * 2


async def test_an_outage_is_logged_when_it_begins_and_when_it_ends(
    sleep: Fast, stream_id: UUID, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "event_store_async")
    store = Scripted()
    lost = (0, StoreUnavailable("no quorum"))
    store.script = [lost, lost, lost, (1, StoreUnavailable("no quorum")), lost, None]
    await store.persist_events(stream_id, [1, 2])
    events = polled(store, stream_id, Polling(sleep=sleep))

    assert [(await anext(events)).version for _ in "12"] == [1, 2]

    assert [(line.levelname, line.getMessage()) for line in caplog.records] == [
        ("WARNING", f"following stream {stream_id}: waiting, since no quorum"),
        ("INFO", f"following stream {stream_id}: the store answers again"),
    ] * 2


async def test_an_outage_that_is_raised_is_not_logged(
    sleep: Fast, stream_id: UUID, caplog: pytest.LogCaptureFixture
) -> None:
    store = Scripted()
    store.script = [(0, StoreUnavailable("no quorum"))]
    events = polled(store, stream_id, Polling(max_outage=0, sleep=sleep))

    with pytest.raises(StoreUnavailable):
        await anext(events)

    assert caplog.records == []


async def test_after_a_read_that_broke_it_goes_on_behind_the_last_event(
    sleep: Fast, stream_id: UUID
) -> None:
    store = Scripted()
    store.script = [(3, StoreUnavailable("no quorum")), (0, StoreUnavailable("no quorum")), None]
    await store.persist_events(stream_id, range(1, 11))
    events = polled(store, stream_id, Polling(sleep=sleep))

    found = [await anext(events) for _ in range(10)]

    assert [event.version for event in found] == list(range(1, 11))
    assert store.reads == [1, 4, 4]


@pytest.mark.parametrize("error", [StoreUnavailable, StoreOverloaded])
async def test_an_outage_may_have_a_limit_and_the_next_step_goes_on(
    sleep: Fast, stream_id: UUID, error: type[Exception]
) -> None:
    store = Scripted()
    store.script = [(1, error("first"))] + [(0, error("later"))] * 100
    await store.persist_events(stream_id, [1, 2])
    polling = Polling(shortest=1.0, longest=1.0, max_outage=10.0, sleep=sleep)
    events = polled(store, stream_id, polling)

    assert (await anext(events)).version == 1
    with pytest.raises(error, match="later"):
        await anext(events)
    assert 10.0 <= sum(sleep.slept) <= 12.0
    with pytest.raises(error, match="later"):
        await anext(events)
    assert 20.0 <= sum(sleep.slept) <= 24.0
    store.script = ()
    assert (await anext(events)).version == 2


async def test_without_patience_each_failure_is_raised_and_none_follows_at_once(
    sleep: Fast, stream_id: UUID
) -> None:
    store = Scripted()
    store.script = [(0, StoreUnavailable("no quorum"))] * 5
    await store.persist_events(stream_id, [1])
    polling = Polling(shortest=1.0, longest=2.0, max_outage=0, sleep=sleep)
    events = polled(store, stream_id, polling)

    for _ in range(5):
        with pytest.raises(StoreUnavailable):
            await anext(events)
    assert (await anext(events)).version == 1
    assert len(sleep.slept) == 5
    assert all(slept >= 0.4 for slept in sleep.slept)


@pytest.mark.parametrize(
    "error", [StreamHole(UUID(int=1), 2), RequestRefused("no"), StoreClosed(), ZeroDivisionError()]
)
async def test_any_other_error_is_the_last_step(
    sleep: Fast, stream_id: UUID, error: Exception
) -> None:
    store = Scripted()
    store.script = [(1, error)]
    await store.persist_events(stream_id, [1, 2])
    events = polled(store, stream_id, Polling(sleep=sleep))

    assert (await anext(events)).version == 1
    with pytest.raises(type(error)):
        await anext(events)
    with pytest.raises(StopAsyncIteration):
        await anext(events)


async def test_a_pause_that_is_cancelled_goes_on_where_it_was(
    passing_time: PassingTime, stream_id: UUID
) -> None:
    """Otherwise steps that are shorter than a pause would never poll."""
    asked: list[float] = []

    async def sleep(seconds: float) -> None:
        asked.append(seconds)
        if len(asked) <= 3:
            passing_time.passes(10.0)
            await asyncio.Event().wait()

    store = MemoryEventStore()
    events = polled(store, stream_id, Polling(shortest=60.0, longest=60.0, sleep=sleep))
    for count in (1, 2, 3):
        step = asyncio.ensure_future(anext(events))
        while len(asked) < count:
            await asyncio.sleep(0)
        step.cancel()
        await asyncio.wait((step,))
    await store.persist_events(stream_id, [1])

    assert (await anext(events)).version == 1
    first, *later = asked
    assert 29.0 <= first <= 60.0
    assert [round(first - each) for each in later] == [10, 20, 30]


async def test_a_poll_that_is_cancelled_is_not_repeated_at_once(
    sleep: Fast, stream_id: UUID
) -> None:
    store = Scripted()
    store.hangs = True
    events = polled(store, stream_id, Polling(shortest=1.0, longest=4.0, sleep=sleep))
    for count in range(1, 6):
        step = asyncio.ensure_future(anext(events))
        while len(store.reads) < count:
            await asyncio.sleep(0)
        step.cancel()
        await asyncio.wait((step,))
    store.hangs = False
    await store.persist_events(stream_id, [1])

    assert (await anext(events)).version == 1
    assert len(sleep.slept) == len(store.reads) - 1 == 5
    assert all(slept >= 0.4 for slept in sleep.slept)


async def test_appends_of_the_same_store_are_not_waited_for(stream_id: UUID) -> None:
    async def sleep(_: float) -> None:
        await asyncio.Event().wait()

    store = MemoryEventStore()
    polling = Polling(shortest=1e-9, longest=1000.0, sleep=sleep)
    events = store.follow(stream_id, polling=polling)
    for version in range(1, 5):
        step = asyncio.ensure_future(anext(events))
        for _ in range(10):
            await asyncio.sleep(0)
        await store.reopened().persist_events(uuid4(), ["of another stream"])
        assert not step.done()
        await store.persist_events(stream_id, ["event"])
        async with asyncio.timeout(60):
            assert (await step).version == version
    # Nor what was appended between two steps.
    step = asyncio.ensure_future(anext(events))
    for _ in range(10):
        await asyncio.sleep(0)
    step.cancel()
    await asyncio.wait((step,))
    await store.persist_events(stream_id, ["event"])
    async with asyncio.timeout(60):
        assert (await anext(events)).version == 5
    assert store._table.wakeups.waiting == {}


async def test_even_own_appends_are_polled_at_the_shortest_interval(
    sleep: Fast, stream_id: UUID
) -> None:
    store = Scripted()
    events = store.follow(stream_id, polling=Polling(shortest=1.0, longest=50.0, sleep=sleep))
    for version in range(1, 11):
        await store.persist_events(stream_id, ["event"])
        assert (await anext(events)).version == version

    assert len(store.reads) - 1 == len(sleep.slept)
    assert all(slept >= 0.4 for slept in sleep.slept)


async def test_what_a_sleep_raises_ends_it(stream_id: UUID) -> None:
    async def sleep(_: float) -> None:
        raise BrokenPipeError

    events = MemoryEventStore().follow(stream_id, polling=Polling(sleep=sleep))

    with pytest.raises(BrokenPipeError):
        await anext(events)
    with pytest.raises(StopAsyncIteration):
        await anext(events)


async def test_it_can_be_thrown_into_as_a_generator_can(stream_id: UUID) -> None:
    store = MemoryEventStore()
    await store.persist_events(stream_id, [1, 2])
    for thrown in (KeyError("of mine"), KeyError):
        events = store.follow(stream_id)
        assert (await events.asend(None)).version == 1
        with pytest.raises(KeyError):
            await events.athrow(thrown)
        with pytest.raises(StopAsyncIteration):
            await anext(events)


async def test_a_follower_that_is_dropped_leaves_nothing(stream_id: UUID) -> None:
    store = MemoryEventStore()
    await store.persist_events(stream_id, [1, 2])
    gc.collect()  # what earlier tests dropped ends first
    for _ in range(10):
        await asyncio.sleep(0)
    before = len(asyncio.all_tasks())
    async for _ in store.follow(stream_id):
        break
    gc.collect()
    for _ in range(10):
        await asyncio.sleep(0)

    assert len(asyncio.all_tasks()) == before
    assert store._table.wakeups.waiting == {}


def test_a_wakeup_from_another_loop_is_left_to_polling(stream_id: UUID) -> None:
    store = MemoryEventStore()
    left: list[Any] = []

    async def follow() -> None:
        step = asyncio.ensure_future(anext(store.follow(stream_id)))
        for _ in range(10):
            await asyncio.sleep(0)
        left.append(step)  # the loop is closed while it waits

    loop = asyncio.new_event_loop()
    loop.run_until_complete(follow())
    try:
        asyncio.run(_append(store, stream_id))
    finally:
        left[0].cancel()
        loop.run_until_complete(asyncio.wait(left))
        loop.close()

    assert store._table.wakeups.waiting == {}


async def _append(store: MemoryEventStore, stream_id: UUID) -> None:
    await store.persist_events(stream_id, ["event"])


async def test_wakeups_wake_whoever_waits() -> None:
    wakeups, (one, two) = Wakeups(), (uuid4(), uuid4())
    waits = [
        asyncio.ensure_future(wakeups.wait(stream, asyncio.Event().wait()))
        for stream in (one, one, two)
    ]
    await asyncio.sleep(0)

    wakeups.wake(one)
    assert await asyncio.gather(*waits[:2]) == [True, True]
    assert not waits[2].done()
    wakeups.wake_all()
    assert await waits[2]
    assert await wakeups.wait(one, asyncio.sleep(0)) is False
    assert wakeups.waiting == {}


@pytest.mark.parametrize(
    "options",
    [
        {"shortest": 0},
        {"shortest": -1.0},
        {"shortest": "1"},
        {"longest": float("inf")},
        {"longest": float("nan")},
        {"longest": True},
        {"shortest": 2.0, "longest": 1.0},
        {"max_outage": -1},
        {"max_outage": "1"},
        {"max_outage": False},
        {"max_outage": float("inf")},
        {"sleep": 1.0},
    ],
    ids=str,
)
def test_invalid_polling_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument):
        Polling(**options)
