"""The cache: fewer reads, and no result that is based on the cache alone."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest

from event_store_async import (
    AppendOutcomeUnknown,
    ConcurrentModification,
    InvalidArgument,
    MemoryEventStore,
)
from event_store_async.aggregates import (
    CommandHandled,
    CommandHandler,
    InvalidAggregateVersion,
    Known,
    Rejected,
    Repository,
    Snapshot,
    SnapshotCache,
)
from event_store_async.testing import HostileEventStore, Injection

from .bank import (
    REDUCER,
    Account,
    Event,
    SpyStore,
    deposit,
    deposited,
    new_command,
    new_handler,
    payloads,
    withdraw,
    withdrawn,
)


@pytest.fixture
def cache() -> SnapshotCache:
    return SnapshotCache()


@pytest.fixture
async def handler(
    store: SpyStore, account: UUID, cache: SnapshotCache
) -> CommandHandler[Account, Event]:
    """Give a handler whose cache holds the account, with 50 in it."""
    handler = new_handler(store, cache=cache)
    await handler.handle(new_command(account, deposit(50)))
    store.reads.clear()
    store.appends = 0
    return handler


Handler = CommandHandler[Account, Event]


async def test_the_common_case_is_one_append_and_no_read(
    store: SpyStore, account: UUID, handler: Handler
) -> None:
    for _ in range(10):
        await handler.handle(new_command(account, withdraw(5)))

    assert (store.appends, store.reads) == (10, [])


async def test_a_rejection_takes_new_events_into_account(
    store: SpyStore, memory: MemoryEventStore, account: UUID, handler: Handler
) -> None:
    await memory.persist_events(account, [deposited(10)])

    result = await handler.handle(new_command(account, withdraw(60)))

    assert isinstance(result, CommandHandled)
    assert store.reads == [2]


async def test_a_rejection_stands_if_there_are_no_new_events(
    store: SpyStore, account: UUID, handler: Handler
) -> None:
    decided = []

    def decide(account: Account) -> Rejected[str]:
        decided.append(account)
        return Rejected("no")

    assert await handler.handle(new_command(account, decide)) == Rejected("no")
    assert (store.reads, len(decided)) == ([2], 1)


async def test_a_decision_for_no_events_takes_new_events_into_account(
    store: SpyStore, memory: MemoryEventStore, account: UUID, handler: Handler
) -> None:
    def only_rich(account: Account) -> list[Event]:
        return [withdrawn(1)] if account.balance > 50 else []

    unchanged = await handler.handle(new_command(account, only_rich))
    await memory.persist_events(account, [deposited(10)])
    changed = await handler.handle(new_command(account, only_rich))

    assert isinstance(unchanged, CommandHandled)
    assert unchanged.events == ()
    assert isinstance(changed, CommandHandled)
    assert changed.after.aggregate == Account(59, 3)
    assert store.reads == [2, 2]


async def test_an_exception_takes_new_events_into_account(
    store: SpyStore, memory: MemoryEventStore, account: UUID, handler: Handler
) -> None:
    def decide(account: Account) -> list[Event]:
        if account.balance == 50:
            raise LookupError("fifty")
        return [withdrawn(account.balance)]

    with pytest.raises(LookupError, match="fifty"):
        await handler.handle(new_command(account, decide))
    await memory.persist_events(account, [deposited(10)])
    result = await handler.handle(new_command(account, decide))

    assert isinstance(result, CommandHandled)
    assert result.after.aggregate == Account(0, 3)
    assert store.reads == [2, 2]


async def test_a_version_above_the_cached_one_is_refused_only_after_a_read(
    store: SpyStore, memory: MemoryEventStore, account: UUID, handler: Handler
) -> None:
    refused = await handler.handle(new_command(account, deposit(1), 2))
    await memory.persist_events(account, [deposited(10)])
    done = await handler.handle(new_command(account, deposit(1), 2))

    assert refused == InvalidAggregateVersion(account, 2, 1)
    assert isinstance(done, CommandHandled)
    assert store.reads == [2, 1, 2], "the event at version 1 shows that no later one is gone"


async def test_a_version_below_the_cached_one_is_refused_after_reading_one_event(
    store: SpyStore, account: UUID, handler: Handler
) -> None:
    result = await handler.handle(new_command(account, deposit(1), 0))

    assert result == InvalidAggregateVersion(account, 0, 1)
    assert store.reads == [1], "this very command could be stored there"


async def test_a_version_that_only_the_cache_holds_is_a_conflict(
    memory: MemoryEventStore, account: UUID, handler: Handler
) -> None:
    await memory.persist_events(account, [deposited(10)])

    result = await handler.handle(new_command(account, deposit(1), 1))

    assert result == ConcurrentModification(account, 1, 2)


async def test_after_an_unknown_outcome_the_cache_is_still_right(
    memory: MemoryEventStore, account: UUID
) -> None:
    for fault in (Injection.UNKNOWN_LOST, Injection.UNKNOWN_STORED):
        script = [Injection.NONE, Injection.NONE, fault]
        store = HostileEventStore(memory, seed=1, script=script)
        repository = Repository(store, REDUCER, cache=SnapshotCache())
        handler = CommandHandler(repository, store)
        await handler.handle(new_command(account, deposit(50)))
        with pytest.raises(AppendOutcomeUnknown):
            await handler.handle(new_command(account, deposit(1)))

        truth = await Repository(memory, REDUCER).load(account)
        assert await repository.load(account) == truth
        assert isinstance(await handler.handle(new_command(account, deposit(1))), CommandHandled)


class DelayedAnswer(SpyStore):
    """A store that stores an append, but does not answer before `answer` is set."""

    def __init__(self, store: MemoryEventStore) -> None:
        super().__init__(store)
        self.stored = asyncio.Event()
        self.answer = asyncio.Event()

    async def try_persist_events(self, *args: Any, **options: Any) -> Any:
        result = await super().try_persist_events(*args, **options)
        self.stored.set()
        await self.answer.wait()
        return result


async def test_after_a_cancellation_the_cache_is_still_right(
    memory: MemoryEventStore, account: UUID
) -> None:
    await memory.persist_events(account, [deposited(50)])
    store = DelayedAnswer(memory)
    handler = new_handler(store, cache=SnapshotCache())
    command = new_command(account, withdraw(50))
    task = asyncio.create_task(handler.handle(command))
    await store.stored.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    store.answer.set()

    assert await handler.handle(new_command(account, withdraw(1))) == Rejected("only 0 left")
    again = await handler.handle(command)
    assert isinstance(again, CommandHandled)
    assert again.handled_earlier
    assert await payloads(memory, account) == [deposited(50), withdrawn(50)]


async def test_the_repository_and_the_handler_share_the_cache(
    store: SpyStore, account: UUID, cache: SnapshotCache
) -> None:
    repository = Repository(store, REDUCER, cache=cache)
    await repository.load(account)
    await CommandHandler(repository, store).handle(new_command(account, deposit(5)))
    await repository.load(account)

    assert store.reads == [1, 2]


async def test_the_least_recently_used_snapshot_is_dropped_first(store: SpyStore) -> None:
    cache = SnapshotCache(max_aggregates=2)
    handler = new_handler(store, cache=cache)
    one, two, three = uuid4(), uuid4(), uuid4()
    for account in (one, two, one, three):
        await handler.handle(new_command(account, deposit(1)))

    assert len(cache) == 2
    assert cache.get(two) is None
    assert cache.get(one) is not None
    cache.clear()
    assert len(cache) == 0


def test_a_later_snapshot_is_not_replaced_by_an_earlier_one(account: UUID) -> None:
    cache = SnapshotCache()
    cache.put(account, Known(Snapshot(7, 7, None)))
    cache.put(account, Known(Snapshot(5, 5, None)))

    assert cache.get(account) == Known(Snapshot(7, 7, None))


@pytest.mark.parametrize("number", [0, -1, True, 1.5])
def test_its_sizes_must_be_above_zero(number: Any) -> None:
    with pytest.raises(InvalidArgument):
        SnapshotCache(max_aggregates=number)
    with pytest.raises(InvalidArgument):
        SnapshotCache(recent_events=number)
