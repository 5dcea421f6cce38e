"""The repository: it loads the current aggregate and checks its version."""

from typing import Any
from uuid import UUID

import pytest

from event_store_async import InvalidExpectedVersion, MemoryEventStore, StoreUnavailable
from event_store_async.aggregates import (
    InvalidAggregateVersion,
    Repository,
    Snapshot,
    SnapshotCache,
)
from event_store_async.testing import HostileEventStore, Injection

from .bank import REDUCER, Account, SpyStore, deposited, withdrawn


async def test_a_stream_without_events_gives_the_initial_aggregate(
    store: SpyStore, account: UUID, cache: SnapshotCache | None
) -> None:
    repository = Repository(store, REDUCER, cache=cache)

    assert await repository.load(account) == Snapshot(Account(), 0, None)
    assert await repository.load(account, expected_version=0) == Snapshot(Account(), 0, None)


async def test_an_aggregate_is_loaded_with_its_version_and_timestamp(
    store: SpyStore, memory: MemoryEventStore, account: UUID
) -> None:
    await memory.persist_events(account, [deposited(50)])
    last = await memory.persist_events(account, [withdrawn(20), deposited(1)])

    loaded = await Repository(store, REDUCER).load(account)

    assert loaded == Snapshot(Account(31, 3), 3, last.events[-1].timestamp)


async def test_an_aggregate_at_another_version_is_refused(
    store: SpyStore, memory: MemoryEventStore, account: UUID
) -> None:
    await memory.persist_events(account, [deposited(50)])
    repository = Repository(store, REDUCER)

    loaded = await repository.load(account, expected_version=1)
    assert isinstance(loaded, Snapshot)
    assert await repository.load(account, 0) == InvalidAggregateVersion(account, 0, 1)
    assert await repository.load(account, 2) == InvalidAggregateVersion(account, 2, 1)


@pytest.mark.parametrize("version", [-1, True, "1", 1.0])
async def test_an_invalid_expected_version_is_refused(
    store: SpyStore, account: UUID, version: Any
) -> None:
    with pytest.raises(InvalidExpectedVersion):
        await Repository(store, REDUCER).load(account, version)
    assert store.reads == []


async def test_the_page_size_is_passed_to_the_store(store: SpyStore, account: UUID) -> None:
    await Repository(store, REDUCER, page_size=7).load(account)

    assert store.page_sizes == [7]


async def test_with_a_cache_only_new_events_are_read(
    store: SpyStore, memory: MemoryEventStore, account: UUID
) -> None:
    repository = Repository(store, REDUCER, cache=SnapshotCache())
    await memory.persist_events(account, [deposited(50), deposited(1)])
    await repository.load(account)
    await memory.persist_events(account, [withdrawn(20)])

    assert (await repository.load(account)).aggregate == Account(31, 3)
    assert store.reads == [1, 3]


async def test_after_a_failed_read_the_next_load_is_right(
    memory: MemoryEventStore, account: UUID, cache: SnapshotCache | None
) -> None:
    await memory.persist_events(account, [deposited(1)] * 20)
    store = HostileEventStore(memory, seed=1, script=[Injection.BROKEN_READ])
    repository = Repository(store, REDUCER, cache=cache)

    with pytest.raises(StoreUnavailable):
        await repository.load(account)
    assert (await repository.load(account)).aggregate == Account(20, 20)
