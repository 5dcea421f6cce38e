"""A subscription handles every event, in order, and says how it is; in virtual time."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest

from event_store_async import (
    Backoff,
    FeedEvent,
    ForeignPosition,
    HandlerTimedOut,
    InvalidArgument,
    MemoryEventStore,
    NotParked,
    SliceHeld,
    StoreClosed,
    SubscriptionMismatch,
    SubscriptionRunning,
    SubscriptionUnknown,
    WaitedInsideHandler,
)
from event_store_async.subscriptions import Pace, ParkedStream, Recovery, Subscription
from event_store_async.typed import EventType, EventTypes, TypedEventStore, typed_feed

from .group import FAST, Notes, append, simulated, streams, subscribed, until
from .typed_events import Closed, Opened

OLD: EventTypes[Opened] = EventTypes(EventType(Opened, "opened"))
NEW: EventTypes[Opened | Closed] = EventTypes(
    EventType(Opened, "opened"), EventType(Closed, "closed")
)

A, B, C, D = streams(4)


async def parked(store: MemoryEventStore, name: str = "test") -> list[ParkedStream]:
    return [row async for row in store.subscriptions.parked(name)]


def test_catching_up_handles_every_event_once_in_the_order_of_the_feed() -> None:
    async def program() -> None:
        store, notes = MemoryEventStore(), Notes()
        await append(store, A, B, A, C, B)
        subscription = subscribed(store, notes.handle)

        assert await subscription.catch_up() == await store.feed().head()
        assert notes.got == [(A, 1), (B, 1), (A, 2), (C, 1), (B, 2)]
        await append(store, C)
        await subscription.catch_up()
        await subscribed(store, notes.handle).catch_up()
        assert notes.got[5:] == [(C, 2)]

    simulated(program)


@pytest.mark.parametrize("slices", [1, 3, 16])
def test_slices_keep_the_order_of_each_stream(slices: int) -> None:
    async def program() -> None:
        store, notes = MemoryEventStore(), Notes()
        some = streams(12)
        for _ in range(5):
            await append(store, *some)
        await subscribed(store, notes.handle, slices=slices).catch_up()

        assert len(notes.got) == 60
        assert all(notes.of(each) == [1, 2, 3, 4, 5] for each in some)

    simulated(program)


@pytest.mark.parametrize("start", ["now", "position"])
def test_the_start_counts_once(start: str) -> None:
    async def program() -> None:
        store, notes = MemoryEventStore(), Notes()
        await append(store, A, A)
        place: Any = await store.feed().head() if start == "position" else "now"
        await subscribed(store, notes.handle, start=place).catch_up()
        await append(store, A)
        await subscribed(store, notes.handle, start="beginning").catch_up()

        assert notes.got == [(A, 3)]

    simulated(program)


def test_running_handles_what_comes_and_stops_when_asked() -> None:
    async def program() -> None:
        store, notes = MemoryEventStore(), Notes()
        subscription = subscribed(store, notes.handle, slices=2)
        assert not subscription.health().is_live
        task = asyncio.ensure_future(subscription.run())
        await append(store, A, B)
        await until(lambda: len(notes.got) == 2)
        await append(store, A)
        await until(lambda: len(notes.got) == 3)
        await until(lambda: subscription.health().caught_up)
        health = subscription.health()
        assert (health.is_live, health.generation, health.slices_held) == (True, 1, 2)
        subscription.stop()
        await asyncio.wait_for(task, 1.0)

        assert not subscription.health().is_live
        status = await store.subscriptions.status("test")
        assert (status.lag.events, status.members) == (0, {})
        assert [each.holder for each in status.lag.slices] == [None, None]

    simulated(program)


def test_stopping_before_it_runs_ends_the_run() -> None:
    async def program() -> None:
        store, notes = MemoryEventStore(), Notes()
        await append(store, A)
        subscription = subscribed(store, notes.handle)
        subscription.stop()
        await asyncio.wait_for(subscription.run(), 5.0)
        assert notes.got == []
        await subscription.catch_up()
        assert notes.got == [(A, 1)]

    simulated(program)


def test_an_event_is_tried_again_and_then_its_stream_is_parked() -> None:
    async def program() -> None:
        store, notes = MemoryEventStore(), Notes()
        await append(store, A, A, B, A, B)
        notes.failing[A, 2] = ValueError("no")
        recovery = replace(FAST, attempts=3)
        await subscribed(store, notes.handle, recovery=recovery).catch_up()

        assert notes.tried.count((A, 2)) == 3
        assert notes.got == [(A, 1), (B, 1), (B, 2)]
        (row,) = await parked(store)
        assert (row.stream_id, row.version, row.last_version) == (A, 2, 3)
        assert (row.error, row.attempts, row.replay) == ("ValueError: no", 3, False)
        assert (await store.subscriptions.checkpoints("test")).positions == (
            await store.feed().head(),
        )

    simulated(program)


def test_a_replay_handles_what_waits_in_order_and_the_stream_lives_again() -> None:
    async def program() -> None:
        store, notes = MemoryEventStore(), Notes()
        await append(store, A, A, B, A)
        notes.failing[A, 2] = ValueError("no")
        subscription = subscribed(store, notes.handle, pace=Pace(page=2))
        await subscription.catch_up()
        await append(store, A, B, A)
        await subscription.catch_up()
        assert await store.subscriptions.replay("test", A) == 1
        await subscription.catch_up()
        (row,) = await parked(store)
        assert (row.version, row.last_version, row.replay) == (2, 5, False)

        del notes.failing[A, 2]
        await store.subscriptions.replay("test")
        await append(store, A)
        await subscription.catch_up()

        assert notes.of(A) == [1, 2, 3, 4, 5, 6]
        assert await parked(store) == []
        await append(store, A)
        await subscription.catch_up()
        assert notes.of(A)[6:] == [7]

    simulated(program)


def test_a_replay_that_fails_again_stays_where_it_failed() -> None:
    async def program() -> None:
        store, notes = MemoryEventStore(), Notes()
        await append(store, A, A, A, A)
        notes.failing[A, 1] = ValueError("first")
        subscription = subscribed(store, notes.handle)
        await subscription.catch_up()
        notes.failing = {(A, 3): KeyError("third")}
        await store.subscriptions.replay("test")
        await subscription.catch_up()

        (row,) = await parked(store)
        assert (row.version, row.last_version, row.error) == (3, 4, "KeyError: 'third'")
        assert notes.got == [(A, 1), (A, 2)]

    simulated(program)


def test_a_replay_that_fails_is_counted_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def program() -> None:
        store, notes = MemoryEventStore(), Notes()
        await append(store, A, A, A)
        notes.failing = {(A, 1): ValueError("first"), (A, 2): KeyError("second")}
        subscription = subscribed(store, notes.handle, recovery=replace(FAST, attempts=3))

        async def replayed() -> tuple[int, int, bool]:
            caplog.clear()
            await store.subscriptions.replay("test", A)
            await subscription.catch_up()
            (row,) = await parked(store)
            return row.version, row.attempts, row.replay

        await subscription.catch_up()
        (before,) = await parked(store)
        assert before.attempts == 3
        assert await replayed() == (1, 6, False)
        assert (
            f"subscription test parks stream {A} at version 1 again, after 6 attempts: "
            "ValueError: first" in caplog.text
        )
        assert await replayed() == (1, 9, False)
        del notes.failing[A, 1]
        assert await replayed() == (2, 3, False)
        await store.subscriptions.skip("test", A, 2, reason="no", by="ann")
        (skipped,) = await parked(store)
        assert (skipped.version, skipped.attempts, skipped.replay) == (3, 0, True)
        notes.failing[A, 3] = KeyError("third")
        assert await replayed() == (3, 3, False)
        (after,) = await parked(store)
        assert after.since == before.since

    simulated(program)


def test_an_event_that_does_not_exist_does_not_wait_in_a_parked_stream() -> None:
    async def program() -> None:
        store, notes = MemoryEventStore(), Notes()
        await append(store, A, A)
        notes.failing[A, 1] = ValueError("no")
        subscription = subscribed(store, notes.handle)
        await subscription.catch_up()

        assert await subscription.progress.wait_for(A, 2, timeout=1.0) == "parked"
        assert await subscription.progress.wait_for(A, 3, timeout=1.0) == "late"
        await append(store, A)
        assert await subscription.progress.wait_for(A, 3, timeout=1.0) == "parked"

    simulated(program)


def test_an_error_that_ends_a_run_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """A program that runs it in a task may never look at that task."""

    async def program() -> None:
        store, notes = MemoryEventStore(), Notes()
        await subscribed(store, notes.handle, slices=2).catch_up()
        caplog.clear()
        with pytest.raises(SubscriptionMismatch):
            await subscribed(store, notes.handle, slices=3).run()

        (record,) = caplog.records
        assert (record.name, record.levelname) == ("event_store_async", "ERROR")
        assert record.getMessage().startswith("subscription test has ended: SubscriptionMismatch: ")
        caplog.clear()
        running = asyncio.create_task(subscribed(store, notes.handle, slices=2).run())
        await asyncio.sleep(1.0)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert caplog.records == []

    simulated(program)


def test_a_skip_goes_on_behind_the_event() -> None:
    async def program() -> None:
        store, notes = MemoryEventStore(), Notes()
        await append(store, A, A, A)
        notes.failing[A, 2] = ValueError("no")
        subscription = subscribed(store, notes.handle)
        await subscription.catch_up()
        await store.subscriptions.skip("test", A, 2, reason="a duplicate", by="ann")
        await subscription.catch_up()

        assert notes.of(A) == [1, 3]
        assert await parked(store) == []

    simulated(program)


def test_more_parked_streams_than_allowed_hold_the_slice() -> None:
    async def program() -> None:
        store, notes = MemoryEventStore(), Notes()
        await append(store, A, B, C)
        notes.failing = {(each, 1): ValueError("no") for each in (A, B)}
        recovery = replace(FAST, max_parked=1)
        with pytest.raises(SliceHeld) as caught:
            await subscribed(store, notes.handle, recovery=recovery).catch_up()
        assert isinstance(caught.value.__cause__, ValueError)
        assert caught.value.slice == 0
        assert [row.stream_id for row in await parked(store)] == [A]

        subscription = subscribed(store, notes.handle, recovery=recovery)
        task = asyncio.ensure_future(subscription.run())
        await until(lambda: bool(subscription.health().holding))
        assert "holds at version 1" in subscription.health().holding[0]
        await until(lambda: notes.tried.count((B, 1)) > 12)
        assert notes.got == []
        await store.subscriptions.skip("test", A, 1, reason="bad", by="ann")
        await until(lambda: notes.got == [(C, 1)])
        assert [row.stream_id for row in await parked(store)] == [B]
        subscription.stop()
        await task

    simulated(program)


def test_a_held_slice_goes_on_once_the_event_succeeds() -> None:
    async def program() -> None:
        store, notes = MemoryEventStore(), Notes()
        await append(store, A, B)
        notes.failing[A, 1] = ValueError("no")
        subscription = subscribed(store, notes.handle, recovery=replace(FAST, then="hold"))
        task = asyncio.ensure_future(subscription.run())
        await until(lambda: notes.tried.count((A, 1)) > 8)
        assert await parked(store) == []
        status = await store.subscriptions.status("test")
        assert "ValueError: no" in (status.lag.slices[0].holding or "")
        notes.failing.clear()
        await until(lambda: notes.got == [(A, 1), (B, 1)], seconds=61)
        assert subscription.health().holding == ()
        subscription.stop()
        await task

    simulated(program)


def test_an_operator_parks_what_a_slice_holds_at() -> None:
    async def program() -> None:
        store, notes = MemoryEventStore(), Notes()
        await append(store, A, B, A)
        notes.failing[A, 1] = ValueError("no")
        subscription = subscribed(store, notes.handle, recovery=replace(FAST, then="hold"))
        task = asyncio.ensure_future(subscription.run())
        await until(lambda: bool(subscription.health().holding))
        await store.subscriptions.park("test", A)
        await until(lambda: notes.got == [(B, 1)], seconds=4)
        await until(lambda: subscription.health().parked == 1)
        notes.failing.clear()
        await asyncio.sleep(2.0)
        (row,) = await parked(store)
        assert (row.version, row.last_version) == (1, 2)
        await store.subscriptions.replay("test")
        await until(lambda: notes.of(A) == [1, 2])
        subscription.stop()
        await task

    simulated(program)


def test_an_outage_parks_nobody() -> None:
    async def program() -> None:
        store, notes = MemoryEventStore(), Notes()
        await append(store, A, B)
        group = ExceptionGroup("both", [ConnectionResetError("reset"), ConnectionError("away")])
        notes.failing = {(A, 1): ConnectionError("away"), (B, 1): group}
        subscription = subscribed(store, notes.handle)
        task = asyncio.ensure_future(subscription.run())
        await until(lambda: notes.tried.count((A, 1)) > 20)
        assert "ConnectionError: away" in subscription.health().holding[0]
        del notes.failing[A, 1]
        await until(lambda: notes.tried.count((B, 1)) > 20)
        notes.failing.clear()
        await until(lambda: notes.got == [(A, 1), (B, 1)])
        assert await parked(store) == []
        subscription.stop()
        await task

    simulated(program)


def test_what_is_transient_is_said_by_the_recovery() -> None:
    async def program() -> None:
        store, notes = MemoryEventStore(), Notes()
        await append(store, A)
        notes.failing[A, 1] = ConnectionError("away")
        await subscribed(store, notes.handle, recovery=replace(FAST, transient=())).catch_up()
        assert [row.stream_id for row in await parked(store)] == [A]

    simulated(program)


def test_a_handler_that_takes_too_long_has_failed() -> None:
    async def program() -> None:
        store, ended = MemoryEventStore(), list[str]()
        await append(store, A, B)

        async def slow(event: FeedEvent[Any]) -> None:
            try:
                await asyncio.sleep(100 if event.stream_id == A else 3)
            finally:
                ended.append(str(event.stream_id))

        recovery = replace(FAST, timeout=5.0, attempts=2)
        await subscribed(store, slow, recovery=recovery).catch_up()

        (row,) = await parked(store)
        assert row.error == f"HandlerTimedOut: {HandlerTimedOut(5.0)}"
        assert ended == [str(A), str(A), str(B)]

    simulated(program)


def test_the_pauses_between_attempts_are_those_of_the_recovery() -> None:
    async def program() -> None:
        store, times = MemoryEventStore(), list[float]()
        await append(store, A)

        async def fails(_: FeedEvent[Any]) -> None:
            times.append(asyncio.get_running_loop().time())
            raise ValueError("no")

        backoff = Backoff(initial=2.0, maximum=8.0, random=lambda: 1.0)
        await subscribed(store, fails, recovery=Recovery(backoff=backoff)).catch_up()

        gaps = [round(after - before) for before, after in pairwise(times)]
        assert gaps == [2, 4, 8, 8]

    simulated(program)


def test_a_handler_that_ends_as_if_cancelled_has_failed() -> None:
    async def program() -> None:
        store = MemoryEventStore()
        await append(store, A)

        async def handle(_: FeedEvent[Any]) -> None:
            raise asyncio.CancelledError

        await subscribed(store, handle).catch_up()
        (row,) = await parked(store)
        assert row.error.startswith("HandlerCancelled")

    simulated(program)


def test_r4_a_cancelled_run_counts_its_event_neither_as_handled_nor_as_failed() -> None:
    async def program() -> None:
        store, notes, begun = MemoryEventStore(), Notes(), asyncio.Event()
        await append(store, A, A, A)

        async def handle(event: FeedEvent[Any]) -> None:
            if event.version == 3:
                begun.set()
                await asyncio.sleep(1000)
            await notes.handle(event)

        pace = Pace(commit_seconds=3600)
        task = asyncio.ensure_future(subscribed(store, handle, pace=pace).run())
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

        assert notes.got == [(A, 1), (A, 2)]
        assert await parked(store) == []
        (position,) = (await store.subscriptions.checkpoints("test")).positions
        assert position.ordinal == 2
        await subscribed(store, notes.handle).catch_up()
        assert notes.got == [(A, 1), (A, 2), (A, 3)]

    simulated(program)


@pytest.mark.parametrize(("seconds", "handled"), [(3.0, True), (30.0, False)])
def test_r5_what_is_in_hand_may_end_while_it_stops_and_nothing_is_lost(
    seconds: float, handled: bool
) -> None:
    async def program() -> None:
        store, notes, begun = MemoryEventStore(), Notes(), asyncio.Event()
        await append(store, A, B)

        async def handle(event: FeedEvent[Any]) -> None:
            begun.set()
            await asyncio.sleep(seconds)
            await notes.handle(event)

        subscription = subscribed(store, handle, pace=Pace(drain=5.0))
        task = asyncio.ensure_future(subscription.run())
        await begun.wait()
        before = asyncio.get_running_loop().time()
        subscription.stop()
        await task
        taken = asyncio.get_running_loop().time() - before

        assert taken == pytest.approx(min(seconds, 5.0), abs=0.1)
        assert notes.got == [(A, 1)] * handled
        assert await parked(store) == []
        await subscribed(store, notes.handle).catch_up()
        assert notes.got == [(A, 1), (B, 1)]

    simulated(program)


def test_beats_go_on_while_it_drains() -> None:
    async def program() -> None:
        store, notes, begun = MemoryEventStore(), Notes(), asyncio.Event()
        await append(store, A)

        async def handle(event: FeedEvent[Any]) -> None:
            begun.set()
            await asyncio.sleep(50)
            await notes.handle(event)

        one = subscribed(store, handle, pace=Pace(drain=60.0))
        other = subscribed(store, notes.handle)
        tasks = [asyncio.ensure_future(one.run())]
        await begun.wait()
        tasks.append(asyncio.ensure_future(other.run()))
        one.stop()
        await asyncio.sleep(100)
        other.stop()
        await asyncio.gather(*tasks)
        assert notes.got == [(A, 1)]  # nobody took it over meanwhile

    simulated(program)


def test_a_pause_is_stored_and_what_is_handled_before_it_stays_so() -> None:
    async def program() -> None:
        store, notes = MemoryEventStore(), Notes()
        subscription = subscribed(store, notes.handle)
        task = asyncio.ensure_future(subscription.run())
        await append(store, A)
        await until(lambda: len(notes.got) == 1)
        await store.subscriptions.pause("test")
        await asyncio.sleep(4)
        await append(store, A)
        await asyncio.sleep(60)
        assert len(notes.got) == 1
        assert (await store.subscriptions.checkpoints("test")).positions[0].ordinal == 1
        await subscribed(store, notes.handle, name="test").catch_up()
        assert len(notes.got) == 1
        await store.subscriptions.resume("test")
        await until(lambda: len(notes.got) == 2, seconds=4)
        subscription.stop()
        await task

    simulated(program)


def test_a_reset_delivers_again_while_it_runs() -> None:
    async def program() -> None:
        store, notes = MemoryEventStore(), Notes()
        await append(store, A, B)
        notes.failing[A, 1] = ValueError("no")
        subscription = subscribed(store, notes.handle, slices=3)
        task = asyncio.ensure_future(subscription.run())
        await until(lambda: notes.got == [(B, 1)] and subscription.health().parked == 1)
        notes.failing.clear()
        registration = await store.subscriptions.reset("test", "beginning")
        assert registration.generation == 2
        await until(lambda: len(notes.got) == 3, seconds=10)
        assert notes.of(A) == [1]
        assert notes.of(B) == [1, 1]
        assert await parked(store) == []
        assert subscription.health().generation == 2
        subscription.stop()
        await task

    simulated(program)


def test_another_number_of_slices_delivers_nothing_twice_and_leaves_nothing_out() -> None:
    async def program() -> None:
        store, notes = MemoryEventStore(), Notes()
        some = streams(10)
        notes.failing[some[3], 2] = ValueError("no")
        subscription = subscribed(store, notes.handle, slices=2, pace=Pace(commit_seconds=0))
        task = asyncio.ensure_future(subscription.run())
        for slices in (5, 1, 3):
            await append(store, *some)
            await asyncio.sleep(0.003)
            await store.subscriptions.reslice("test", slices)
            await append(store, *some)
            await asyncio.sleep(5)
        await until(lambda: len(notes.got) >= 10 * 6 - 5)
        (row,) = await parked(store)
        assert (row.stream_id, row.version, row.last_version) == (some[3], 2, 6)
        notes.failing.clear()
        await store.subscriptions.replay("test")
        await until(lambda: len(notes.got) >= 60)
        await asyncio.sleep(10)
        assert {each: notes.of(each) for each in some} == {
            each: [1, 2, 3, 4, 5, 6] for each in some
        }
        assert subscription.health().slices_held == 3
        subscription.stop()
        await task

    simulated(program)


def test_two_members_share_the_slices_and_take_over_from_each_other() -> None:
    async def program() -> None:
        store, notes = MemoryEventStore(), Notes()
        one, other = (subscribed(store, notes.handle, slices=6) for _ in range(2))
        tasks = [asyncio.ensure_future(one.run())]
        await until(lambda: one.health().slices_held == 6)
        tasks.append(asyncio.ensure_future(other.run()))
        await until(lambda: one.health().slices_held == other.health().slices_held == 3)
        await append(store, *streams(12))
        await until(lambda: len(notes.got) == 12)
        tasks[0].cancel()
        with suppress(asyncio.CancelledError):
            await tasks[0]
        await until(lambda: other.health().slices_held == 6, seconds=4)
        await append(store, *streams(12))
        await until(lambda: len(notes.got) == 24)
        assert all(notes.of(each) == [1, 2] for each in streams(12))
        other.stop()
        await tasks[1]

    simulated(program)


def test_commits_are_as_often_as_the_pace_says() -> None:
    async def program(pace: Pace) -> int:
        store, notes = MemoryEventStore(), Notes()
        groups, commits = store.subscriptions, 0

        class Counting(type(groups)):  # type: ignore[misc]
            async def commit(self, *arguments: Any) -> Any:
                nonlocal commits
                commits += 1
                return await super().commit(*arguments)

        groups.__class__ = Counting
        for _ in range(20):
            await append(store, A)
        await Subscription("test", store.feed(), notes.handle, groups, pace=pace).catch_up()
        assert len(notes.got) == 20
        return commits

    assert simulated(lambda: program(Pace(commit_seconds=0))) == 20
    assert simulated(lambda: program(Pace(commit_seconds=60))) == 1
    assert simulated(lambda: program(Pace(commit_seconds=60, page=5))) == 4


def test_what_no_retry_mends_ends_the_run() -> None:
    async def program() -> None:
        store, notes = MemoryEventStore(), Notes()
        subscription = subscribed(store, notes.handle, slices=2)
        await subscription.catch_up()
        with pytest.raises(SubscriptionMismatch, match="slices=2, not slices=3"):
            await subscribed(store, notes.handle, slices=3).run()
        other = MemoryEventStore()
        with pytest.raises(ForeignPosition):
            await subscribed(store, notes.handle, name="x", start=await other.feed().head()).run()
        task = asyncio.ensure_future(subscription.run())
        await until(lambda: subscription.health().is_live)
        with pytest.raises(SubscriptionRunning):
            await subscription.catch_up()
        await store.subscriptions.forget("test")
        with pytest.raises(SubscriptionUnknown):
            await task
        task = asyncio.ensure_future(subscription.run())
        await until(lambda: subscription.health().is_live)
        await store.close()
        with pytest.raises(StoreClosed):
            await task

    simulated(program)


def test_waiting_for_oneself_is_refused() -> None:
    async def program() -> None:
        store = MemoryEventStore()
        await append(store, A)

        async def handle(event: FeedEvent[Any]) -> None:
            await subscription.progress.wait_for(event.stream_id, event.version, timeout=5)

        subscription = subscribed(store, handle)
        with pytest.raises(WaitedInsideHandler):
            await subscription.catch_up()
        assert await parked(store) == []

    simulated(program)


def test_an_event_that_cannot_be_read_is_parked_without_attempts_and_replayed_later() -> None:
    async def program() -> None:
        store, notes = MemoryEventStore(), Notes()
        typed: TypedEventStore[Opened | Closed] = TypedEventStore(store, NEW)
        await typed.persist_events(A, [Opened("ann"), Closed(), Opened("bob")])
        await typed.persist_events(B, [Opened("eve")])
        old = typed_feed(store.feed(), OLD)
        await Subscription("test", old, notes.handle, store.subscriptions).catch_up()
        assert notes.got == [(A, 1), (B, 1)]
        (row,) = await parked(store)
        assert (row.version, row.last_version, row.attempts) == (2, 3, 0)
        assert row.error.startswith("UnknownEventType")
        await store.subscriptions.replay("test")
        new = typed_feed(store.feed(), NEW)
        await Subscription("test", new, notes.handle, store.subscriptions).catch_up()
        assert notes.of(A) == [1, 2, 3]

    simulated(program)


def test_a_selection_of_types_is_that_of_a_replay_too() -> None:
    async def program() -> None:
        store, notes = MemoryEventStore(), Notes()
        for type_ in ("seen", "hidden", "seen", "hidden", "seen"):
            await append(store, A, type_=type_)
        notes.failing[A, 3] = ValueError("no")
        feed = store.feed(types=["seen"])
        subscription = Subscription("test", feed, notes.handle, store.subscriptions, recovery=FAST)
        await subscription.catch_up()
        notes.failing.clear()
        await store.subscriptions.replay("test")
        await subscription.catch_up()
        assert notes.of(A) == [1, 3, 5]

    simulated(program)


@pytest.mark.parametrize("wrong", [A, UUID(int=1)])
def test_an_unknown_stream_is_not_replayed(wrong: UUID) -> None:
    async def program() -> None:
        store = MemoryEventStore()
        await subscribed(store, Notes().handle).catch_up()
        with pytest.raises(NotParked):
            await store.subscriptions.replay("test", wrong)

    simulated(program)


@pytest.mark.parametrize(("beat", "lease"), [(3.0, 15.0), (1.0, 15.0), (1.0, 4.0)])
def test_r8_a_dead_member_is_taken_over_after_its_lease_and_a_beat(
    beat: float, lease: float
) -> None:
    async def program() -> float:
        store, notes, loop = MemoryEventStore(), Notes(), asyncio.get_running_loop()
        pace = Pace(beat=beat, lease=lease)

        async def hangs(_: FeedEvent[Any]) -> None:
            await asyncio.sleep(10**6)

        dead = subscribed(store, hangs, pace=pace)
        task = asyncio.ensure_future(dead.run())
        await until(lambda: dead.health().slices_held == 1)
        other = subscribed(store, notes.handle, pace=pace)
        second = asyncio.ensure_future(other.run())
        await asyncio.sleep(50)
        assert dead._member is not None
        # It beats no more, as after kill -9.
        dead._member._say = lambda: asyncio.sleep(10**6)  # type: ignore[method-assign]
        killed = loop.time()
        await append(store, A)
        await until(lambda: notes.got == [(A, 1)])
        taken = loop.time() - killed
        other.stop()
        task.cancel()
        await asyncio.wait([task, second])
        return taken

    assert lease - beat < simulated(program) <= lease + 2 * beat + 0.1


@pytest.mark.parametrize("beat", [2.0, 5.0])
def test_r8_what_an_operator_does_is_seen_at_the_next_beat(beat: float) -> None:
    async def program() -> float:
        store, notes, loop = MemoryEventStore(), Notes(), asyncio.get_running_loop()
        subscription = subscribed(store, notes.handle, pace=Pace(beat=beat))
        task = asyncio.ensure_future(subscription.run())
        await until(lambda: subscription.health().caught_up)
        await asyncio.sleep(beat / 2)
        asked = loop.time()
        await store.subscriptions.reset("test", "beginning")
        await until(lambda: subscription.health().generation == 2)
        taken = loop.time() - asked
        subscription.stop()
        await task
        return taken

    assert beat / 4 < simulated(program) <= beat


def test_r8_a_lease_is_three_beats_or_more() -> None:
    assert Pace(beat=0.1, lease=0.3).lease == 0.3, "though 3 * 0.1 is above it"
    with pytest.raises(InvalidArgument, match="three beats"):
        Pace(beat=0.1, lease=0.29)
