"""What subscriptions tell the hooks of their store."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import anyio
import pytest

from event_store_async import MemoryEventStore, Position, Settings, SubscriptionStatistics
from event_store_async.hooks import (
    CaughtUp,
    CheckpointCommitted,
    EventHandled,
    FellBehind,
    GenerationChanged,
    HandlingBegun,
    LeaseChanged,
    PageApplied,
    Record,
)
from event_store_async.subscriptions import (
    Lease,
    MemoryTransactions,
    Pace,
    Projection,
    Recovery,
    Transaction,
)
from event_store_async.subscriptions.delivery import TransactionDelivery

from .group import FAST, Notes, append, simulated, streams, subscribed, until

R = TypeVar("R")


class Hook:
    """Notes what it is told, and what is around handlers."""

    def __init__(self) -> None:
        self.told: list[Record] = []
        self.steps: list[str] = []
        self.raises: BaseException | None = None

    def __call__(self, record: Record, /) -> None:
        self.told.append(record)
        if isinstance(record, EventHandled | PageApplied):
            self.steps.append(record.outcome)
        if self.raises is not None:
            raise self.raises

    @contextmanager
    def around_handler(self, begun: HandlingBegun, /) -> Iterator[None]:
        self.steps.append(f"begin {len(begun.events)}")
        if self.raises is not None:
            raise self.raises
        yield
        self.steps.append("end")

    def of(self, kind: type[R]) -> list[R]:
        return [record for record in self.told if isinstance(record, kind)]

    @property
    def outcomes(self) -> list[str]:
        return [record.outcome for record in self.of(EventHandled)]


def store_with(*hooks: Any) -> MemoryEventStore:
    return MemoryEventStore(settings=Settings(hooks=hooks))


def projected(store: MemoryEventStore, notes: Notes, **options: Any) -> Projection[Any, Any]:
    options.setdefault("recovery", FAST)
    return Projection("test", store.feed(), notes.apply, store.subscriptions, **options)


def test_a_handled_event_is_told_with_its_facts() -> None:
    async def program() -> None:
        hook, notes = Hook(), Notes()
        store = store_with(hook)
        (stream,) = streams(1)
        await append(store, stream, type_="withdrawn")
        await subscribed(store, notes.handle).catch_up()

        (record,) = hook.of(EventHandled)
        assert (record.source.system, record.subscription, record.slice) == ("memory", "test", 0)
        assert (record.stream_id, record.version, record.type) == (stream, 1, "withdrawn")
        assert (record.position.ordinal, record.attempts, record.error) == (1, 1, None)
        assert record.outcome == "handled"
        assert record.duration >= 0 < record.started
        assert hook.steps == ["begin 1", "handled", "end"]

    simulated(program)


def test_what_fails_is_parked_and_what_is_behind_it_waits() -> None:
    async def program() -> None:
        hook, notes = Hook(), Notes()
        store = store_with(hook)
        bad, good = streams(2)
        notes.failing[bad, 1] = ValueError("no")
        await append(store, bad, bad, good)
        await subscribed(store, notes.handle).catch_up()

        found = hook.of(EventHandled)
        assert [(it.outcome, it.attempts, it.error) for it in found] == [
            ("parked", 5, "ValueError"),
            ("parked_behind", 0, None),
            ("handled", 1, None),
        ]
        assert found[0].duration > 0
        assert hook.steps == ["begin 1", "parked", "end", "parked_behind", *hook.steps[-3:]]

        hook.told.clear()
        notes.failing.clear()
        await store.subscriptions.replay("test")
        await subscribed(store, notes.handle).catch_up()
        assert hook.outcomes == ["replayed", "replayed"]

    simulated(program)


def test_a_held_event_is_told_for_each_try() -> None:
    async def program() -> None:
        hook, notes = Hook(), Notes()
        store = store_with(hook)
        (bad,) = streams(1)
        notes.failing[bad, 1] = ValueError("no")
        await append(store, bad)
        recovery = Recovery(attempts=1, then="hold")
        runner = subscribed(store, notes.handle, recovery=recovery)
        running = asyncio.create_task(runner.run())
        await until(lambda: len(hook.outcomes) == 3)
        assert hook.outcomes == ["held", "held", "held"]
        assert runner.statistics().slices[0].is_held
        notes.failing.clear()
        await until(lambda: hook.outcomes[-1] == "handled")
        runner.stop()
        await running

    simulated(program)


def test_a_held_event_that_an_operator_parks_is_told() -> None:
    async def program() -> None:
        hook, notes = Hook(), Notes()
        store = store_with(hook)
        bad, good = streams(2)
        notes.failing[bad, 1] = ValueError("no")
        await append(store, bad, bad, good)
        recovery = Recovery(attempts=1, then="hold")
        runner = subscribed(store, notes.handle, recovery=recovery)
        running = asyncio.create_task(runner.run())
        await until(lambda: "held" in hook.outcomes)
        await store.subscriptions.park("test", bad)
        await until(lambda: "handled" in hook.outcomes)
        runner.stop()
        await running

        assert [it for it in hook.outcomes if it != "held"] == [
            "parked",
            "parked_behind",
            "handled",
        ]
        (parked,) = [it for it in hook.of(EventHandled) if it.outcome == "parked"]
        assert (parked.stream_id, parked.version, parked.error) == (bad, 1, "ValueError")

    simulated(program)


def test_a_held_event_that_the_view_has_is_told_as_handled() -> None:
    async def program() -> None:
        hook = Hook()
        store = store_with(hook)
        (stream,) = streams(1)
        await append(store, stream)
        known = []

        class Unsure(TransactionDelivery):
            """The view has the event, but the answer to that is late once."""

            async def open(self, lease: Lease) -> Position | None:
                position = await super().open(lease)
                known.append(position)
                return None if len(known) == 2 else position

        async def apply(_: object, events: Any) -> None:
            pass

        class Late(MemoryTransactions[Any]):
            @asynccontextmanager
            async def _begin(self, lease: Lease) -> AsyncIterator[Transaction[Any]]:
                async with super()._begin(lease) as transaction:
                    before = transaction.position
                    yield transaction
                if transaction.position != before:
                    raise ValueError("the answer is late")

        late = Late({})
        recovery = Recovery(attempts=1, then="hold")
        projection = Projection(
            "test", store.feed(), apply, store.subscriptions, transactions=late, recovery=recovery
        )
        projection._work.delivery = Unsure(apply, None, late)
        running = asyncio.create_task(projection.run())
        await until(lambda: "handled" in hook.outcomes)
        projection.stop()
        await running
        assert hook.outcomes == ["held", "handled"]

    simulated(program)


def test_what_is_stored_in_two_steps_is_counted_once() -> None:
    """What waits is stored before the view passes it, and the position afterwards."""

    async def program() -> None:
        hook, notes = Hook(), Notes()
        store = store_with(hook)
        bad, one, two = streams(3)
        transactions = MemoryTransactions[Any]({})
        notes.failing[bad, 1] = ValueError("no")
        await append(store, bad)
        await projected(store, notes, transactions=transactions).catch_up()
        hook.told.clear()
        pace = Pace(page=3, commit_seconds=60.0)
        await append(store, one, one, bad, two, two, bad, one, one)
        await projected(store, notes, transactions=transactions, pace=pace).catch_up()

        assert sum(it.events for it in hook.of(CheckpointCommitted)) == 6

    simulated(program)


def test_an_event_in_hand_at_the_end_is_cancelled() -> None:
    async def program() -> None:
        hook = Hook()
        store = store_with(hook)
        await append(store, *streams(1))
        begun = asyncio.Event()

        async def handle(_: object) -> None:
            begun.set()
            await anyio.sleep_forever()

        running = asyncio.create_task(subscribed(store, handle).run())
        await begun.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

        assert hook.steps == ["begin 1", "cancelled", "end"]
        assert [it.change for it in hook.of(LeaseChanged)] == ["claimed", "released"]

    simulated(program)


@pytest.mark.parametrize("transactions", [None, MemoryTransactions[Any]({})])
def test_a_page_is_told_as_a_whole_and_if_it_fails_event_by_event(
    transactions: MemoryTransactions[Any] | None,
) -> None:
    async def program() -> None:
        hook, notes = Hook(), Notes()
        store = store_with(hook)
        one, two = streams(2)
        await append(store, one, two, one)
        await projected(store, notes, transactions=transactions).catch_up()
        (page,) = hook.of(PageApplied)
        assert (page.outcome, page.events, page.position.ordinal) == ("applied", 3, 3)
        assert hook.steps == ["begin 3", "applied", "end"]

        notes.failing[two, 2] = ValueError("no")
        hook.told.clear()
        await append(store, one, two)
        await projected(store, notes, transactions=transactions).catch_up()
        (page,) = hook.of(PageApplied)
        assert (page.outcome, page.error) == ("failed", "ValueError")
        assert hook.outcomes == ["handled", "parked"]

        hook.told.clear()
        await append(store, one, two, one)
        await projected(store, notes, transactions=transactions).catch_up()
        assert [it.events for it in hook.of(PageApplied)] == [2]
        assert hook.outcomes == ["parked_behind"]

    simulated(program)


def test_commits_leases_and_edges_of_the_end_are_told() -> None:
    async def program() -> None:
        hook, notes = Hook(), Notes()
        store = store_with(hook)
        (stream,) = streams(1)
        await append(store, stream, stream, stream)
        runner = subscribed(store, notes.handle, pace=Pace(page=2))
        await runner.catch_up()

        assert [it.change for it in hook.of(LeaseChanged)] == ["claimed", "released"]
        commits = hook.of(CheckpointCommitted)
        assert {it.outcome for it in commits} == {"committed"}
        assert (sum(it.events for it in commits), commits[-1].position.ordinal) == (3, 3)
        assert [it.position.ordinal for it in hook.of(CaughtUp)] == [3]
        assert hook.of(FellBehind) == []

        hook.told.clear()
        gate = asyncio.Event()

        async def handle(_: object) -> None:
            await gate.wait()

        runner = subscribed(store, handle, pace=Pace(page=2))
        running = asyncio.create_task(runner.run())
        await until(lambda: bool(hook.of(CaughtUp)))
        await append(store, *[stream] * 5)
        await until(lambda: runner.statistics().slices[0].events > 0)
        gate.set()
        await until(lambda: len(hook.of(CaughtUp)) == 2)
        assert len(hook.of(FellBehind)) == 1
        runner.stop()
        await running

    simulated(program)


def test_a_lost_lease_and_a_refused_commit_are_told() -> None:
    async def program() -> None:
        hook, notes = Hook(), Notes()
        store = store_with(hook)
        (stream,) = streams(1)
        await append(store, stream)

        async def handle(event: Any) -> None:
            if not notes.got:
                await store.subscriptions.reset("test", "beginning")
            await notes.handle(event)

        await subscribed(store, handle, pace=Pace(commit_seconds=0)).catch_up()

        assert [it.change for it in hook.of(LeaseChanged)] == [
            "claimed",
            "lost",
            "claimed",
            "released",
        ]
        assert hook.of(CheckpointCommitted)[0].outcome == "lost"
        (changed,) = hook.of(GenerationChanged)
        assert (changed.generation, changed.slices, changed.why) == (2, 1, "reset")

    simulated(program)


@pytest.mark.parametrize("error", [ValueError("hook"), asyncio.CancelledError()])
def test_a_hook_that_raises_breaks_nothing(
    error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    async def program() -> None:
        hook, notes = Hook(), Notes()
        store = store_with(hook)
        one, two = streams(2)
        notes.failing[two, 1] = ValueError("no")
        await append(store, one, two, one)
        hook.raises = error
        await subscribed(store, notes.handle).catch_up()

        assert notes.got == [(one, 1), (one, 2)]
        assert hook.outcomes == ["handled", "parked", "handled"]

    with caplog.at_level(logging.ERROR, "event_store_async"):
        simulated(program)
    assert sum("hook" in record.message for record in caplog.records) == 1


def test_statistics_tell_how_far_slices_are_behind() -> None:
    async def program() -> None:
        now = datetime(2026, 1, 1, tzinfo=UTC)
        store = MemoryEventStore(settings=Settings(clock=lambda: now))
        (stream,) = streams(1)
        await append(store, *[stream] * 4)
        gate = asyncio.Event()

        async def handle(event: Any) -> None:
            if event.version == 3:
                await gate.wait()

        runner = subscribed(store, handle, clock=lambda: now + timedelta(seconds=90))
        assert runner.statistics() == SubscriptionStatistics(store.subscriptions.source, "test")  # type: ignore[attr-defined]
        running = asyncio.create_task(runner.run())
        await until(lambda: any(each.events == 2 for each in runner.statistics().slices))
        (found,) = runner.statistics().slices
        assert (found.slice, found.seconds, found.parked, found.is_held) == (0, 90.0, 0, False)
        silence = runner.statistics().silence
        assert silence is not None
        assert silence >= 0
        gate.set()
        await until(lambda: runner.statistics().slices[0].events == 0)
        await until(lambda: runner.statistics().slices[0].seconds == 0)
        runner.stop()
        await running
        assert runner.statistics().slices == ()

    simulated(program)


def test_a_store_of_ones_own_needs_no_hooks() -> None:
    async def program() -> None:
        store, notes = MemoryEventStore(), Notes()
        await append(store, *streams(1))
        kept = store.subscriptions

        class Own:
            def __getattr__(self, name: str) -> Any:
                if name in {"observer", "source"}:
                    raise AttributeError(name)
                return getattr(kept, name)

        own: Any = Own()
        from event_store_async.subscriptions import Subscription

        runner = Subscription("test", store.feed(), notes.handle, own)
        await runner.catch_up()
        assert len(notes.got) == 1
        assert runner.statistics().source.system == "other"

    simulated(program)
