"""Transactions whose end says less than what was committed; in virtual time."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from typing import Any
from unittest import mock
from uuid import UUID

import pytest

from event_store_async import FeedEvent, MemoryEventStore, Position, RolledBack
from event_store_async.subscriptions import (
    Lease,
    MemoryTransactions,
    ParkedStream,
    Projection,
    SliceKey,
    Transaction,
)
from event_store_async.subscriptions.delivery import TransactionDelivery
from event_store_async.subscriptions.memory_transactions import MemoryTransaction
from event_store_async.testing import given_events

from .group import FAST, append, simulated, streams, until

A, B = streams(2)
View = dict[UUID, list[int]]
Apply = Callable[[View, Sequence[FeedEvent[Any]]], Awaitable[None]]


async def apply(view: View, events: Sequence[FeedEvent[Any]]) -> None:
    for event in events:
        view.setdefault(event.stream_id, []).append(event.version)


def projected(
    store: MemoryEventStore,
    transactions: MemoryTransactions[View],
    apply_: Apply = apply,
    **options: Any,
) -> Projection[Any, View]:
    options.setdefault("recovery", FAST)
    return Projection(
        "view", store.feed(), apply_, store.subscriptions, transactions=transactions, **options
    )


async def parked(store: MemoryEventStore) -> list[ParkedStream]:
    return [row async for row in store.subscriptions.parked("view")]


# A commit whose answer comes too late


class LateTransactions(MemoryTransactions[View]):
    """After some commits of what was applied, the answer does not come."""

    late = 0

    def begin(self, lease: Lease) -> AbstractAsyncContextManager[Transaction[View]]:
        return self._late(super().begin(lease))

    @asynccontextmanager
    async def _late(
        self, begun: AbstractAsyncContextManager[Transaction[View]]
    ) -> AsyncIterator[Transaction[View]]:
        before = self.view
        async with begun as transaction:
            yield transaction
        if self.late and self.view != before:
            self.late -= 1
            await asyncio.sleep(1000)


LATE = replace(FAST, attempts=1, timeout=5.0)


def test_an_event_whose_last_attempt_was_committed_too_late_is_not_parked() -> None:
    async def program() -> None:
        store, view = MemoryEventStore(), LateTransactions({})
        view.late = 1
        await append(store, A)
        projection = projected(store, view, recovery=LATE)
        await projection.catch_up()

        assert view.late == 0
        assert await parked(store) == []
        await append(store, A)
        await projection.catch_up()
        assert view.view == {A: [1, 2]}

    simulated(program)


def test_a_page_that_was_committed_too_late_is_not_applied_again() -> None:
    async def program() -> None:
        store, view = MemoryEventStore(), LateTransactions({})
        view.late = 1
        await append(store, A, B, A)
        await projected(store, view, recovery=LATE).catch_up()

        assert view.late == 0
        assert await parked(store) == []
        assert view.view == {A: [1, 2], B: [1]}

    simulated(program)


@pytest.mark.parametrize("failures", [0, 1, 3])
def test_a_held_event_that_was_committed_too_late_is_not_held_any_more(failures: int) -> None:
    async def program() -> None:
        store, view = MemoryEventStore(), LateTransactions({})
        view.late, left = 1, failures
        await append(store, A)

        async def failing(into: View, events: Sequence[FeedEvent[Any]]) -> None:
            nonlocal left
            if left:
                left -= 1
                raise ValueError("no")
            await apply(into, events)

        projection = projected(store, view, failing, recovery=replace(LATE, then="hold"))
        task = asyncio.ensure_future(projection.run())
        await until(lambda: view.late == 0)
        await append(store, A)
        await until(lambda: view.view == {A: [1, 2]})
        assert projection.health().holding == ()
        assert await parked(store) == []
        projection.stop()
        await task

    simulated(program)


def test_a_held_event_that_was_committed_too_late_is_not_parked_once_there_is_room() -> None:
    async def program() -> None:
        store, view = MemoryEventStore(), LateTransactions({})
        failing = {A, B}
        await append(store, A, B)

        async def poisoned(into: View, events: Sequence[FeedEvent[Any]]) -> None:
            if any(event.stream_id in failing for event in events):
                raise ValueError("no")
            await apply(into, events)

        recovery = replace(LATE, max_parked=1)
        projection = projected(store, view, poisoned, recovery=recovery)
        task = asyncio.ensure_future(projection.run())
        await until(lambda: bool(projection.health().holding))
        view.late = 1
        failing.remove(B)
        await until(lambda: view.view == {B: [1]})
        assert [row.stream_id for row in await parked(store)] == [A]
        await store.subscriptions.skip("view", A, 1, reason="bad", by="ann")  # which makes room
        await until(lambda: view.late == 0)
        await asyncio.sleep(120)
        assert await parked(store) == []
        assert projection.health().holding == ()
        assert view.view == {B: [1]}
        projection.stop()
        await task

    simulated(program)


def test_a_replayed_event_whose_last_attempt_was_committed_too_late_waits_no_longer() -> None:
    async def program() -> None:
        store, view = MemoryEventStore(), LateTransactions({})
        failing = {A}
        await append(store, A, B)

        async def poisoned(into: View, events: Sequence[FeedEvent[Any]]) -> None:
            if any(event.stream_id in failing for event in events):
                raise ValueError("no")
            await apply(into, events)

        projection = projected(store, view, poisoned, recovery=LATE)
        await projection.catch_up()
        assert [row.stream_id for row in await parked(store)] == [A]
        failing.clear()
        view.late = 1
        await store.subscriptions.replay("view")
        await projection.catch_up()
        assert view.late == 0
        assert await parked(store) == []
        assert view.view == {A: [1], B: [1]}

    simulated(program)


def test_asking_what_was_replayed_marks_nothing() -> None:
    async def program() -> None:
        store, view = MemoryEventStore(), LateTransactions({})
        failing = {A}
        await append(store, A, A)

        async def poisoned(into: View, events: Sequence[FeedEvent[Any]]) -> None:
            if any(event.stream_id in failing for event in events):
                raise ValueError("no")
            await apply(into, events)

        projection = projected(store, view, poisoned, recovery=LATE)
        for _ in range(3):
            await projection.catch_up()
            await store.subscriptions.replay("view")
        assert [row.version for row in await parked(store)] == [1]
        failing.clear()
        await store.subscriptions.replay("view")
        await projection.catch_up()
        assert await parked(store) == []
        assert view.view == {A: [1, 2]}

    simulated(program)


def test_a_skipped_event_is_not_handled_after_a_crash_before_the_view_had_passed_it() -> None:
    async def program() -> None:
        store, view = MemoryEventStore(), MemoryTransactions[View]({})
        failing = {(A, 2)}
        await append(store, A, A, B)

        async def poisoned(into: View, events: Sequence[FeedEvent[Any]]) -> None:
            if any((event.stream_id, event.version) in failing for event in events):
                raise ValueError("no")
            await apply(into, events)

        async def hangs(*_: object) -> None:
            await asyncio.sleep(1000)

        with mock.patch.object(TransactionDelivery, "advance", hangs):
            task = asyncio.ensure_future(projected(store, view, poisoned).run())
            while not [each async for each in store.subscriptions.all()] or not await parked(store):
                await asyncio.sleep(1)
            task.cancel()
            await asyncio.wait([task])
        await store.subscriptions.skip("view", A, 2, reason="bad", by="ann")
        failing.clear()
        await append(store, A)
        await projected(store, view, poisoned).catch_up()
        assert await parked(store) == []
        assert view.view == {A: [1, 3], B: [1]}

    simulated(program)


# An end without a word


class Rollback(Exception):
    """Rolls the transaction back, as psycopg's does."""


class StuckTransaction(MemoryTransaction[View]):
    """Rolls itself back instead of moving on."""

    async def advance(self, position: Position) -> None:  # noqa: ARG002 - of the port
        raise Rollback


class SilentTransactions(MemoryTransactions[View]):
    """They are rolled back by `Rollback`, and do not let it through."""

    is_stuck = False

    def begin(self, lease: Lease) -> AbstractAsyncContextManager[Transaction[View]]:
        return self._silent(super().begin(lease))

    @asynccontextmanager
    async def _silent(
        self, begun: AbstractAsyncContextManager[Transaction[View]]
    ) -> AsyncIterator[Transaction[View]]:
        try:
            async with begun as transaction:
                if self.is_stuck:
                    assert isinstance(transaction, MemoryTransaction)
                    yield StuckTransaction(
                        transaction.connection,
                        transaction._known,
                        transaction._row,
                        fresh=transaction.fresh,
                    )
                else:
                    yield transaction
        except Rollback:
            pass


@pytest.mark.parametrize("others", [(), (B,)])
def test_an_event_that_is_rolled_back_in_silence_is_tried_again_and_parked(
    others: tuple[UUID, ...],
) -> None:
    async def program() -> None:
        store, view, tried = MemoryEventStore(), SilentTransactions({}), 0
        is_bad = True
        await append(store, A, *others)

        async def poisoned(into: View, events: Sequence[FeedEvent[Any]]) -> None:
            nonlocal tried
            if is_bad and any(event.stream_id == A for event in events):
                tried += len(events) == 1
                raise Rollback
            await apply(into, events)

        projection = projected(store, view, poisoned, recovery=replace(FAST, attempts=3))
        await projection.catch_up()
        assert tried == 3
        (row,) = await parked(store)
        assert (row.stream_id, row.version) == (A, 1)
        assert row.error == f"RolledBack: {RolledBack()}"
        assert view.view == {each: [1] for each in others}

        is_bad = False
        await store.subscriptions.replay("view")
        await projection.catch_up()
        assert view.view == {A: [1], **{each: [1] for each in others}}

    simulated(program)


def lease_of(fence: int) -> Lease:
    return Lease(SliceKey("view", 1, 0), UUID(int=fence), fence, given_events(0)[0].position)


def test_nothing_is_passed_that_is_rolled_back_in_silence() -> None:
    async def program() -> None:
        view = SilentTransactions({})
        is_bad = True

        async def poisoned(into: View, events: Sequence[FeedEvent[Any]]) -> None:
            if is_bad:
                raise Rollback
            await apply(into, events)

        delivery = TransactionDelivery(poisoned, None, view)
        (event,) = given_events("silent", stream_id=A)
        lease = lease_of(1)
        with pytest.raises(RolledBack):
            await delivery.deliver(lease, [event], event.position)
        with pytest.raises(RolledBack):
            await delivery.redeliver(lease, event)
        view.is_stuck = True
        with pytest.raises(RolledBack):
            await delivery.advance(lease, event.position)
        assert await view.positions("view", 1) == {}

        is_bad = view.is_stuck = False
        await delivery.redeliver(lease, event)
        assert view.view == {A: [1]}

    simulated(program)


def test_a_view_that_is_not_emptied_in_the_end_is_not_ready() -> None:
    async def program() -> None:
        store, view, tried = MemoryEventStore(), SilentTransactions({}), 0
        await append(store, A)

        async def clear(into: View) -> None:
            nonlocal tried
            tried += 1
            if tried < 3:
                raise Rollback
            into.clear()

        projection = projected(store, view, clear=clear)
        await projection.catch_up()
        await store.subscriptions.reset("view", "beginning")
        await projection.catch_up()
        assert (tried, view.view) == (3, {A: [1]})

    simulated(program)


# What is parked between two reads


class SlowTransactions(MemoryTransactions[View]):
    """Something happens just before they say how far the view is."""

    before: Callable[[], Awaitable[None]] | None = None

    async def positions(
        self, name: str, generation: int, registration_id: UUID | None = None
    ) -> Mapping[int, Position]:
        before, self.before = self.before, None
        if before is not None:
            await before()
        return await super().positions(name, generation, registration_id)


@pytest.mark.parametrize("is_divided", [False, True])
def test_an_event_that_is_parked_while_somebody_looks_is_never_said_to_be_handled(
    *, is_divided: bool
) -> None:
    async def program() -> None:
        store, view = MemoryEventStore(), SlowTransactions({})

        async def poisoned(into: View, events: Sequence[FeedEvent[Any]]) -> None:
            if any(event.stream_id == A for event in events):
                raise ValueError("no")
            await apply(into, events)

        projection = projected(store, view, poisoned)
        await append(store, B)
        await projection.catch_up()
        await append(store, A)

        async def work() -> None:
            if is_divided:
                await store.subscriptions.reslice("view", 2)
            await projected(store, view, poisoned, slices=1 + is_divided).catch_up()

        view.before = work
        assert await projection.progress.wait_for(A, 1, timeout=5.0) == "parked"
        assert view.before is None
        assert view.view == {B: [1]}

    simulated(program)
