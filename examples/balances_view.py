"""
The balance of each account as a view in Cassandra itself, without a second database.

Cassandra has no transaction that a checkpoint could be part of, so events are applied at least
once: after a crash again, and by a process that stood still perhaps much later. Here that does no
harm. Each row depends on one stream, and is written with the position of its event in the feed as
the timestamp of the write. Of two writes, Cassandra keeps the one with the higher timestamp. So the
event that is furthest in the feed wins, whoever writes last.

``python -m examples.balances_view`` prints::

    Ann: 70
    Bob: 20
    after a late write of an old event
    Ann: 70
    Bob: 20
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import acsylla

from event_store_async import EventStore, FeedEvent
from event_store_async.aggregates import Repository
from event_store_async.subscriptions import Projection
from event_store_async.typed import TypedEventStore, typed_feed

from .bank_service.domain import (
    ACCOUNT,
    TYPES,
    Account,
    AccountEvent,
    Deposited,
    Opened,
    Withdrawn,
)
from .cassandra import Contact, open_store, reach_cluster

TABLE = """
CREATE TABLE IF NOT EXISTS "{keyspace}".balances (
  account uuid PRIMARY KEY, owner text, cents bigint
)
"""
SET = 'INSERT INTO "{keyspace}".balances (account, owner, cents) VALUES (?, ?, ?) USING TIMESTAMP ?'
ALL = 'SELECT owner, cents FROM "{keyspace}".balances'


class BalancesView:
    """
    The view.

    A table is made for one projection and one feed: positions of another feed cannot be compared. A
    changed view gets a new name and a new table, as does one that is made again from the beginning.

    Args:
        session: A session of acsylla.
        keyspace: The keyspace of the table.
        accounts: Loads accounts. One that is loaded may be ahead of the event that it is loaded
            for; the later event writes it again, with a higher timestamp.
    """

    def __init__(
        self, session: Any, keyspace: str, accounts: Repository[Account, AccountEvent]
    ) -> None:
        self._session = session
        self._keyspace = keyspace
        self._accounts = accounts
        self._set: Any = None

    async def create(self) -> None:
        """Create the table, if it does not exist."""
        text = TABLE.format(keyspace=self._keyspace)
        await self._session.execute(acsylla.create_statement(text, 0))

    async def apply(self, _: None, events: Sequence[FeedEvent[AccountEvent]]) -> None:
        """Write the accounts of a page of events: the last event of each is enough."""
        last = {event.stream_id: event for event in events}
        for stream_id, event in last.items():
            loaded = await self._accounts.load(stream_id)
            await self.write(stream_id, loaded.aggregate, event.position.ordinal)

    async def write(self, account: UUID, state: Account, ordinal: int) -> None:
        """Write a row, unless it was written for a later event."""
        if self._set is None:
            text = SET.format(keyspace=self._keyspace)
            self._set = await self._session.create_prepared(text)
        statement = self._set.bind(
            [account, state.owner, state.cents, ordinal],
            consistency=acsylla.Consistency.LOCAL_QUORUM,
        )
        await self._session.execute(statement)

    async def balances(self) -> dict[str, int]:
        """Return the balance of each owner."""
        statement = acsylla.create_statement(ALL.format(keyspace=self._keyspace), 0)
        statement.set_consistency(acsylla.Consistency.LOCAL_QUORUM)
        rows = await self._session.execute(statement)
        return dict(sorted(row.as_tuple() for row in rows))


@asynccontextmanager
async def open_session(contact: Contact) -> AsyncGenerator[Any]:
    """Give a session of acsylla for the view's own statements."""
    cluster = acsylla.create_cluster(list(contact.contact_points), port=contact.port)
    session = await cluster.create_session()
    try:
        yield session
    finally:
        await session.close()
        cluster.destroy()


def projection(view: BalancesView, store: EventStore) -> Projection[AccountEvent, None]:
    """Return the projection that keeps the view."""
    feed = typed_feed(store.category("account").feed(), TYPES)
    return Projection("balances", feed, view.apply, store.subscriptions, slices=4)


async def main(keyspace: str) -> None:
    """Append to two accounts, keep the view, and write an old event late."""
    async with (
        reach_cluster() as contact,
        open_store(keyspace, contact) as store,
        open_session(contact) as session,
    ):
        await store.create_schema(feed=True)
        accounts = TypedEventStore(store.category("account"), TYPES)
        view = BalancesView(session, keyspace, Repository(accounts, ACCOUNT))
        await view.create()

        ann, bob = uuid4(), uuid4()
        await accounts.persist_events(ann, [Opened("Ann"), Deposited(100), Withdrawn(30)])
        stored = await accounts.persist_events(bob, [Opened("Bob"), Deposited(20)])
        await store.feed().position_of(ann, 3, timeout=30)
        await store.feed().position_of(bob, stored.version, timeout=30)
        await projection(view, store).catch_up()
        await _print(view)

        print("after a late write of an old event")
        await view.write(ann, Account("Ann", 100), 2)
        await _print(view)


async def _print(view: BalancesView) -> None:
    for owner, cents in (await view.balances()).items():
        print(f"{owner}: {cents}")


if __name__ == "__main__":
    asyncio.run(main("balances"))
