"""Repetition: a command is stored once, even if the first call failed."""

import asyncio
from uuid import UUID

import pytest

from event_store_async import (
    AppendOutcomeUnknown,
    ConcurrentModification,
    EventReaderWriter,
    MemoryEventStore,
    StoreUnavailable,
)
from event_store_async.aggregates import Command, CommandHandled, SnapshotCache
from event_store_async.testing import HostileEventStore, Injection

from .bank import (
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

Cache = SnapshotCache | None


def handled(result: object) -> CommandHandled[Account, Event]:
    assert isinstance(result, CommandHandled)
    return result


async def deposit_50(store: EventReaderWriter, account: UUID) -> None:
    await store.persist_events(account, [deposited(50)])


async def test_a_repeated_command_returns_its_first_result(
    store: SpyStore, account: UUID, cache: Cache
) -> None:
    handler = new_handler(store, cache=cache)
    command = new_command(account, lambda _: [deposited(5), deposited(6)])
    await handler.handle(new_command(account, deposit(1)))
    first = handled(await handler.handle(command))
    await handler.handle(new_command(account, deposit(100)))

    again = handled(await handler.handle(command))

    assert again.handled_earlier
    assert (again.before, again.events, again.after) == (first.before, first.events, first.after)
    assert store.appends == 3


async def test_a_repeated_command_does_not_decide_again(
    store: SpyStore, account: UUID, cache: Cache
) -> None:
    decided = []

    def decide(_: Account) -> list[Event]:
        decided.append(1)
        return [deposited(5)]

    command = new_command(account, decide)
    await new_handler(store).handle(command)
    handler = new_handler(store, cache=cache)
    await handler.handle(new_command(account, deposit(1)))

    assert handled(await handler.handle(command)).handled_earlier
    assert decided == [1]


async def test_commands_with_the_same_id_are_the_same_command(
    store: SpyStore, account: UUID, cache: Cache
) -> None:
    first = new_command(account, deposit(5))
    other = Command(account, withdraw(1000), command_id=first.command_id)
    await new_handler(store, cache=cache).handle(first)

    assert handled(await new_handler(store, cache=cache).handle(other)).after.aggregate == Account(
        5, 1
    )


async def test_a_repeated_command_with_an_expected_version_is_recognised(
    store: SpyStore, account: UUID, cache: Cache
) -> None:
    handler = new_handler(store, cache=cache)
    command = new_command(account, deposit(5), 0)
    await handler.handle(command)
    await handler.handle(new_command(account, deposit(5), 1))

    assert handled(await handler.handle(command)).handled_earlier


@pytest.mark.parametrize("fault", [Injection.UNKNOWN_STORED, Injection.UNKNOWN_LOST])
@pytest.mark.parametrize("meanwhile", [False, True], ids=["alone", "with a rival"])
@pytest.mark.parametrize("expected", [None, 1])
async def test_repeating_settles_an_unknown_outcome(
    memory: MemoryEventStore,
    account: UUID,
    cache: Cache,
    fault: Injection,
    meanwhile: bool,
    expected: int | None,
) -> None:
    await deposit_50(memory, account)
    store = HostileEventStore(memory, seed=1, script=[fault])
    handler = new_handler(store, cache=cache)
    command = new_command(account, withdraw(40), expected)
    with pytest.raises(AppendOutcomeUnknown):
        await handler.handle(command)
    if meanwhile:
        await memory.persist_events(account, [deposited(7)])

    result = await handler.handle(command)

    stored = fault is Injection.UNKNOWN_STORED
    if expected and meanwhile and not stored:
        assert not isinstance(result, CommandHandled)
        assert await payloads(memory, account) == [deposited(50), deposited(7)]
        return
    again = handled(result)
    assert again.handled_earlier is stored
    assert [event.payload for event in again.events] == [withdrawn(40)]
    assert again.before.version == again.events[0].version - 1
    assert again.after.aggregate.balance == again.before.aggregate.balance - 40
    assert sorted(map(str, await payloads(memory, account))) == sorted(
        map(str, [deposited(50), withdrawn(40), *([deposited(7)] if meanwhile else [])])
    )


async def test_another_process_recognises_a_repeated_command(
    memory: MemoryEventStore, account: UUID, cache: Cache
) -> None:
    """The other process has cached the stream as it was before."""
    await deposit_50(memory, account)
    other = new_handler(memory.reopened(), cache=cache)
    await other.handle(new_command(account, deposit(1)))
    store = HostileEventStore(memory, seed=1, script=[Injection.UNKNOWN_STORED])
    command = new_command(account, withdraw(40))
    with pytest.raises(AppendOutcomeUnknown):
        await new_handler(store).handle(command)
    await memory.persist_events(account, [deposited(7)])

    result = handled(await other.handle(command))

    assert result.handled_earlier
    assert result.after.aggregate == Account(11, 3)
    assert await memory.current_version(account) == 4


async def test_a_repeated_command_is_not_rejected_on_a_stale_aggregate(
    memory: MemoryEventStore, account: UUID, cache: Cache
) -> None:
    """It would be rejected on the cached aggregate, but it is stored already."""
    other = new_handler(memory.reopened(), cache=cache)
    await other.handle(new_command(account, deposit(30)))
    command = new_command(account, withdraw(40))
    handler = new_handler(memory)
    await handler.handle(new_command(account, deposit(10)))
    await handler.handle(command)

    assert handled(await other.handle(command)).handled_earlier


async def test_a_conflict_may_be_with_the_command_itself(
    store: SpyStore, memory: MemoryEventStore, account: UUID
) -> None:
    """Two processes handle it at once, and one of them has no attempt left."""
    other = new_handler(memory)
    command = new_command(account, deposit(5), 1)
    cache = SnapshotCache()
    handler = new_handler(store, cache=cache)
    await handler.handle(new_command(account, deposit(1)))
    await other.handle(command)
    changed = Command(
        account, lambda _: [deposited(5), deposited(6)], 1, command_id=command.command_id
    )

    # It decides differently now, so the store cannot recognise it by its ids.
    result = await handler.handle(changed)

    assert handled(result).handled_earlier
    assert await payloads(memory, account) == [deposited(1), deposited(5)]


async def test_two_processes_at_once_store_it_once(memory: MemoryEventStore, account: UUID) -> None:
    handlers = [new_handler(memory.reopened(), cache=SnapshotCache()) for _ in range(4)]
    command = new_command(account, deposit(5))

    results = await asyncio.gather(*(each.handle(command) for each in handlers * 3))

    assert sorted(handled(result).handled_earlier for result in results) == [False] + [True] * 11
    assert await payloads(memory, account) == [deposited(5)]


async def test_a_long_command_is_recognised_by_its_first_event(
    store: SpyStore, account: UUID
) -> None:
    handler = new_handler(store, cache=SnapshotCache(recent_events=2))
    command = new_command(account, lambda _: [deposited(1)] * 10)
    await handler.handle(command)
    await handler.handle(new_command(account, deposit(1)))

    assert handled(await handler.handle(command)).handled_earlier


async def test_a_command_older_than_the_cached_ids_is_carried_out_again(
    store: SpyStore, account: UUID
) -> None:
    handler = new_handler(store, cache=SnapshotCache(recent_events=2))
    command = new_command(account, deposit(1))
    await handler.handle(command)
    for _ in range(2):
        await handler.handle(new_command(account, deposit(1)))

    assert not handled(await handler.handle(command)).handled_earlier, "documented"


async def test_a_command_with_an_expected_version_is_recognised_however_old(
    store: SpyStore, account: UUID
) -> None:
    handler = new_handler(store, cache=SnapshotCache(recent_events=2))
    command = new_command(account, deposit(1), 0)
    first = handled(await handler.handle(command))
    for _ in range(5):
        await handler.handle(new_command(account, deposit(1)))

    again = handled(await handler.handle(command))

    assert again.handled_earlier
    assert (again.before, again.events, again.after) == (first.before, first.events, first.after)


@pytest.mark.parametrize("cached", [True, False])
async def test_random_faults_never_store_a_command_twice(
    memory: MemoryEventStore, account: UUID, cached: bool
) -> None:
    async def no_time(_: float) -> None:
        pass

    rivals = 0

    def rival(_: UUID) -> list[Event]:
        nonlocal rivals
        rivals += 1
        return [deposited(0)]

    store = HostileEventStore(
        memory,
        seed=7,
        unknown_stored=0.2,
        unknown_lost=0.2,
        conflict=0.2,
        unavailable=0.1,
        broken_read=0.2,
        delay=0.2,
        sleep=no_time,
        rival=rival,
    )
    handler = new_handler(store, cache=SnapshotCache() if cached else None)
    done = 0
    for index in range(200):
        command = new_command(account, deposit(1) if index % 3 else withdraw(2))
        result = None
        while result is None or isinstance(result, ConcurrentModification):
            try:
                result = await handler.handle(command)
            except (AppendOutcomeUnknown, StoreUnavailable):
                continue
        done += isinstance(result, CommandHandled)
    stored = await payloads(memory, account)
    assert len(stored) == done + rivals
    ids = [event.event_id async for event in memory.read_events(account)]
    assert len(set(ids)) == len(ids)
