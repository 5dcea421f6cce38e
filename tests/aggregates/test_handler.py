"""The handler: the results of commands, and what happens if others append."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

from event_store_async import (
    AppendTooLarge,
    ConcurrentModification,
    InvalidArgument,
    InvalidEvent,
    InvalidExpectedVersion,
    MemoryEventStore,
    NewEvent,
    Settings,
)
from event_store_async.aggregates import (
    Command,
    CommandHandled,
    CommandHandler,
    InvalidAggregateVersion,
    Reducer,
    Rejected,
    Repository,
    RetryPolicy,
    Snapshot,
    SnapshotCache,
)
from event_store_async.testing import HostileEventStore, Injection

from .bank import (
    REDUCER,
    Account,
    Event,
    RecordedSleeps,
    SpyStore,
    deposit,
    deposited,
    new_command,
    new_handler,
    payloads,
    policy,
    withdraw,
    withdrawn,
)

Cache = SnapshotCache | None


async def test_the_events_are_appended_and_returned(
    store: SpyStore, account: UUID, cache: Cache
) -> None:
    handler = new_handler(store, cache=cache)

    first = await handler.handle(new_command(account, deposit(50)))
    second = await handler.handle(new_command(account, lambda _: [withdrawn(20), withdrawn(10)]))

    assert isinstance(first, CommandHandled)
    assert first.before == Snapshot(Account(), 0, None)
    assert first.after == Snapshot(Account(50, 1), 1, first.events[0].timestamp)
    assert isinstance(second, CommandHandled)
    assert second.before == first.after
    assert second.after == Snapshot(Account(20, 3), 3, second.events[1].timestamp)
    assert [event.version for event in second.events] == [2, 3]
    assert not second.handled_earlier
    recorded = [event async for event in store.store.read_events(account)]
    assert recorded == [*first.events, *second.events]


async def test_a_rejection_is_returned(store: SpyStore, account: UUID, cache: Cache) -> None:
    handler = new_handler(store, cache=cache)
    await handler.handle(new_command(account, deposit(50)))

    assert await handler.handle(new_command(account, withdraw(60))) == Rejected("only 50 left")
    assert store.appends == 1


async def test_a_decision_for_no_events_is_handled(
    store: SpyStore, account: UUID, cache: Cache
) -> None:
    result = await new_handler(store, cache=cache).handle(new_command(account, lambda _: []))

    empty = Snapshot(Account(), 0, None)
    assert result == CommandHandled(empty, (), empty)
    assert store.appends == 0


async def test_a_decision_may_be_asynchronous(store: SpyStore, account: UUID) -> None:
    async def decide(_: Account) -> list[Event]:
        return [deposited(5)]

    assert isinstance(await new_handler(store).handle(Command(account, decide)), CommandHandled)


async def test_a_decision_may_be_a_generator(store: SpyStore, account: UUID) -> None:
    def decide(_: Account) -> Iterator[Event]:
        yield deposited(5)
        yield deposited(6)

    result = await new_handler(store).handle(Command(account, decide))
    assert isinstance(result, CommandHandled)
    assert result.after.aggregate == Account(11, 2)


async def test_an_exception_of_a_decision_is_raised(
    store: SpyStore, account: UUID, cache: Cache
) -> None:
    def decide(_: Account) -> list[Event]:
        raise LookupError("no rate today")

    with pytest.raises(LookupError, match="no rate today"):
        await new_handler(store, cache=cache).handle(new_command(account, decide))
    assert store.appends == 0


@pytest.mark.parametrize("decision", [None, "text", {"deposited": 5}, NewEvent({}), 7])
async def test_anything_but_a_list_of_events_is_refused(
    store: SpyStore, account: UUID, decision: Any
) -> None:
    with pytest.raises(InvalidEvent, match="list of events or Rejected"):
        await new_handler(store).handle(new_command(account, lambda _: decision))
    assert store.appends == 0


async def test_events_that_the_reducer_fails_on_are_not_stored(
    store: SpyStore, account: UUID
) -> None:
    reducer = Reducer[int, Event](0, lambda total, event: total + event["deposited"])
    handler = CommandHandler(Repository(store, reducer), store)

    with pytest.raises(KeyError):
        await handler.handle(Command(account, lambda _: [withdrawn(5)]))
    assert await payloads(store, account) == []


async def test_a_new_event_keeps_everything_but_its_id(store: SpyStore, account: UUID) -> None:
    new = NewEvent(deposited(5), type="deposited", metadata={"by": "ann"})
    command = new_command(account, lambda _: [new, deposited(6)])

    result = await new_handler(store).handle(command)

    assert isinstance(result, CommandHandled)
    assert (result.events[0].type, result.events[0].metadata) == ("deposited", {"by": "ann"})
    assert [event.event_id for event in result.events] == [command.event_id(0), command.event_id(1)]


async def test_errors_of_the_store_are_raised_unchanged(account: UUID) -> None:
    store = MemoryEventStore(settings=Settings(max_append_events=1))

    with pytest.raises(AppendTooLarge):
        await new_handler(store).handle(
            new_command(account, lambda _: [deposited(1), deposited(2)])
        )


async def test_after_a_conflict_the_command_decides_again(
    store: SpyStore, account: UUID, cache: Cache
) -> None:
    sleeps = RecordedSleeps()
    handler = new_handler(store, cache=cache, retry=policy(sleeps=sleeps))
    await handler.handle(new_command(account, deposit(50)))
    store.rivals = [[withdrawn(10)], [withdrawn(10), deposited(1)]]
    store.reads.clear()

    result = await handler.handle(new_command(account, withdraw(20)))

    assert isinstance(result, CommandHandled)
    assert result.before.aggregate == Account(31, 4)
    assert result.after.aggregate == Account(11, 5)
    assert store.reads[-2:] == [2, 3], "only new events are read"
    assert sleeps.seconds == [0.01, 0.02]


async def test_after_a_conflict_the_decision_may_change(
    store: SpyStore, account: UUID, cache: Cache
) -> None:
    handler = new_handler(store, cache=cache)
    await handler.handle(new_command(account, deposit(50)))
    store.rivals = [[withdrawn(50)]]

    assert await handler.handle(new_command(account, withdraw(20))) == Rejected("only 0 left")


async def test_a_conflict_in_every_attempt_is_returned(
    store: SpyStore, account: UUID, cache: Cache
) -> None:
    sleeps = RecordedSleeps()
    handler = new_handler(store, cache=cache, retry=policy(3, sleeps))
    store.rivals = [[deposited(1)], [deposited(1)], [deposited(1)], [deposited(1)]]

    result = await handler.handle(new_command(account, deposit(50)))

    assert result == ConcurrentModification(account, 2, 3)
    assert store.appends == 3
    assert len(sleeps.seconds) == 2
    store.rivals.clear()
    assert isinstance(await handler.handle(new_command(account, deposit(50))), CommandHandled)


async def test_random_conflicts_are_all_resolved(memory: MemoryEventStore, account: UUID) -> None:
    store = HostileEventStore(memory, seed=3, conflict=0.5, rival=lambda _: [deposited(0)])
    handler = new_handler(store, cache=SnapshotCache(), retry=policy(100))

    for _ in range(50):
        result = await handler.handle(new_command(account, deposit(1)))
    rivals = sum(injected.injection is Injection.CONFLICT for injected in store.injected)
    assert rivals > 10
    assert isinstance(result, CommandHandled)
    assert result.after.aggregate == Account(50, 50 + rivals)


async def test_a_command_at_its_expected_version_is_carried_out(
    store: SpyStore, account: UUID, cache: Cache
) -> None:
    handler = new_handler(store, cache=cache)

    for version in range(3):
        result = await handler.handle(new_command(account, deposit(1), version))
        assert isinstance(result, CommandHandled)


@pytest.mark.parametrize("expected", [0, 2])
async def test_a_command_at_another_version_is_refused(
    store: SpyStore, account: UUID, cache: Cache, expected: int
) -> None:
    handler = new_handler(store, cache=cache)
    await handler.handle(new_command(account, deposit(1)))

    result = await handler.handle(new_command(account, deposit(1), expected))

    assert result == InvalidAggregateVersion(account, expected, 1)
    assert store.appends == 1


async def test_with_an_expected_version_a_conflict_is_final(
    store: SpyStore, account: UUID, cache: Cache
) -> None:
    sleeps = RecordedSleeps()
    handler = new_handler(store, cache=cache, retry=policy(sleeps=sleeps))
    store.rivals = [[deposited(1)]]

    result = await handler.handle(new_command(account, deposit(1), 0))

    assert result == ConcurrentModification(account, 0, 1)
    assert (store.appends, sleeps.seconds) == (1, [])


@pytest.mark.parametrize("version", [-1, True, "1"])
async def test_an_invalid_expected_version_is_refused(
    store: SpyStore, account: UUID, version: Any
) -> None:
    with pytest.raises(InvalidExpectedVersion):
        await new_handler(store).handle(new_command(account, deposit(1), version))
    assert store.reads == []


@pytest.mark.parametrize("attempts", [0, -1, True, 1.5])
def test_a_policy_must_allow_one_attempt(attempts: Any) -> None:
    with pytest.raises(InvalidArgument):
        RetryPolicy(attempts)


def test_the_reducer_reduces() -> None:
    assert REDUCER.reduce(Account(1), [deposited(5), withdrawn(2)]) == Account(4, 2)
