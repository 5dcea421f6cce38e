"""
Transfers between accounts: a process manager, through which money is neither lost nor made.

An append changes one stream, so a transfer takes several of them: the source sends the money, the
target receives it, the transfer is completed. If the target turns it away, it goes back. Each step
is a reaction to the event of the step before. A process that dies between two of them changes
nothing: its events are delivered again, and a command that was carried out is recognised.

``python -m examples.transfers`` prints::

    70 cents from Ann to Bob: completed
    70 cents from Ann to Bob: failed, the balance is only 30 cents
    20 cents from Ann to Cleo: failed, the target is closed
    Ann has 30 cents, Bob has 70 cents, Cleo has 0 cents
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeAlias
from uuid import UUID, uuid4

from event_store_async import CategorisedStore, FeedEvent, FeedStore
from event_store_async.aggregates import Command, CommandHandler, Reducer, Repository
from event_store_async.subscriptions import Pace, Subscription, Subscriptions, reacting
from event_store_async.typed import EventType, EventTypes, TypedEventStore, typed_feed

from .cassandra import open_store


@dataclass(frozen=True)
class Opened:
    """An account was opened, with some money in it."""

    cents: int


@dataclass(frozen=True)
class Closed:
    """An account was closed."""


@dataclass(frozen=True)
class Sent:
    """Money has left the source of a transfer."""

    transfer: UUID
    target: UUID
    cents: int


@dataclass(frozen=True)
class Refused:
    """The source of a transfer does not send money."""

    transfer: UUID
    reason: str


@dataclass(frozen=True)
class Received:
    """Money has arrived at the target of a transfer."""

    transfer: UUID
    cents: int


@dataclass(frozen=True)
class TurnedAway:
    """The target of a transfer does not take money."""

    transfer: UUID
    source: UUID
    cents: int
    reason: str


@dataclass(frozen=True)
class Returned:
    """Money that was turned away is back at its source."""

    transfer: UUID
    cents: int
    reason: str


@dataclass(frozen=True)
class Requested:
    """A transfer was asked for."""

    source: UUID
    target: UUID
    cents: int


@dataclass(frozen=True)
class Completed:
    """The target has the money."""


@dataclass(frozen=True)
class Failed:
    """The source has the money, as before."""

    reason: str


AccountEvent: TypeAlias = Opened | Closed | Sent | Refused | Received | TurnedAway | Returned
TransferEvent: TypeAlias = Requested | Completed | Failed

ACCOUNT_TYPES = EventTypes[AccountEvent](
    EventType(Opened, "opened"),
    EventType(Closed, "closed"),
    EventType(Sent, "sent"),
    EventType(Refused, "refused"),
    EventType(Received, "received"),
    EventType(TurnedAway, "turned-away"),
    EventType(Returned, "returned"),
)
TRANSFER_TYPES = EventTypes[TransferEvent](
    EventType(Requested, "requested"),
    EventType(Completed, "completed"),
    EventType(Failed, "failed"),
)

# What each reaction answers to. The others are left out of its feed.
Step: TypeAlias = Requested | Sent | TurnedAway
Outcome: TypeAlias = Received | Refused | Returned
STEPS = EventTypes[Step](
    EventType(Requested, "requested"), EventType(Sent, "sent"), EventType(TurnedAway, "turned-away")
)
OUTCOMES = EventTypes[Outcome](
    EventType(Received, "received"), EventType(Refused, "refused"), EventType(Returned, "returned")
)


@dataclass(frozen=True)
class Account:
    """The state of an account."""

    is_open: bool = False
    cents: int = 0


def apply(account: Account, event: AccountEvent) -> Account:
    """Return the account after an event."""
    match event:
        case Opened(cents):
            return Account(is_open=True, cents=cents)
        case Closed():
            return replace(account, is_open=False)
        case Sent(cents=cents):
            return replace(account, cents=account.cents - cents)
        case Received(cents=cents) | Returned(cents=cents):
            return replace(account, cents=account.cents + cents)
        case Refused() | TurnedAway():
            return account


ACCOUNT: Reducer[Account, AccountEvent] = Reducer(Account(), apply)
TRANSFER: Reducer[TransferEvent | None, TransferEvent] = Reducer(None, lambda _, event: event)

Decide: TypeAlias = Callable[[Account], list[AccountEvent]]

# These decisions say no by an event, not by `Rejected`: the flow goes on from that event.


def send(transfer: UUID, target: UUID, cents: int) -> Decide:
    """Let money leave the source, if it has enough."""

    def decide(account: Account) -> list[AccountEvent]:
        if not account.is_open:
            return [Refused(transfer, "the source is closed")]
        if account.cents < cents:
            return [Refused(transfer, f"the balance is only {account.cents} cents")]
        return [Sent(transfer, target, cents)]

    return decide


def receive(transfer: UUID, source: UUID, cents: int) -> Decide:
    """Let money arrive at the target, if it is open."""

    def decide(account: Account) -> list[AccountEvent]:
        if not account.is_open:
            return [TurnedAway(transfer, source, cents, "the target is closed")]
        return [Received(transfer, cents)]

    return decide


def take_back(transfer: UUID, cents: int, reason: str) -> Decide:
    """Put money back, even if the source was closed meanwhile: it must be somewhere."""
    return lambda _: [Returned(transfer, cents, reason)]


def move_money(event: FeedEvent[Step]) -> Iterator[Command[Account, AccountEvent]]:
    """Lead from a step of a transfer to the next one, in an account."""
    match event.payload:
        case Requested(source, target, cents):
            yield Command(source, send(event.stream_id, target, cents))
        case Sent(transfer, target, cents):
            yield Command(target, receive(transfer, event.stream_id, cents))
        case TurnedAway(transfer, source, cents, reason):
            yield Command(source, take_back(transfer, cents, reason))


def conclude(event: FeedEvent[Outcome]) -> Iterator[Command[Any, TransferEvent]]:
    """Lead from the last step in an account to the outcome of the transfer."""
    match event.payload:
        case Received(transfer):
            yield Command(transfer, lambda _: [Completed()])
        case Refused(transfer, reason) | Returned(transfer, _, reason):
            yield Command(transfer, lambda _: [Failed(reason)])


class Store(FeedStore, CategorisedStore, Protocol):
    """The part of a store that transfers use."""

    @property
    def subscriptions(self) -> Subscriptions:
        """How far the reactions are."""


class Transfers:
    """
    Accounts, and transfers between them.

    Args:
        store: The store, on a table with a feed.
        slices: How many events of different streams are handled at once.
        pace: How often things happen.
    """

    def __init__(self, store: Store, *, slices: int = 4, pace: Pace | None = None) -> None:
        self.accounts = TypedEventStore(store.category("account"), ACCOUNT_TYPES)
        self.transfers = TypedEventStore(store.category("transfer"), TRANSFER_TYPES)
        # Without a cache, a repeated command is recognised however old it is.
        self.balances = Repository(self.accounts, ACCOUNT)
        account_commands = CommandHandler(self.balances, self.accounts)
        transfer_commands = CommandHandler(Repository(self.transfers, TRANSFER), self.transfers)
        feed = store.feed(categories=["account", "transfer"])
        pace = pace or Pace()
        self.subscriptions = (
            Subscription(
                "move-money",
                typed_feed(feed, STEPS, unknown="leave out"),
                reacting("move-money", move_money, account_commands),
                store.subscriptions,
                slices=slices,
                pace=pace,
            ),
            Subscription(
                "conclude",
                typed_feed(feed, OUTCOMES, unknown="leave out"),
                reacting("conclude", conclude, transfer_commands),
                store.subscriptions,
                slices=slices,
                pace=pace,
            ),
        )

    async def run(self) -> None:
        """Carry transfers out until it is cancelled; any number of processes may do so."""
        async with asyncio.TaskGroup() as tasks:
            for subscription in self.subscriptions:
                tasks.create_task(subscription.run())

    async def request(self, transfer: UUID, source: UUID, target: UUID, cents: int) -> None:
        """Ask for a transfer; with the id of an earlier one, nothing more is asked for."""
        if cents <= 0:
            raise ValueError("a transfer must be of at least one cent")
        requests = CommandHandler(Repository(self.transfers, TRANSFER), self.transfers)
        requested = Requested(source, target, cents)
        await requests.handle(Command(transfer, lambda _: [requested], command_id=transfer))

    async def outcome(self, transfer: UUID) -> Completed | Failed:
        """Wait for the outcome of a transfer."""
        async with aclosing(self.transfers.follow(transfer)) as events:
            async for event in events:
                if not isinstance(event.payload, Requested):
                    return event.payload
        raise AssertionError("following a stream does not end")


async def main(keyspace: str) -> None:
    """Make three transfers."""
    async with open_store(keyspace) as store:
        await store.create_schema(feed=True)
        bank = Transfers(store)
        names = {uuid4(): name for name in ("Ann", "Bob", "Cleo")}
        ann, bob, cleo = names
        await bank.accounts.persist_events(ann, [Opened(100)])
        await bank.accounts.persist_events(bob, [Opened(0)])
        await bank.accounts.persist_events(cleo, [Opened(0), Closed()])

        async with asyncio.TaskGroup() as tasks:  # if they end with an error, nobody waits on
            tasks.create_task(bank.run())
            for target, cents in ((bob, 70), (bob, 70), (cleo, 20)):
                transfer = uuid4()
                await bank.request(transfer, ann, target, cents)
                match await bank.outcome(transfer):
                    case Completed():
                        outcome = "completed"
                    case Failed(reason):
                        outcome = f"failed, {reason}"
                print(f"{cents} cents from Ann to {names[target]}: {outcome}")
            for subscription in bank.subscriptions:
                subscription.stop()

        balances = [
            f"{name} has {(await bank.balances.load(account)).aggregate.cents} cents"
            for account, name in names.items()
        ]
        print(", ".join(balances))


if __name__ == "__main__":
    asyncio.run(main("transfers"))
