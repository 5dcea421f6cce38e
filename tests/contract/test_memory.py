"""The store in memory passes the contracts."""

from typing import Any

import pytest

from event_store_async import MemoryEventStore
from event_store_async.testing.contract import (
    CategoryContract,
    ErasureContract,
    EventStoreContract,
    FeedContract,
    SnapshotContract,
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
