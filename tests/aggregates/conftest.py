"""Stores in memory, with and without a cache."""

from uuid import UUID, uuid4

import pytest

from event_store_async import MemoryEventStore, Settings
from event_store_async.aggregates import SnapshotCache
from event_store_async.hooks import Record, SnapshotEnded

from .bank import SpyStore
from .totals import Bank


@pytest.fixture
def memory() -> MemoryEventStore:
    return MemoryEventStore()


@pytest.fixture
def store(memory: MemoryEventStore) -> SpyStore:
    return SpyStore(memory)


@pytest.fixture
def account() -> UUID:
    return uuid4()


@pytest.fixture(params=[True, False], ids=["cached", "uncached"])
def cache(request: pytest.FixtureRequest) -> SnapshotCache | None:
    """Give a cache or None: most rules hold either way."""
    return SnapshotCache() if request.param else None


@pytest.fixture
def bank() -> Bank:
    records: list[SnapshotEnded] = []

    def hook(record: Record) -> None:
        if isinstance(record, SnapshotEnded):
            records.append(record)

    memory = MemoryEventStore(settings=Settings(hooks=(hook,)))
    return Bank(memory, SpyStore(memory), records)
