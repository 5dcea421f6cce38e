"""The domain: accounts. Nothing here depends on a store, on HTTP or on the clock."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from event_store_async.aggregates import Reducer, Rejected
from event_store_async.typed import EventType, EventTypes


@dataclass(frozen=True)
class Opened:
    """An account was opened."""

    owner: str


@dataclass(frozen=True)
class Deposited:
    """Money was deposited, in cents."""

    cents: int


@dataclass(frozen=True)
class Withdrawn:
    """Money was withdrawn, in cents."""

    cents: int


AccountEvent: TypeAlias = Opened | Deposited | Withdrawn

TYPES = EventTypes[AccountEvent](
    EventType(Opened, "account-opened"),
    EventType(Deposited, "deposited"),
    EventType(Withdrawn, "withdrawn"),
)


@dataclass(frozen=True)
class Account:
    """The state of an account; without an owner, it has not been opened."""

    owner: str | None = None
    cents: int = 0


def apply(account: Account, event: AccountEvent) -> Account:
    """Return the account after an event."""
    match event:
        case Opened(owner):
            return replace(account, owner=owner)
        case Deposited(cents):
            return replace(account, cents=account.cents + cents)
        case Withdrawn(cents):
            return replace(account, cents=account.cents - cents)


ACCOUNT: Reducer[Account, AccountEvent] = Reducer(Account(), apply)

Decision: TypeAlias = Sequence[AccountEvent] | Rejected[str]
Decide: TypeAlias = Callable[[Account], Decision]


def open_for(owner: str) -> Decide:
    """Open an account, unless it is open already."""

    def decide(account: Account) -> Decision:
        return [Opened(owner)] if account.owner is None else Rejected("the account is already open")

    return decide


def deposit(cents: int) -> Decide:
    """Deposit money in an open account."""

    def decide(account: Account) -> Decision:
        return [Deposited(cents)] if account.owner is not None else Rejected("there is no account")

    return decide


def withdraw(cents: int) -> Decide:
    """Withdraw money, if there is enough."""

    def decide(account: Account) -> Decision:
        if account.owner is None:
            return Rejected("there is no account")
        if account.cents < cents:
            return Rejected(f"the balance is only {account.cents} cents")
        return [Withdrawn(cents)]

    return decide
