"""The store in memory passes the contracts."""

from typing import Any

import pytest

from event_store_async import MemoryEventStore
from event_store_async.subscriptions import MemoryTransactions
from event_store_async.testing.contract import (
    CategoryContract,
    ErasureContract,
    EventStoreContract,
    FeedContract,
    SnapshotContract,
    SubscriptionStoreContract,
    TransactionsContract,
)


class TestMemory(EventStoreContract):
    follows = True
    lists_streams = True
    is_monitored = True

    @pytest.fixture
    def store(self) -> MemoryEventStore:
        return MemoryEventStore()

    def reopened(self, store: MemoryEventStore, **options: Any) -> MemoryEventStore:
        return store.reopened(**options)


class TestMemoryCategories(CategoryContract):
    @pytest.fixture
    def store(self) -> MemoryEventStore:
        return MemoryEventStore()

    def reopened(self, store: MemoryEventStore, **options: Any) -> MemoryEventStore:
        return store.reopened(**options)


class TestMemoryFeed(FeedContract):
    is_monitored = True

    @pytest.fixture
    def store(self) -> MemoryEventStore:
        return MemoryEventStore()

    def reopened(self, store: MemoryEventStore, **options: Any) -> MemoryEventStore:
        return store.reopened(**options)


class TestMemorySnapshots(SnapshotContract):
    is_monitored = True

    @pytest.fixture
    def store(self) -> MemoryEventStore:
        return MemoryEventStore()

    def reopened(self, store: MemoryEventStore, **options: Any) -> MemoryEventStore:
        return store.reopened(**options)


class TestMemoryErasure(ErasureContract):
    follows = True
    lists_streams = True
    has_feed = True

    @pytest.fixture
    def store(self) -> MemoryEventStore:
        return MemoryEventStore()

    def reopened(self, store: MemoryEventStore, **options: Any) -> MemoryEventStore:
        return store.reopened(**options)


class TestMemorySubscriptions(SubscriptionStoreContract):
    @pytest.fixture
    def store(self) -> MemoryEventStore:
        return MemoryEventStore()


class TestMemoryTransactions(TransactionsContract):
    @pytest.fixture
    def transactions(self) -> MemoryTransactions[set[str]]:
        return MemoryTransactions(set())

    async def write(self, connection: Any, mark: str) -> None:
        connection.add(mark)

    async def marks(self, transactions: Any) -> set[str]:
        view: set[str] = transactions.view
        return view
