"""A projection keeps a view, a page at a time, with and without transactions; in virtual time."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from event_store_async import FeedEvent, LeaseLost, MemoryEventStore, Position, ViewOutlived
from event_store_async.subscriptions import (
    Lease,
    MemoryTransactions,
    Pace,
    Projection,
    Recovery,
    SliceKey,
    SubscriptionProgress,
    Transaction,
)
from event_store_async.subscriptions.delivery import TransactionDelivery
from event_store_async.testing import given_events

from .group import FAST, Notes, append, simulated, streams, until

A, B, C, D = streams(4)
View = dict[UUID, list[int]]


class Poison:
    """Applies events to a view, and fails where it is told to."""

    def __init__(self) -> None:
        self.failing: dict[tuple[UUID, int], Exception] = {}
        self.pages: list[int] = []
        self.cleared = 0

    async def apply(self, view: View, events: Sequence[FeedEvent[Any]]) -> None:
        self.pages.append(len(events))
        for event in events:
            view.setdefault(event.stream_id, []).append(event.version)
            await asyncio.sleep(0)
            if (event.stream_id, event.version) in self.failing:
                raise self.failing[event.stream_id, event.version]

    async def clear(self, view: View) -> None:
        self.cleared += 1
        view.clear()


def projected(
    store: MemoryEventStore, transactions: MemoryTransactions[View], poison: Poison, **options: Any
) -> Projection[Any, View]:
    options.setdefault("recovery", FAST)
    return Projection(
        "view",
        store.feed(),
        poison.apply,
        store.subscriptions,
        transactions=transactions,
        clear=poison.clear,
        **options,
    )


def test_pages_are_applied_at_once() -> None:
    async def program() -> None:
        store, notes, pages = MemoryEventStore(), Notes(), list[int]()
        await append(store, *[A, B] * 10)

        async def apply(nothing: None, events: Sequence[FeedEvent[Any]]) -> None:
            assert nothing is None
            pages.append(len(events))
            await notes.apply(nothing, events)

        projection = Projection("view", store.feed(), apply, store.subscriptions, pace=Pace(page=8))
        await projection.catch_up()
        assert pages == [8, 8, 4]
        assert notes.of(A) == notes.of(B) == list(range(1, 11))

    simulated(program)


def test_the_event_at_fault_is_found_and_the_others_of_its_page_are_applied_once() -> None:
    async def program() -> None:
        store, poison, view = MemoryEventStore(), Poison(), MemoryTransactions[View]({})
        await append(store, A, B, A, C, A, B)
        poison.failing[A, 2] = ValueError("no")
        projection = projected(store, view, poison)
        await projection.catch_up()

        assert view.view == {A: [1], B: [1, 2], C: [1]}
        (row,) = [row async for row in store.subscriptions.parked("view")]
        assert (row.stream_id, row.version, row.last_version) == (A, 2, 3)
        assert poison.pages[0] == 6
        assert await projection.progress.wait_for(A, 1, timeout=1) == "handled"
        assert await projection.progress.wait_for(A, 2, timeout=1) == "parked"
        assert await projection.progress.wait_for(A, 3, timeout=1) == "parked"
        poison.failing.clear()
        await store.subscriptions.replay("view")
        await projection.catch_up()
        assert view.view == {A: [1, 2, 3], B: [1, 2], C: [1]}
        await append(store, A)
        await projection.catch_up()
        assert view.view[A] == [1, 2, 3, 4]

    simulated(program)


@pytest.mark.parametrize("slices", [1, 4])
def test_a_reset_clears_the_view_once_and_builds_it_again(slices: int) -> None:
    async def program() -> None:
        store, poison, view = MemoryEventStore(), Poison(), MemoryTransactions[View]({})
        await append(store, A, B, C, A)
        projection = projected(store, view, poison, slices=slices)
        task = asyncio.ensure_future(projection.run())
        await until(lambda: sum(map(len, view.view.values())) == 4)
        assert poison.cleared == 0
        await store.subscriptions.reset("view", "beginning")
        await until(lambda: poison.cleared == 1)
        await until(lambda: sum(map(len, view.view.values())) == 4)
        assert view.view == {A: [1, 2], B: [1], C: [1]}
        await asyncio.sleep(30)
        assert poison.cleared == 1
        projection.stop()
        await task
        assert await projection.catch_up() == await store.feed().head()
        assert view.view == {A: [1, 2], B: [1], C: [1]}

    simulated(program)


def test_without_transactions_a_reset_clears_before_anything_is_applied() -> None:
    async def program() -> None:
        store, notes, cleared = MemoryEventStore(), Notes(), list[int]()
        await append(store, A, B)

        async def clear(nothing: None) -> None:
            assert nothing is None
            cleared.append(len(notes.got))

        projection = Projection(
            "view", store.feed(), notes.apply, store.subscriptions, clear=clear, slices=3
        )
        await projection.catch_up()
        await store.subscriptions.reset("view", "beginning")
        await projection.catch_up()
        assert cleared == [2]
        assert notes.of(A) == notes.of(B) == [1, 1]

    simulated(program)


def test_a_clear_that_fails_is_tried_again_and_said() -> None:
    async def program() -> None:
        store, poison, view = MemoryEventStore(), Poison(), MemoryTransactions[View]({})
        await append(store, A)
        fails = True

        async def clear(some: View) -> None:
            if fails:
                raise RuntimeError("locked")
            await poison.clear(some)

        projection = Projection(
            "view",
            store.feed(),
            poison.apply,
            store.subscriptions,
            transactions=view,
            clear=clear,
        )
        await projection.catch_up()
        task = asyncio.ensure_future(projection.run())
        await store.subscriptions.reset("view", "beginning")
        await until(lambda: "locked" in str(projection.health().holding))
        await asyncio.sleep(20)
        assert view.view == {A: [1]}
        fails = False
        await until(lambda: poison.cleared == 1 and view.view == {A: [1]})
        projection.stop()
        await task

    simulated(program)


def test_an_outage_of_the_view_parks_nobody() -> None:
    class Away(Exception):
        pass

    class Flaky(MemoryTransactions[View]):
        transient = (Away,)

    async def program() -> None:
        store, poison, view = MemoryEventStore(), Poison(), Flaky({})
        await append(store, A, B)
        poison.failing[A, 1] = Away("gone")
        projection = projected(store, view, poison)
        task = asyncio.ensure_future(projection.run())
        await until(lambda: len(poison.pages) > 12)
        assert "Away: gone" in projection.health().holding[0]
        poison.failing.clear()
        await until(lambda: view.view == {A: [1], B: [1]})
        assert [row async for row in store.subscriptions.parked("view")] == []
        projection.stop()
        await task

    simulated(program)


def test_progress_tells_handled_parked_and_late() -> None:
    async def program() -> None:
        store, notes = MemoryEventStore(), Notes()
        await append(store, A, A)
        progress = SubscriptionProgress("view", store.feed(), store.subscriptions)
        assert await progress.wait_for(A, 1, timeout=0.5) == "late"  # nobody has registered it
        notes.failing[A, 2] = ValueError("no")
        feed = store.feed(types=["other"])
        blind = Projection("blind", feed, notes.apply, store.subscriptions)
        await blind.catch_up()
        assert await blind.progress.wait_for(A, 2, timeout=0.5) == "handled"  # not selected
        projection = Projection(
            "view", store.feed(), notes.apply, store.subscriptions, recovery=FAST
        )
        await projection.catch_up()
        assert await progress.wait_for(A, 1, timeout=0.5) == "handled"
        assert await progress.wait_for(A, 2, timeout=0.5) == "parked"
        assert await progress.wait_for(C, 1, timeout=0.5) == "late"
        task = asyncio.ensure_future(projection.run())
        waiting = asyncio.ensure_future(progress.wait_for(B, 1, timeout=60))
        await asyncio.sleep(1)
        await append(store, B)
        assert await waiting == "handled"
        projection.stop()
        await task

    simulated(program)


def test_the_lag_counts_events_of_the_whole_feed() -> None:
    async def program() -> None:
        store, notes = MemoryEventStore(), Notes()
        projection = Projection("view", store.feed(), notes.apply, store.subscriptions, slices=2)
        await append(store, A, B)
        await projection.catch_up()
        assert (await projection.progress.lag()).events == 0
        await append(store, A, B, C)
        lag = await projection.progress.lag()
        assert (lag.events, [each.events for each in lag.slices]) == (3, [3, 3])
        assert lag.seconds >= 0

    simulated(program)


def test_the_view_knows_better_than_the_store_how_far_it_is() -> None:
    async def program() -> None:
        store, poison, view = MemoryEventStore(), Poison(), MemoryTransactions[View]({})
        await append(store, A, B)
        projection = projected(store, view, poison, pace=Pace(commit_seconds=3600))
        task = asyncio.ensure_future(projection.run())
        await until(lambda: len(view.view) == 2)
        (stored,) = (await store.subscriptions.checkpoints("view")).positions
        assert stored.ordinal == 0
        assert await projection.progress.wait_for(B, 1, timeout=1) == "handled"
        assert (await projection.progress.lag()).events == 0
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await projected(store, view, poison).catch_up()
        assert view.view == {A: [1], B: [1]}

    simulated(program)


def test_a_restored_view_is_right_where_it_is() -> None:
    async def program() -> None:
        store, poison, view = MemoryEventStore(), Poison(), MemoryTransactions[View]({})
        await append(store, A, B)
        await projected(store, view, poison).catch_up()
        restored = MemoryTransactions[View]({})
        await projected(store, restored, poison).catch_up()
        assert restored.view == {A: [1], B: [1]}

    simulated(program)


def test_another_number_of_slices_is_exact_for_the_view() -> None:
    async def program() -> None:
        store, poison, view = MemoryEventStore(), Poison(), MemoryTransactions[View]({})
        some = streams(9)
        poison.failing[some[2], 2] = ValueError("no")
        pace = Pace(commit_seconds=3600)
        projection = projected(store, view, poison, slices=2, pace=pace)
        task = asyncio.ensure_future(projection.run())
        for slices in (4, 3, 1, 6):
            await append(store, *some)
            await asyncio.sleep(0.002)
            await store.subscriptions.reslice("view", slices)
            await append(store, *some)
            await asyncio.sleep(8)
        poison.failing.clear()
        await store.subscriptions.replay("view")
        await until(lambda: all(len(view.view[each]) == 8 for each in some))
        assert view.view == {each: list(range(1, 9)) for each in some}
        assert projection.health().slices_held == 6
        projection.stop()
        await task

    simulated(program)


def test_a_broken_page_without_transactions_is_applied_again() -> None:
    async def program() -> None:
        store, notes = MemoryEventStore(), Notes()
        await append(store, A, B, A)
        notes.failing[B, 1] = ValueError("no")
        recovery = replace(FAST, attempts=1)
        await Projection(
            "view", store.feed(), notes.apply, store.subscriptions, recovery=recovery
        ).catch_up()
        assert notes.got == [(A, 1), (A, 2)]
        assert notes.tried == [(A, 1), (B, 1), (A, 1), (B, 1), (A, 2)]

    simulated(program)


def lease_of(fence: int) -> Lease:
    return Lease(SliceKey("view", 1, 0), UUID(int=fence), fence, given_events(0)[0].position)


def test_a_claim_shuts_out_earlier_leases_of_the_view_before_anything_is_applied() -> None:
    async def program() -> None:
        poison, view = Poison(), MemoryTransactions[View]({})
        delivery = TransactionDelivery(poison.apply, None, view)
        (event,) = given_events("late", stream_id=A)
        assert await delivery.open(lease_of(1)) is None
        assert await delivery.open(lease_of(2)) is None
        with pytest.raises(LeaseLost):
            await delivery.deliver(lease_of(1), [event], event.position)
        with pytest.raises(LeaseLost):
            await delivery.redeliver(lease_of(1), event)
        assert (view.view, poison.pages) == ({}, [])

    simulated(program)


def test_a_replay_whose_answer_was_lost_applies_nothing_again() -> None:
    async def program() -> None:
        poison, view = Poison(), MemoryTransactions[View]({})
        delivery = TransactionDelivery(poison.apply, None, view)
        (event,) = given_events("parked", stream_id=A)
        for fence in (1, 2):
            await delivery.redeliver(lease_of(fence), event)
        assert view.view == {A: [1]}
        await delivery.deliver(lease_of(2), [event], event.position)
        await delivery.deliver(lease_of(2), [event], event.position)  # its answer was lost
        assert view.view == {A: [1, 1]}

    simulated(program)


def test_a_subscription_that_is_registered_anew_starts_its_view_over() -> None:
    async def program() -> None:
        store, view, poison = MemoryEventStore(), MemoryTransactions[View]({}), Poison()
        await append(store, A, B, A)
        await projected(store, view, poison).catch_up()
        await store.subscriptions.reset("view", "beginning")
        await projected(store, view, poison).catch_up()
        cleared = poison.cleared
        await store.subscriptions.forget("view")
        await projected(store, view, poison).catch_up()

        assert view.view == {A: [1, 2], B: [1]}
        assert poison.cleared == cleared + 1
        await append(store, A)
        await projected(store, view, poison).catch_up()
        assert view.view == {A: [1, 2, 3], B: [1]}

    simulated(program)


def test_a_view_that_cannot_start_over_is_not_touched() -> None:
    async def program() -> None:
        store, view, poison = MemoryEventStore(), MemoryTransactions[View]({}), Poison()
        await append(store, A)
        await projected(store, view, poison).catch_up()
        await store.subscriptions.forget("view")
        feed, kept = store.feed(), store.subscriptions
        projection = Projection("view", feed, poison.apply, kept, transactions=view)
        with pytest.raises(ViewOutlived) as caught:
            await projection.catch_up()

        assert caught.value.name == "view"
        assert view.view == {A: [1]}

    simulated(program)


class Hanging(MemoryTransactions[View]):
    """Transactions of a database that does not answer: the network drops what is sent."""

    def __init__(self) -> None:
        super().__init__({})
        self.answers = asyncio.Event()
        self.answers.set()
        self.commits = asyncio.Event()
        self.commits.set()

    @asynccontextmanager
    async def _begin(self, lease: Lease) -> AsyncIterator[Transaction[View]]:
        await self.answers.wait()
        async with super()._begin(lease) as transaction:
            yield transaction
            await self.commits.wait()


def test_nothing_is_parked_while_the_views_database_does_not_answer() -> None:
    async def program() -> None:
        store, view, poison = MemoryEventStore(), Hanging(), Poison()
        await append(store, A, A, B, B)
        projection = projected(store, view, poison, recovery=Recovery(attempts=1, timeout=5.0))
        running = asyncio.create_task(projection.run())
        await until(lambda: projection.health().caught_up)
        view.answers.clear()
        await append(store, A, B)
        await until(lambda: any("did not begin" in it for it in projection.health().holding))
        await asyncio.sleep(600)
        view.answers.set()
        await until(lambda: view.view == {A: [1, 2, 3], B: [1, 2, 3]})
        projection.stop()
        await running

        assert [row async for row in store.subscriptions.parked("view")] == []

    simulated(program)


@pytest.mark.parametrize("is_known", [False, True])
def test_a_slice_says_that_it_waits_for_a_database_that_does_not_answer(is_known: bool) -> None:
    """When it prepares the view, and when it asks how far the view is."""

    async def program() -> None:
        store, view = MemoryEventStore(), Hanging()
        await append(store, A)
        if is_known:
            await projected(store, view, Poison()).catch_up()
            await append(store, A)
        view.answers.clear()
        projection = projected(store, view, Poison())
        running = asyncio.create_task(projection.run())
        await until(lambda: any("did not begin" in it for it in projection.health().holding))
        view.answers.set()
        await until(lambda: view.view == {A: [1, 2] if is_known else [1]})
        projection.stop()
        await running

    simulated(program)


def test_a_slice_says_that_it_waits_for_a_commit() -> None:
    async def program() -> None:
        store, view, poison = MemoryEventStore(), Hanging(), Poison()
        await append(store, A, type_="wanted")
        feed, kept = store.feed(types=["wanted"]), store.subscriptions
        projection = Projection("view", feed, poison.apply, kept, transactions=view)
        running = asyncio.create_task(projection.run())
        await until(lambda: projection.health().caught_up)
        view.commits.clear()
        await append(store, B, type_="unwanted")  # is not applied, but passed by
        await until(lambda: any("no answer" in it for it in projection.health().holding))
        view.commits.set()
        head = await store.feed().head()
        await until(lambda: view._names["view"].rows[0].position == head)
        projection.stop()
        await running

    simulated(program)


class Away(MemoryTransactions[View]):
    """Transactions of a database that is away at times."""

    transient = (ConnectionError,)
    raises: Exception | None = None

    async def positions(
        self, name: str, generation: int, registration_id: UUID | None = None
    ) -> Mapping[int, Position]:
        if self.raises is not None:
            raise self.raises
        return await super().positions(name, generation, registration_id)


class Earlier:
    """Transactions as they were before they could tell outages from other errors."""

    def __init__(self, transactions: Away) -> None:
        self.begin, self.positions = transactions.begin, transactions.positions
        self.transient = transactions.transient


@pytest.mark.parametrize("made", [lambda view: view, Earlier])
def test_who_waits_is_told_late_if_the_views_database_is_away(made: Callable[[Away], Any]) -> None:
    async def program() -> None:
        store, view = MemoryEventStore(), Away({})
        await append(store, A)
        projection = projected(store, made(view), Poison())
        await projection.catch_up()
        view.raises = ConnectionError("no answer")
        waiting = asyncio.create_task(projection.progress.wait_for(A, 1, timeout=5.0))
        assert await projection.progress.wait_for(A, 1, timeout=1.0) == "late"
        view.raises = None
        assert await waiting == "handled"

        view.raises = ValueError("no such table")
        with pytest.raises(ValueError, match="no such table"):
            await projection.progress.wait_for(A, 1, timeout=1.0)

    simulated(program)


def test_progress_knows_nothing_of_an_earlier_registration() -> None:
    async def program() -> None:
        store, view, poison = MemoryEventStore(), MemoryTransactions[View]({}), Poison()
        await append(store, A)
        await projected(store, view, poison).catch_up()
        await store.subscriptions.forget("view")
        head = await store.feed().head()
        await store.subscriptions.register("view", 1, Position.beginning(head.feed_id))
        progress = projected(store, view, poison).progress

        assert await progress.wait_for(A, 1, timeout=1.0) == "late"

    simulated(program)
