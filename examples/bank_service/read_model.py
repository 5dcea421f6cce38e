"""
The read model: who owns which accounts, and how much is in all of them, in PostgreSQL.

A projection keeps it, from the feed of the event store. The rows and the position in the feed are
committed in one transaction, so each event counts once, also through crashes.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, Literal, Protocol, TypeAlias
from uuid import UUID

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from event_store_async import FeedEvent, FeedStore
from event_store_async.sql.psycopg import PsycopgTransactions
from event_store_async.subscriptions import Pace, Projection, Recovery, Subscriptions
from event_store_async.typed import typed_feed

from .domain import TYPES, AccountEvent, Deposited, Opened, Withdrawn

_LOG: Final = logging.getLogger(__name__)

Connection: TypeAlias = AsyncConnection[Any]

TABLES: Final = """
CREATE TABLE IF NOT EXISTS accounts (account_id uuid PRIMARY KEY, owner text, cents bigint);
CREATE INDEX IF NOT EXISTS accounts_by_owner ON accounts (owner);
CREATE TABLE IF NOT EXISTS owners (owner text PRIMARY KEY, accounts bigint, cents bigint);
"""

ADD_ACCOUNT: Final = "INSERT INTO accounts VALUES (%s, %s, 0)"

CHANGE_ACCOUNT: Final = "UPDATE accounts SET cents = cents + %s WHERE account_id = %s"

OWNERS_OF: Final = "SELECT account_id, owner FROM accounts WHERE account_id = ANY(%s)"

CHANGE_OWNER: Final = """
INSERT INTO owners VALUES (%s, %s, %s) ON CONFLICT (owner) DO UPDATE
SET accounts = owners.accounts + excluded.accounts, cents = owners.cents + excluded.cents
"""

# One statement, so that the total and the accounts are of the same moment.
SHOW_OWNER: Final = """
SELECT owners.cents, accounts.account_id, accounts.cents
FROM owners JOIN accounts USING (owner) WHERE owner = %s ORDER BY accounts.account_id
"""


def change(event: AccountEvent) -> int:
    """Return by how many cents an event changes the balance of its account."""
    match event:
        case Opened():
            return 0
        case Deposited(cents):
            return cents
        case Withdrawn(cents):
            return -cents


async def apply(connection: Connection, events: Sequence[FeedEvent[AccountEvent]]) -> None:
    """Apply a page of events, in the transaction that also stores how far the projection is."""
    opened = {e.stream_id: e.payload.owner for e in events if isinstance(e.payload, Opened)}
    changes = Counter[UUID]()
    for event in events:
        changes[event.stream_id] += change(event.payload)
    async with connection.cursor() as cursor:
        await cursor.executemany(ADD_ACCOUNT, opened.items())
        moved = [(cents, account_id) for account_id, cents in changes.items()]
        await cursor.executemany(CHANGE_ACCOUNT, moved)
        await cursor.execute(OWNERS_OF, (list(changes),))
        owner_of = dict(await cursor.fetchall())
        accounts = Counter(opened.values())
        cents = Counter[str]()
        for account_id, amount in changes.items():
            cents[owner_of[account_id]] += amount
        # Sorted: accounts of one owner are in several slices, whose transactions would otherwise
        # lock the same rows in different orders.
        rows = [(owner, accounts[owner], cents[owner]) for owner in sorted(cents)]
        await cursor.executemany(CHANGE_OWNER, rows)


async def clear(connection: Connection) -> None:
    """Empty the read model, before it is built again."""
    await connection.execute("TRUNCATE accounts, owners")


class Store(FeedStore, Protocol):
    """The part of an event store that the read model uses."""

    @property
    def subscriptions(self) -> Subscriptions:
        """How far the projection is."""


class PostgresReadModel:
    """
    Who owns which accounts, for the service's requests.

    Args:
        store: The event store.
        pool: Connections to PostgreSQL.
        wait: The most seconds that a request waits for what it wants to see.
        recovery: What is done about events that cannot be applied.
        pace: How often things happen.
    """

    def __init__(
        self,
        store: Store,
        pool: AsyncConnectionPool[Connection],
        *,
        wait: float = 2.0,
        recovery: Recovery | None = None,
        pace: Pace | None = None,
    ) -> None:
        self._pool = pool
        self._wait = wait
        self.transactions = PsycopgTransactions(pool)
        self.projection = Projection(
            "owners",
            typed_feed(store.feed(), TYPES, unknown="leave out"),
            apply,
            store.subscriptions,
            transactions=self.transactions,
            clear=clear,
            slices=4,
            recovery=recovery or Recovery(),
            pace=pace or Pace(),
        )

    async def create_tables(self) -> None:
        """Create the tables that do not exist yet."""
        await self.transactions.create_tables()
        async with self._pool.connection() as connection:
            await connection.execute(TABLES)

    async def has_seen(
        self, account_id: UUID, version: int
    ) -> Literal["handled", "parked", "late"]:
        """Wait until the read model contains an event, but not for long."""
        return await self.projection.progress.wait_for(account_id, version, timeout=self._wait)

    async def owner(self, owner: str) -> dict[str, Any] | None:
        """Return what an owner has; None if there is no account of theirs."""
        async with self._pool.connection() as connection:
            rows = await (await connection.execute(SHOW_OWNER, (owner,))).fetchall()
        if not rows:
            return None
        accounts = [
            {"account_id": str(account_id), "cents": cents} for _, account_id, cents in rows
        ]
        return {"owner": owner, "cents": rows[0][0], "accounts": accounts}


@asynccontextmanager
async def open_read_model(
    store: Store, conninfo: str, **options: Any
) -> AsyncGenerator[PostgresReadModel]:
    """
    Open the read model, and keep it up to date until the end of the block.

    Every process of the service does: together they are a group that shares the slices.
    """
    async with AsyncConnectionPool[Connection](conninfo, min_size=1, max_size=8) as pool:
        model = PostgresReadModel(store, pool, **options)
        await model.create_tables()
        running = asyncio.create_task(model.projection.run())
        running.add_done_callback(_tell)
        try:
            yield model
        finally:
            model.projection.stop()
            await running


def _tell(running: asyncio.Task[None]) -> None:
    """Log why the projection has ended, if by an error: the service goes on, and is late."""
    if not running.cancelled() and (error := running.exception()) is not None:
        _LOG.error("the read model is no longer kept", exc_info=error)
