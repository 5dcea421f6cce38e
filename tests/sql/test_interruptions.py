"""R1 and R2 with PostgreSQL: a crash at any await, and every way in which events may come."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, TypeVar
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from event_store_async import EventStore, Feed, MemoryEventStore, Position
from event_store_async.feeds import FeedPage, FeedReader, Selection
from event_store_async.sql.transactions import SqlTransactions
from event_store_async.subscriptions import (
    Pace,
    Projection,
    SubscriptionStore,
    Transaction,
    Transactions,
)
from event_store_async.testing import every_delivery

from ..cassandra.test_handler_groups import SEQUENCING
from ..fixtures.server import Server
from ..fixtures.stores import QUICK, complete_feed, drop_keyspace
from .databases import Database
from .test_transactions import LIMIT, RECOVERY, View, adapter, database, transactions

__all__ = ["adapter", "database", "transactions"]  # fixtures

_T = TypeVar("_T")

EVERY = 13
"""Of how many awaits one is the last: all of them would take minutes."""

PACE = Pace(page=3, commit_seconds=0, beat=0.1, lease=0.3)


class Crashed(BaseException):
    """The process has crashed: it does nothing more."""


class Process:
    """
    A process that crashes at one of its awaits of a port.

    Args:
        at: The number of the await; None for never.

    Attributes:
        awaits: How many awaits there were.
    """

    def __init__(self, at: int | None) -> None:
        self._at = at
        self.awaits = 0
        self.has_crashed = False

    def step(self) -> None:
        """Count an await; nothing gets past the last one."""
        self.awaits += 1
        self.has_crashed = self.has_crashed or self.awaits == self._at
        if self.has_crashed:
            raise Crashed

    async def call(self, request: Callable[[], Awaitable[_T]]) -> _T:
        """Send a request, unless it has crashed; perhaps it gets no answer."""
        self.step()
        answer = await request()
        self.step()
        return answer


class ProcessPort:
    """A port as a process reaches it: each call of it is a request."""

    def __init__(self, port: Any, process: Process) -> None:
        self._port = port
        self._process = process

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)
        if not asyncio.iscoroutinefunction(method):
            return method

        async def call(*arguments: Any) -> Any:
            return await self._process.call(lambda: method(*arguments))

        return call


class ProcessReader:
    """The feed as a process reaches it."""

    def __init__(self, reader: FeedReader[Any], process: Process) -> None:
        self._reader = reader
        self._process = process

    async def read_page(
        self, after: Position | None, max_count: int, selection: Selection
    ) -> FeedPage[Any]:
        return await self._process.call(lambda: self._reader.read_page(after, max_count, selection))

    async def head(self) -> Position:
        return await self._process.call(self._reader.head)

    async def changed(self, after: Position, timeout: float) -> bool:
        return await self._reader.changed(after, timeout)

    async def locate(self, stream_id: UUID, version: int) -> Position | None:
        return await self._reader.locate(stream_id, version)


class ProcessTransactions(Transactions[Any]):
    """The database of the view as a process reaches it."""

    def __init__(self, made: SqlTransactions[Any], process: Process) -> None:
        self._made = made
        self._process = process

    @property
    def transient(self) -> tuple[type[Exception], ...]:
        return self._made.transient

    def is_transient(self, error: BaseException) -> bool:
        return self._made.is_transient(error)

    def begin(self, lease: Any) -> AbstractAsyncContextManager[Transaction[Any]]:
        return self._begin(lease)

    @asynccontextmanager
    async def _begin(self, lease: Any) -> AsyncIterator[Transaction[Any]]:
        self._process.step()
        async with self._made.begin(lease) as transaction:
            self._process.step()
            yield transaction
            self._process.step()
        self._process.step()  # committed, but nobody knows it yet

    async def positions(
        self, name: str, generation: int, registration_id: UUID | None = None
    ) -> Mapping[int, Position]:
        return await self._process.call(
            lambda: self._made.positions(name, generation, registration_id)
        )


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def store(server: Server, keyspace: str) -> AsyncGenerator[EventStore, None]:
    """Give a store on Cassandra with a feed, which it sequences."""
    name = f"{keyspace}_pairs"
    async with server.connect(name, settings=SEQUENCING) as opened:
        await opened.create_schema(server.replication, feed=True)
        await complete_feed(opened)
        yield opened
    async with server.connect(name, settings=QUICK) as left:
        await drop_keyspace(left, name)


def projected(view: View, store: EventStore, process: Process) -> Projection[Any, Any]:
    feed: Feed[Any] = Feed(ProcessReader(store.feed().reader, process))
    subscriptions: Any = ProcessPort(store.subscriptions, process)
    return Projection(
        view.name,
        feed,
        view.apply,
        subscriptions,
        transactions=ProcessTransactions(view.transactions, process),
        clear=view.clear,
        slices=2,
        pace=PACE,
        recovery=RECOVERY,
    )


async def crash(view: View, store: EventStore, at: int | None) -> int:
    """Let a process catch up, and crash at an await; return how many awaits it had."""
    process = Process(at)
    try:
        await projected(view, store, process).catch_up()
    except BaseException:
        if not process.has_crashed:
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
