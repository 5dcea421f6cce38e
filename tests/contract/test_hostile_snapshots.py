"""The hostile store's snapshots: the contract, and each fault."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from event_store_async import MemoryEventStore, StoreUnavailable, UndecodableSnapshot
from event_store_async.aggregates import Snapshot, StoredSnapshot
from event_store_async.testing import HostileEventStore, Injected, Injection
from event_store_async.testing.contract import SnapshotContract

KIND = "account/1"
MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


class Closing(HostileEventStore):
    """A hostile store that closes the wrapped one: the contract opens others."""

    def __init__(self, memory: MemoryEventStore, **chances: Any) -> None:
        super().__init__(memory, seed=1, **chances)
        self.memory = memory

    async def close(self) -> None:
        await self.memory.close()

    async def __aenter__(self) -> "Closing":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


class TestWithoutFaults(SnapshotContract):
    @pytest.fixture
    def store(self) -> Closing:
        return Closing(MemoryEventStore())

    def reopened(self, store: Closing, **options: Any) -> Any:
        return Closing(store.memory.reopened(**options))


@pytest.fixture
def memory() -> MemoryEventStore:
    return MemoryEventStore()


def snapshot(version: int) -> Snapshot[int]:
    return Snapshot(version, version, MOMENT)


async def hostile(
    memory: MemoryEventStore, stream_id: UUID, *script: Injection
) -> HostileEventStore:
    await memory.snapshots.save(stream_id, KIND, snapshot(10))
    return HostileEventStore(memory, seed=1, script=script)


async def test_no_snapshot(memory: MemoryEventStore, stream_id: UUID) -> None:
    store = await hostile(memory, stream_id, Injection.NO_SNAPSHOT)

    assert await store.snapshots.load(stream_id, KIND) is None
    assert await store.snapshots.load(stream_id, KIND) is not None
    assert store.injected == [Injected(Injection.NO_SNAPSHOT, stream_id)]


async def test_a_stale_snapshot_is_one_that_was_loaded_before(
    memory: MemoryEventStore, stream_id: UUID
) -> None:
    store = await hostile(memory, stream_id, Injection.NONE, Injection.STALE_SNAPSHOT)
    first = await store.snapshots.load(stream_id, KIND)
    await memory.snapshots.save(stream_id, KIND, snapshot(20))

    assert await store.snapshots.load(stream_id, KIND) == first
    newest = await store.snapshots.load(stream_id, KIND)
    assert newest == StoredSnapshot(20, 20, MOMENT)


async def test_a_snapshot_ahead_is_far_above(memory: MemoryEventStore, stream_id: UUID) -> None:
    store = await hostile(memory, stream_id, Injection.SNAPSHOT_AHEAD)

    found = await store.snapshots.load(stream_id, KIND)

    assert found is not None
    assert found.version > 100_000


async def test_an_undecodable_snapshot(memory: MemoryEventStore, stream_id: UUID) -> None:
    store = await hostile(memory, stream_id, Injection.UNDECODABLE_SNAPSHOT)

    with pytest.raises(UndecodableSnapshot):
        await store.snapshots.load(stream_id, KIND)


async def test_unavailable_means_that_nothing_is_done(
    memory: MemoryEventStore, stream_id: UUID
) -> None:
    store = await hostile(memory, stream_id, *[Injection.UNAVAILABLE] * 5)
    kept = store.snapshots

    with pytest.raises(StoreUnavailable):
        await kept.load(stream_id, KIND)
    with pytest.raises(StoreUnavailable):
        await kept.save(stream_id, KIND, snapshot(20))
    with pytest.raises(StoreUnavailable):
        await kept.forget(stream_id)
    with pytest.raises(StoreUnavailable):
        await kept.reject(stream_id, KIND, 10, "wrong")
    kept.save_soon(stream_id, KIND, snapshot(30))
    await memory.close()

    async with memory.reopened() as other:
        assert await other.snapshots.load(stream_id, KIND) == StoredSnapshot(10, 10, MOMENT)
    assert len(store.injected) == 5


@pytest.mark.parametrize(
    "chance", ["no_snapshot", "stale_snapshot", "snapshot_ahead", "undecodable_snapshot"]
)
async def test_each_probability_injects_one_fault(
    memory: MemoryEventStore, stream_id: UUID, chance: str
) -> None:
    await memory.snapshots.save(stream_id, KIND, snapshot(10))
    chances: dict[str, Any] = {chance: 1.0}
    store = HostileEventStore(memory, seed=3, **chances)
    for _ in range(5):
        try:
            await store.snapshots.load(stream_id, KIND)
        except UndecodableSnapshot:
            continue

    assert {each.injection.name.lower() for each in store.injected} == {chance}
