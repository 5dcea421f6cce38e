"""The bank account of these tests, and helpers around its store."""

from collections.abc import AsyncGenerator, Callable, Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from event_store_async import (
    ANY,
    AppendResult,
    Backoff,
    EventReaderWriter,
    ExpectedVersion,
    NewEvent,
    Persisted,
    RecordedEvent,
)
from event_store_async.aggregates import (
    Command,
    CommandHandler,
    Reducer,
    Rejected,
    Repository,
    RetryPolicy,
    SnapshotCache,
)

Event = dict[str, int]


@dataclass(frozen=True)
class Account:
    balance: int = 0
    events: int = 0


def handle(account: Account, event: Event) -> Account:
    change = event.get("deposited", 0) - event.get("withdrawn", 0)
    return Account(account.balance + change, account.events + 1)


REDUCER = Reducer[Account, Event](Account(), handle)

Decider = Callable[[Account], Iterable[Event] | Rejected[str]]


def deposited(amount: int) -> Event:
    return {"deposited": amount}


def withdrawn(amount: int) -> Event:
    return {"withdrawn": amount}


def deposit(amount: int) -> Decider:
    return lambda _: [deposited(amount)]


def withdraw(amount: int) -> Decider:
    def decide(account: Account) -> list[Event] | Rejected[str]:
        if account.balance < amount:
            return Rejected(f"only {account.balance} left")
        return [withdrawn(amount)]

    return decide


class SpyStore:
    """Passes calls on to a store, counts them, and appends a rival's events before an append."""

    def __init__(self, store: EventReaderWriter) -> None:
        self.store = store
        self.reads: list[int | None] = []
        self.page_sizes: list[int | None] = []
        self.appends = 0
        self.rivals: list[list[Any]] = []

    async def persist_events(self, *_: Any, **__: Any) -> Persisted:
        raise AssertionError("the handler must call try_persist_events")

    async def try_persist_events(
        self,
        stream_id: UUID,
        events: Iterable[Any | NewEvent],
        expected_version: ExpectedVersion = ANY,
        *,
        timeout: float | None = None,
    ) -> AppendResult:
        self.appends += 1
        if self.rivals:
            await self.store.persist_events(stream_id, self.rivals.pop(0))
        return await self.store.try_persist_events(
            stream_id, events, expected_version, timeout=timeout
        )

    def read_events(
        self, stream_id: UUID, from_version: int | None = None, *args: Any, **options: Any
    ) -> AsyncGenerator[RecordedEvent, None]:
        self.reads.append(from_version)
        self.page_sizes.append(options.get("page_size"))
        return self.store.read_events(stream_id, from_version, *args, **options)

    async def current_version(self, *_: Any, **__: Any) -> int:
        raise AssertionError("the handler must not ask for the current version")


class RecordedSleeps:
    """Does not sleep, but records how long it was asked to."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


def policy(attempts: int = 10, sleeps: RecordedSleeps | None = None) -> RetryPolicy:
    return RetryPolicy(attempts, Backoff(random=lambda: 1.0), sleeps or RecordedSleeps())


def new_handler(
    store: EventReaderWriter,
    *,
    cache: SnapshotCache | None = None,
    retry: RetryPolicy | None = None,
) -> CommandHandler[Account, Event]:
    repository = Repository(store, REDUCER, cache=cache)
    return CommandHandler(repository, store, retry=retry or policy())


def new_command(
    account: UUID, decide: Any, expected_version: int | None = None
) -> Command[Account, Event]:
    return Command(account, decide, expected_version)


async def payloads(store: EventReaderWriter, account: UUID) -> list[Event]:
    return [event.payload async for event in store.read_events(account)]
