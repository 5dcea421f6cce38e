"""R1 and R2 with PostgreSQL: a crash at any await, and every way in which events may come."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from random import Random
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from event_store_async import EventStore, Feed, MemoryEventStore
from event_store_async.sql.transactions import SqlTransactions
from event_store_async.subscriptions import Pace, Projection, SubscriptionStore
from event_store_async.testing import every_delivery

from ..cassandra.test_handler_groups import SEQUENCING
from ..fixtures.server import Server
from ..fixtures.stores import opened_with_feed
from ..simulation.group_process import (
    Process,
    ProcessReader,
    ProcessStore,
    ProcessTransactions,
    Trouble,
)
from .databases import Database
from .test_transactions import LIMIT, RECOVERY, View, adapter, database, transactions

__all__ = ["adapter", "database", "transactions"]  # fixtures

EVERY = 13
"""Of how many awaits one is the last: all of them would take minutes."""

PACE = Pace(page=3, commit_seconds=0, beat=0.1, lease=0.3)


class Crashed(BaseException):
    """The process has crashed: it does nothing more."""


class CrashingProcess(Process):
    """
    A process that crashes at one of its awaits of a port: it ends there, and nothing of it goes on.

    Args:
        at: The number of the await; None for never.
    """

    def __init__(self, at: int | None) -> None:
        super().__init__(1, Trouble(), Random(1), at)

    async def lives(self, *, in_transaction: bool = False) -> None:
        del in_transaction
        if self.is_dead:
            raise Crashed


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def store(server: Server, keyspace: str) -> AsyncGenerator[EventStore, None]:
    """Give a store on Cassandra with a feed, which it sequences."""
    async with opened_with_feed(server, f"{keyspace}_pairs", settings=SEQUENCING) as opened:
        yield opened


def projected(view: View, store: EventStore, process: CrashingProcess) -> Projection[Any, Any]:
    feed: Feed[Any] = Feed(ProcessReader(store.feed().reader, process))
    return Projection(
        view.name,
        feed,
        view.apply,
        ProcessStore(store.subscriptions, process),
        transactions=ProcessTransactions(view.transactions, process),
        clear=view.clear,
        slices=2,
        pace=PACE,
        recovery=RECOVERY,
    )


async def crash(view: View, store: EventStore, at: int | None) -> int:
    """Let a process catch up, and crash at an await; return how many awaits it had."""
    process = CrashingProcess(at)
    try:
        await projected(view, store, process).catch_up()
    except BaseException:
        if not process.is_dead:
            raise
    return process.awaits


@pytest.mark.timeout(600)
async def test_r1_on_cassandra_no_effect_is_lost_or_doubled_by_a_crash_at_any_await(
    database: Database, transactions: SqlTransactions[Any], store: EventStore
) -> None:
    good, bad = uuid4(), uuid4()
    start = await store.feed().head()
    for _ in range(4):
        await store.persist_events(good, [{"cents": 1}])
        last = await store.persist_events(bad, [{"cents": 10}])
    await store.feed().position_of(bad, last.version, timeout=LIMIT)

    async def live(at: int | None) -> int:
        view = View(database, transactions)
        await store.subscriptions.register(view.name, 2, start)
        view.failing.add(bad)
        async with asyncio.timeout(LIMIT):
            awaits = await crash(view, store, at)
            await crash(view, store, None)
            assert await view.sums() == {good: 4}, f"await {at}"
            view.failing.clear()
            await store.subscriptions.replay(view.name)
            await crash(view, store, None if at is None else at + 20)
            await crash(view, store, None)
        assert await view.sums() == {good: 4, bad: 40}, f"await {at}"
        status = await store.subscriptions.status(view.name)
        assert (status.lag.events, status.lag.parked) == (0, 0)
        await store.subscriptions.forget(view.name)
        return awaits

    awaits = await live(None)
    assert awaits > 30
    for at in range(1, awaits, EVERY):
        await live(at)


async def test_r2_every_delivery_leads_to_the_same_view(
    database: Database, transactions: SqlTransactions[Any], adapter: str
) -> None:
    first, second, third = (UUID(int=number) for number in (1, 2, 3))
    events = [(stream, {"cents": 10**number}) for number in range(4) for stream in (first, second)]

    def make(
        view: View,
        store: MemoryEventStore,
        subscriptions: SubscriptionStore,
        options: Mapping[str, Any],
    ) -> Projection[Any, Any]:
        return Projection(
            view.name,
            store.feed(),
            view.apply,
            subscriptions,
            transactions=transactions,
            clear=view.clear,
            recovery=RECOVERY,
            **options,
        )

    tried = await every_delivery(
        [*events, (third, {"cents": 7})],
        lambda: View(database, transactions, adapter),
        make,
        View.sums,
    )

    assert tried > 20
