"""Aggregates and commands, as a type checker sees them: checked by mypy, never run."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, assert_never, assert_type
from uuid import UUID

import event_store_async as es
from event_store_async.aggregates import (
    Command,
    CommandHandled,
    CommandHandler,
    CommandResult,
    InvalidAggregateVersion,
    Known,
    Reducer,
    Rejected,
    Repository,
    RetryPolicy,
    Snapshot,
    SnapshotCache,
    StoredSnapshot,
)
from event_store_async.testing import given
from event_store_async.typed import EventType, EventTypes, typed_snapshots


@dataclass(frozen=True)
class Opened:
    owner: str


@dataclass(frozen=True)
class Deposited:
    amount: int


Event = Opened | Deposited


@dataclass(frozen=True)
class Account:
    balance: int = 0


def handle(account: Account, event: Event) -> Account:
    return Account(account.balance + event.amount) if isinstance(event, Deposited) else account


REDUCER = Reducer[Account, Event](Account(), handle)
WRONG = Reducer[int, Event](0, handle)  # type: ignore[arg-type]


async def loading(store: es.EventReader[Event], stream: UUID, perhaps: int | None) -> None:
    repository = Repository(store, REDUCER, page_size=100, cache=SnapshotCache(10, 5))
    assert_type(repository, Repository[Account, Event])
    assert_type(await repository.load(stream), Snapshot[Account])
    assert_type(
        await repository.load(stream, expected_version=7),
        Snapshot[Account] | InvalidAggregateVersion,
    )
    assert_type(await repository.load(stream, perhaps), Snapshot[Account] | InvalidAggregateVersion)


def priming(cache: SnapshotCache, stream: UUID, kept: Snapshot[Account]) -> None:
    known = Known(kept, (stream,))
    assert_type(known, Known[Account])
    assert_type(known.snapshot.aggregate, Account)
    assert_type(known.recent, tuple[UUID, ...])
    cache.put(stream, known)
    cache.put(stream, Known(kept))
    assert_type(cache.get(stream), Known[Any] | None)
    cache.put(stream, kept)  # type: ignore[arg-type]


def deposit(account: Account) -> list[Event] | Rejected[str]:
    return [Deposited(1)] if account.balance else Rejected("not open")


async def deposit_later(account: Account) -> list[es.NewEvent[Deposited]]:
    return [es.NewEvent(Deposited(account.balance))]


def open_for(owner: str, _: Account) -> Iterator[Event]:
    yield Opened(owner)


def of_something_else(account: int) -> list[Event]:
    return [Deposited(account)]


async def handling(handler: CommandHandler[Account, Event], stream: UUID) -> None:
    result = await handler.handle(Command(stream, deposit))
    assert_type(result, CommandResult[Account, Event])
    match result:
        case CommandHandled(before, events, after, handled_earlier):
            assert_type(before, Snapshot[Account])
            assert_type(after, Snapshot[Account])
            assert_type(events, tuple[es.RecordedEvent[Event], ...])
            assert_type(handled_earlier, bool)
        case Rejected(reason):
            assert_type(reason, Any)
        case es.ConcurrentModification(_, expected, _):
            assert_type(expected, es.ExpectedVersion)
        case InvalidAggregateVersion(stream_id, version, actual):
            assert_type((stream_id, version, actual), tuple[UUID, int, int])
        case never:
            assert_never(never)
    await handler.handle(Command(stream, deposit_later, expected_version=1, command_id=stream))
    await handler.handle(Command(stream, lambda account: open_for("ann", account)))
    await handler.handle(Command(stream, lambda account: [Deposited(account.balance)]))
    await handler.handle(Command(stream, of_something_else))  # type: ignore[arg-type]


def making(
    repository: Repository[Account, Event], store: es.MemoryEventStore
) -> CommandHandler[Account, Event]:
    return CommandHandler(repository, store, retry=RetryPolicy(attempts=3))


async def scenarios() -> None:
    given(REDUCER, Opened("ann"), es.NewEvent(Deposited(1))).when(deposit).then(Deposited(1))
    then = await given(REDUCER).when_async(deposit_later)
    then.then_aggregate(Account(5))
    then.then_aggregate(5)  # type: ignore[arg-type]


class Plain:
    """Converts accounts to ints, and back."""

    def plain(self, aggregate: Account) -> Any:
        return aggregate.balance

    def aggregate(self, plain: Any) -> Account:
        return Account(plain)


async def snapshots(
    store: es.EventStore, events: es.EventReader[Event], accounts: es.SnapshotStore[Account]
) -> None:
    stream = UUID(int=7)
    assert_type(store.snapshots, es.SnapshotStore[Any])
    assert_type(await accounts.load(stream, "account/1"), StoredSnapshot[Account] | None)
    assert_type(await accounts.save(stream, "account/1", Snapshot(Account(), 1, None)), None)
    await accounts.save(stream, "account/1", Snapshot(7, 1, None))  # type: ignore[arg-type]
    assert_type(store.snapshots.converted(Plain()), es.SnapshotStore[Account])

    types = EventTypes[Account](EventType(Account, "account"))
    typed = typed_snapshots(store.snapshots, types)
    assert_type(typed, es.SnapshotStore[Account])
    repository = Repository(events, REDUCER, snapshots=typed, kind="account/1", every=50)
    assert_type(repository, Repository[Account, Event])
    others = typed_snapshots(store.snapshots, EventTypes[Opened](EventType(Opened, "opened")))
    Repository(events, REDUCER, snapshots=others, kind="opened/1")  # type: ignore[misc]
