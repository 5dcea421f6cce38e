"""
The store on Cassandra passes the contracts, without a feed and with one.

On a table with a feed every append is announced first, so the contract of the store runs there too.
"""

from collections.abc import AsyncGenerator
from itertools import cycle
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from event_store_async import EventStore, FeedDisabled, Settings
from event_store_async.subscriptions import Subscriptions
from event_store_async.testing.contract import (
    CategoryContract,
    ErasureContract,
    EventStoreContract,
    FeedContract,
    SnapshotContract,
    SubscriptionStoreContract,
)

from ..fixtures.server import Server
from ..fixtures.stores import opened_with_feed


class OnCassandra:
    """Opens other stores on the table of the fixture."""

    keyspace: str

    def reopened(self, store: EventStore, **options: Any) -> EventStore:
        return EventStore(store._engine.session.raw, keyspace=self.keyspace, **options)


class TestCassandra(OnCassandra, EventStoreContract):
    follows = True
    lists_streams = True
    is_monitored = True

    @pytest.fixture(autouse=True)
    def _in(self, keyspace: str) -> None:
        self.keyspace = keyspace


class TestCassandraCategories(OnCassandra, CategoryContract):
    @pytest.fixture(autouse=True)
    def _in(self, keyspace: str) -> None:
        self.keyspace = keyspace


class TestCassandraSnapshots(OnCassandra, SnapshotContract):
    is_monitored = True

    @pytest.fixture(autouse=True)
    def _in(self, keyspace: str) -> None:
        self.keyspace = keyspace


class TestCassandraErasure(OnCassandra, ErasureContract):
    follows = True
    lists_streams = True

    @pytest.fixture(autouse=True)
    def _in(self, keyspace: str) -> None:
        self.keyspace = keyspace


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def store_with_feed(server: Server, keyspace: str) -> AsyncGenerator[EventStore, None]:
    """Give a store whose table has a feed."""
    async with opened_with_feed(server, f"{keyspace}_feed") as opened:
        yield opened


class WithFeed(OnCassandra):
    """Runs a contract on the table with a feed."""

    @pytest.fixture
    def store(self, store_with_feed: EventStore, keyspace: str) -> EventStore:
        self.keyspace = f"{keyspace}_feed"
        return store_with_feed


class TestCassandraWithFeed(WithFeed, EventStoreContract):
    follows = True
    lists_streams = True
    is_monitored = True


class TestCassandraCategoriesWithFeed(WithFeed, CategoryContract):
    pass


class TestCassandraFeed(WithFeed, FeedContract):
    is_monitored = True


class TestCassandraSubscriptions(WithFeed, SubscriptionStoreContract):
    pass


class ByTurns:
    """The subscriptions of several processes: each call is another's."""

    def __init__(self, *subscriptions: Subscriptions) -> None:
        self._turns = cycle(subscriptions)

    def __getattr__(self, name: str) -> Any:
        return getattr(next(self._turns), name)


class TestCassandraSubscriptionsOfTwoProcesses(WithFeed, SubscriptionStoreContract):
    @pytest_asyncio.fixture
    async def subscriptions(  # type: ignore[override] # it is asynchronous
        self, store: EventStore, server: Server
    ) -> AsyncGenerator[Any, None]:
        async with server.connect(self.keyspace, settings=Settings(sequences=False)) as other:
            yield ByTurns(store.subscriptions, other.subscriptions)


async def test_a_table_without_a_feed_says_so(store: EventStore, stream_id: UUID) -> None:
    await store.persist_events(stream_id, ["a"])
    feed = store.feed()

    for call in (feed.head, feed.page, lambda: feed.locate(stream_id, 1)):
        with pytest.raises(FeedDisabled, match="has no feed"):
            await call()
