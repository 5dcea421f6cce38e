"""Aggregates whose streams were truncated or deleted behind what is known of them."""

from collections.abc import AsyncGenerator
from typing import Any
from uuid import UUID

import pytest

from event_store_async import MemoryEventStore, RecordedEvent, StreamClosed, StreamHole
from event_store_async.aggregates import (
    CommandHandled,
    InvalidAggregateVersion,
    Repository,
    Snapshot,
    SnapshotCache,
    StoredSnapshot,
)

from .bank import (
    REDUCER,
    Account,
    SpyStore,
    deposit,
    deposited,
    new_command,
    new_handler,
    withdraw,
)
from .totals import KIND, TOTAL, Bank, WithHead, add, total

Cache = SnapshotCache | None

# Truncated behind a cache


async def passed(bank: Bank, account: UUID, *, snapshot: bool = True) -> Repository[Any, Any]:
    """Give a repository that knows version 50 of a stream that begins with 61 by now."""
    await bank.memory.persist_events(account, [1] * 50)
    repository = bank.repository(cache=SnapshotCache(), every=1000)
    assert (await repository.load(account)).version == 50
    done = await bank.memory.persist_events(account, [1] * 10)
    if snapshot:
        await save(bank, account, 60, done.events[-1])
    await bank.memory.truncate_stream(account, before=61)
    await bank.memory.persist_events(account, [1])
    return repository


async def save(bank: Bank, account: UUID, version: int, at: RecordedEvent[Any]) -> None:
    assert at.event_id is not None
    stored = StoredSnapshot(total(version), version, at.timestamp, (at.event_id,))
    await bank.memory.snapshots.save(account, KIND, stored)


async def test_a_cached_aggregate_is_not_carried_over_a_gap(bank: Bank, account: UUID) -> None:
    repository = await passed(bank, account)

    found = await repository.load(account)
    again = await repository.load(account)

    assert (found.version, found.aggregate) == (61, total(61))
    assert again == found
    assert bank.store.reads == [1, 51, 60, 62]


async def test_a_command_is_not_decided_on_a_cached_aggregate_before_a_gap(
    bank: Bank, account: UUID
) -> None:
    await bank.memory.persist_events(account, [1] * 50)
    handler = bank.handler(cache=SnapshotCache(), every=1000)
    await handler.handle(add(account))
    done = await bank.memory.persist_events(account, [1] * 9)
    await save(bank, account, 60, done.events[-1])
    await bank.memory.truncate_stream(account, before=61)
    await bank.memory.persist_events(account, [1])

    result = await handler.handle(add(account))

    assert isinstance(result, CommandHandled)
    assert (result.before.version, result.before.aggregate) == (61, total(61))


async def test_without_a_stored_snapshot_it_is_what_the_events_that_are_left_amount_to(
    bank: Bank, account: UUID
) -> None:
    repository = await passed(bank, account, snapshot=False)

    found = await repository.load(account)

    assert (found.version, found.aggregate) == (61, total(1))


async def test_the_same_goes_for_a_repository_without_stored_snapshots(
    store: SpyStore, account: UUID
) -> None:
    repository = Repository(store, REDUCER, cache=SnapshotCache())
    await store.store.persist_events(account, [deposited(1)] * 5)
    await repository.load(account)
    await store.store.persist_events(account, [deposited(1)] * 5)
    await store.store.truncate_stream(account, before=8)  # type: ignore[attr-defined]

    found = await repository.load(account)

    assert (found.version, found.aggregate) == (10, Account(3, 3))


async def test_an_empty_stream_that_is_remembered_is_not_carried_over_a_gap(
    bank: Bank, account: UUID
) -> None:
    repository = bank.repository(cache=SnapshotCache(), every=1000)
    assert (await repository.load(account)).version == 0
    done = await bank.memory.persist_events(account, [1] * 60)
    await save(bank, account, 60, done.events[-1])
    await bank.memory.truncate_stream(account, before=61)
    await bank.memory.persist_events(account, [1])

    found = await repository.load(account)

    assert (found.version, found.aggregate) == (61, total(61))


class Between(SpyStore):
    """Runs something before its first read."""

    def __init__(self, memory: MemoryEventStore, happens: Any) -> None:
        super().__init__(memory)
        self.happens = happens

    async def read_events(self, *args: Any, **options: Any) -> AsyncGenerator[RecordedEvent, None]:
        happens, self.happens = self.happens, None
        if happens is not None:
            await happens()
        async for event in super().read_events(*args, **options):
            yield event


@pytest.mark.parametrize("earlier", [True, False])
async def test_a_snapshot_that_is_saved_before_a_truncation_during_a_load_is_used(
    bank: Bank, account: UUID, earlier: bool
) -> None:
    """The load has looked for a snapshot, and not begun to read, when both happen."""

    async def happens() -> None:
        await save(bank, account, 60, done.events[59])
        await bank.memory.truncate_stream(account, before=61)

    done = await bank.memory.persist_events(account, [1] * 61)
    if earlier:
        await save(bank, account, 50, done.events[49])
    bank.store = Between(bank.memory, happens)

    found = await bank.repository(every=1000).load(account)

    assert (found.version, found.aggregate) == (61, total(61))
    assert bank.outcomes("reject") == []


# Deleted


@pytest.fixture
async def deleted(memory: MemoryEventStore, account: UUID) -> UUID:
    """Give a stream at version 10 of which nothing is left."""
    await memory.persist_events(account, [deposited(1)] * 10)
    await memory.delete_stream(account)
    return account


async def test_a_command_on_a_deleted_stream_is_stored_at_the_next_version(
    store: SpyStore, deleted: UUID, cache: Cache
) -> None:
    handler = new_handler(store, cache=cache)

    first = await handler.handle(new_command(deleted, deposit(50)))
    second = await handler.handle(new_command(deleted, withdraw(20)))

    assert isinstance(first, CommandHandled)
    assert first.before == Snapshot(Account(), 10, None)
    assert (first.after.version, first.after.aggregate) == (11, Account(50, 1))
    assert isinstance(second, CommandHandled)
    assert (second.after.version, second.after.aggregate) == (12, Account(30, 2))
    assert store.appends == 3


async def test_a_cache_from_before_the_last_events_does_not_outlive_a_deletion(
    store: SpyStore, memory: MemoryEventStore, account: UUID
) -> None:
    handler = new_handler(store, cache=SnapshotCache())
    await handler.handle(new_command(account, deposit(50)))
    await memory.persist_events(account, [deposited(1)] * 9)
    await memory.delete_stream(account)

    result = await handler.handle(new_command(account, deposit(5)))

    assert isinstance(result, CommandHandled)
    assert result.before == Snapshot(Account(), 10, None)
    assert result.after.aggregate == Account(5, 1)


async def test_a_stored_snapshot_outlives_the_truncation_of_all_events(
    bank: Bank, account: UUID
) -> None:
    await bank.memory.persist_events(account, [1] * 50)
    bank.store = WithHead(bank.memory)
    handler = bank.handler(cache=SnapshotCache(), every=1000)
    await handler.handle(add(account))
    done = await bank.memory.persist_events(account, [1] * 9)
    await save(bank, account, 60, done.events[-1])
    await bank.memory.truncate_stream(account, before=61)

    result = await handler.handle(add(account))

    assert isinstance(result, CommandHandled)
    assert (result.before.version, result.before.aggregate) == (60, total(60))


async def test_another_writer_on_a_deleted_stream_is_not_overlooked(
    store: SpyStore, deleted: UUID, cache: Cache
) -> None:
    store.rivals = [[deposited(2)], [deposited(3)], [deposited(4)]]
    handler = new_handler(store, cache=cache)

    result = await handler.handle(new_command(deleted, deposit(50)))

    assert isinstance(result, CommandHandled)
    assert result.before.aggregate == Account(9, 3)
    assert result.after.version == 14


async def test_another_writer_after_the_read_makes_it_decide_again(
    store: SpyStore, memory: MemoryEventStore, deleted: UUID, cache: Cache
) -> None:
    append = store.try_persist_events

    async def try_persist(stream_id: UUID, events: Any, expected: Any, **options: Any) -> Any:
        if expected == 10:
            store.rivals = [[deposited(7)]]
        return await append(stream_id, events, expected, **options)

    store.try_persist_events = try_persist  # type: ignore[assignment, method-assign]

    result = await new_handler(store, cache=cache).handle(new_command(deleted, deposit(50)))

    assert isinstance(result, CommandHandled)
    assert (result.before.version, result.before.aggregate) == (11, Account(7, 1))


async def test_events_that_only_a_serial_read_shows_are_not_taken_for_gone(
    memory: MemoryEventStore, account: UUID, cache: Cache
) -> None:
    """A quorum may not show an append that is half-way through its commit."""
    await memory.persist_events(account, [deposited(1)] * 10)

    class HalfDone(SpyStore):
        serial = False

        async def read_events(
            self, *args: Any, serial: bool = False, **options: Any
        ) -> AsyncGenerator[RecordedEvent, None]:
            self.serial = self.serial or serial
            if self.serial:
                async for event in super().read_events(*args, **options):
                    yield event

    store = HalfDone(memory)

    result = await new_handler(store, cache=cache).handle(new_command(account, deposit(50)))

    assert isinstance(result, CommandHandled)
    assert (result.before.version, result.before.aggregate) == (10, Account(10, 10))


async def test_events_that_are_lost_are_not_taken_for_gone(
    memory: MemoryEventStore, account: UUID, cache: Cache
) -> None:
    """A read from the beginning may meet no row, though there are later ones."""
    await memory.persist_events(account, [deposited(1)] * 10)

    class Lost(SpyStore):
        async def read_events(
            self, stream_id: UUID, from_version: int | None = None, *args: Any, **options: Any
        ) -> AsyncGenerator[RecordedEvent, None]:
            if from_version is not None and from_version > 8:
                async for event in super().read_events(stream_id, from_version, *args, **options):
                    yield event

    with pytest.raises(StreamHole):
        await new_handler(Lost(memory), cache=cache).handle(new_command(account, deposit(50)))
    assert await memory.current_version(account) == 10


async def test_a_command_that_expects_the_version_of_a_deleted_stream_is_stored(
    memory: MemoryEventStore, deleted: UUID, cache: Cache
) -> None:
    store = WithHead(memory)
    handler = new_handler(store, cache=cache)

    early = await handler.handle(new_command(deleted, deposit(5), 9))
    right = await handler.handle(new_command(deleted, deposit(5), 10))

    assert early == InvalidAggregateVersion(deleted, 9, 0)
    assert isinstance(right, CommandHandled)
    assert (right.before.version, right.after.aggregate) == (10, Account(5, 1))
    assert store.asked == [True, True]


async def test_a_command_that_expects_a_version_of_a_closed_stream_is_told_that_it_is_closed(
    memory: MemoryEventStore, account: UUID, cache: Cache
) -> None:
    handler = new_handler(memory, cache=cache)
    await memory.persist_events(account, [deposited(1), deposited(2)])
    await memory.close_stream(account)

    for expected in (None, 1, 2, 3):
        with pytest.raises(StreamClosed):
            await handler.handle(new_command(account, deposit(5), expected))


async def test_the_total_of_a_deleted_stream_begins_anew(bank: Bank, account: UUID) -> None:
    await bank.memory.persist_events(account, [1] * 10)
    await bank.memory.delete_stream(account)

    result = await bank.handler().handle(add(account))

    assert isinstance(result, CommandHandled)
    assert (result.after.version, result.after.aggregate) == (11, TOTAL.handle(TOTAL.initial, 1))
