"""What counts as handled, as failed, and as neither, whatever a handler does; in virtual time."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any, Literal

import pytest

from event_store_async import FeedEvent, HandlerTimedOut, MemoryEventStore
from event_store_async.subscriptions import Pace, ParkedStream, Projection, Recovery

from .group import FAST, Notes, append, simulated, streams, subscribed, until

A, B = streams(2)
Ending = Literal["returns", "raises"]
Handle = Callable[[FeedEvent[Any]], Awaitable[None]]
PATIENT = Recovery(attempts=1, timeout=5000.0)


def stubborn(ending: Ending) -> Handle:
    """Return a handler that does not let a cancellation through."""

    async def handle(_: FeedEvent[Any]) -> None:
        try:
            await asyncio.sleep(1000)
        except asyncio.CancelledError:
            if ending == "raises":
                raise RuntimeError("the connection is broken") from None

    return handle


async def parked(store: MemoryEventStore, name: str = "test") -> list[ParkedStream]:
    return [row async for row in store.subscriptions.parked(name)]


async def check_untouched(store: MemoryEventStore) -> None:
    """Check that the event counts neither as handled nor as failed, and is delivered again."""
    (position,) = (await store.subscriptions.checkpoints("test")).positions
    assert position.ordinal == 0
    assert await parked(store) == []
    notes = Notes()
    await subscribed(store, notes.handle).catch_up()
    assert notes.got == [(A, 1)]


@pytest.mark.parametrize("ending", ["returns", "raises"])
def test_an_event_that_is_cut_off_while_it_stops_is_neither_handled_nor_parked(
    ending: Ending,
) -> None:
    async def program() -> None:
        store = MemoryEventStore()
        await append(store, A)
        pace = Pace(drain=1.0)
        subscription = subscribed(store, stubborn(ending), recovery=PATIENT, pace=pace)
        task = asyncio.ensure_future(subscription.run())
        await asyncio.sleep(5)
        subscription.stop()
        await asyncio.wait_for(task, 10.0)
        await check_untouched(store)

    simulated(program)


@pytest.mark.parametrize("ending", ["returns", "raises"])
def test_an_event_whose_run_is_cancelled_is_neither_handled_nor_parked(ending: Ending) -> None:
    async def program() -> None:
        store = MemoryEventStore()
        await append(store, A)
        task = asyncio.ensure_future(subscribed(store, stubborn(ending), recovery=PATIENT).run())
        await asyncio.sleep(5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await check_untouched(store)

    simulated(program)


@pytest.mark.parametrize("ending", ["returns", "raises"])
def test_a_handler_that_swallows_its_timeout_has_timed_out(ending: Ending) -> None:
    async def program() -> None:
        store = MemoryEventStore()
        await append(store, A)
        recovery = replace(FAST, timeout=5.0, attempts=2)
        await subscribed(store, stubborn(ending), recovery=recovery).catch_up()

        (row,) = await parked(store)
        assert (row.error, row.attempts) == (f"HandlerTimedOut: {HandlerTimedOut(5.0)}", 2)

    simulated(program)


# An outage without end


def test_an_event_in_an_outage_without_end_can_be_parked() -> None:
    async def program() -> None:
        store, notes = MemoryEventStore(), Notes()
        await append(store, A, B)
        notes.failing[A, 1] = ConnectionError("the host is gone")
        subscription = subscribed(store, notes.handle)
        task = asyncio.ensure_future(subscription.run())
        await until(lambda: bool(subscription.health().holding))
        await store.subscriptions.park("test", A)
        await until(lambda: notes.got == [(B, 1)])

        assert subscription.health().holding == ()
        subscription.stop()
        await task
        (row,) = await parked(store)
        assert (row.version, row.last_version, row.error) == (1, 1, "parked by an operator")
        notes.failing.clear()
        await store.subscriptions.replay("test", A)
        await subscription.catch_up()
        assert notes.got == [(B, 1), (A, 1)]

    simulated(program)


def test_a_page_in_an_outage_without_end_can_be_parked() -> None:
    async def program() -> None:
        store, notes = MemoryEventStore(), Notes()
        await append(store, A, B)
        notes.failing[A, 1] = ConnectionError("the host is gone")
        projection = Projection("test", store.feed(), notes.apply, store.subscriptions)
        task = asyncio.ensure_future(projection.run())
        await until(lambda: bool(projection.health().holding))
        await store.subscriptions.park("test", A)
        await until(lambda: notes.got == [(B, 1)])

        projection.stop()
        await task
        (row,) = await parked(store)
        assert (row.stream_id, row.version, row.last_version) == (A, 1, 1)

    simulated(program)


async def check_pause(
    store: MemoryEventStore, notes: Notes, run: Callable[[], Awaitable[None]]
) -> None:
    """Check that a subscription that is in an outage can be paused, and goes on afterwards."""
    task = asyncio.ensure_future(run())
    await until(lambda: len(notes.tried) > 5)
    await store.subscriptions.pause("test")
    await asyncio.sleep(60)
    tried = len(notes.tried)
    await asyncio.sleep(600)
    assert len(notes.tried) == tried
    notes.failing.clear()
    await store.subscriptions.resume("test")
    await until(lambda: (A, 2) in notes.got, seconds=10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize("kind", ["event", "page"])
def test_a_subscription_in_an_outage_without_end_can_be_paused(
    kind: Literal["event", "page"],
) -> None:
    async def program() -> None:
        store, notes = MemoryEventStore(), Notes()
        await append(store, A, A)
        notes.failing = {(A, 1): ConnectionError("the host is gone")}
        if kind == "event":
            await check_pause(store, notes, subscribed(store, notes.handle).run)
        else:
            projection = Projection("test", store.feed(), notes.apply, store.subscriptions)
            await check_pause(store, notes, projection.run)
        assert notes.got == [(A, 1), (A, 2)]

    simulated(program)


def test_a_replay_in_an_outage_without_end_can_be_paused() -> None:
    async def program() -> None:
        store, notes = MemoryEventStore(), Notes()
        await append(store, A, A)
        notes.failing[A, 1] = ValueError("no")
        subscription = subscribed(store, notes.handle)
        await subscription.catch_up()
        notes.failing[A, 1] = ConnectionError("the host is gone")
        await store.subscriptions.replay("test", A)
        await check_pause(store, notes, subscription.run)
        assert notes.got == [(A, 1), (A, 2)]

    simulated(program)


def test_an_event_that_is_replayed_in_an_outage_without_end_can_be_skipped() -> None:
    async def program() -> None:
        store, notes = MemoryEventStore(), Notes()
        await append(store, A, A, B)
        notes.failing[A, 1] = ValueError("no")
        subscription = subscribed(store, notes.handle)
        await subscription.catch_up()
        notes.failing[A, 1] = ConnectionError("the host is gone")
        await store.subscriptions.replay("test", A)
        task = asyncio.ensure_future(subscription.run())
        await until(lambda: bool(subscription.health().holding))
        await store.subscriptions.skip("test", A, 1, reason="the host is gone", by="ann")
        await until(lambda: notes.got == [(B, 1), (A, 2)])
        await append(store, B)
        await until(lambda: notes.of(B) == [1, 2])

        subscription.stop()
        await task
        assert await parked(store) == []

    simulated(program)


def test_a_page_that_times_out_is_tried_event_by_event() -> None:
    async def program() -> None:
        store, applied = MemoryEventStore(), list[Any]()
        await append(store, A, B)

        async def apply(_: None, events: Sequence[FeedEvent[Any]]) -> None:
            if len(events) > 1:
                await stubborn("returns")(events[0])
            applied.extend(event.stream_id for event in events)

        recovery = replace(FAST, timeout=5.0)
        await Projection(
            "test", store.feed(), apply, store.subscriptions, recovery=recovery
        ).catch_up()
        assert applied == [A, B, A, B]
        assert await parked(store) == []

    simulated(program)
