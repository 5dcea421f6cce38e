"""
A bank account that is never overdrawn, even by withdrawals at the same time.

``python -m examples.bank`` prints::

    conflict: expected version 1, but the account is at version 2
    two withdrawals of 40 at the same time: done and refused
    final balance: 10 at version 3
"""

import asyncio
from uuid import UUID, uuid4

from event_store_async import ConcurrentModification, EventStore

from .cassandra import open_store


async def balance(store: EventStore, account: UUID) -> tuple[int, int]:
    """Return an account's balance, and the version that it was computed at."""
    total = version = 0
    async for event in store.read_events(account):
        version = event.version
        match event.payload:
            case {"type": "deposit-performed", "amount": amount}:
                total += amount
            case {"type": "withdrawal-performed", "amount": amount}:
                total -= amount
    return total, version


async def withdraw(store: EventStore, account: UUID, amount: int) -> str:
    """Withdraw an amount, unless the balance is less."""
    withdrawal = {"type": "withdrawal-performed", "amount": amount}
    while True:
        total, version = await balance(store, account)
        if total < amount:
            return "refused"
        try:
            await store.persist_events(account, [withdrawal], expected_version=version)
            return "done"
        except ConcurrentModification:
            continue  # The balance has changed meanwhile: read it and decide again.


async def main() -> None:
    """Open an account, use it, and print the results."""
    async with open_store("bank") as store:
        account, deposit = uuid4(), {"type": "deposit-performed", "amount": 50}
        await store.persist_events(account, [{"type": "account-created"}, deposit])
        match await store.try_persist_events(account, [deposit], expected_version=1):
            case ConcurrentModification(actual_version=actual):
                print(f"conflict: expected version 1, but the account is at version {actual}")
        outcomes = await asyncio.gather(*(withdraw(store, account, 40) for _ in range(2)))
        print("two withdrawals of 40 at the same time:", " and ".join(sorted(outcomes)))
        print("final balance: {} at version {}".format(*await balance(store, account)))


if __name__ == "__main__":
    asyncio.run(main())
