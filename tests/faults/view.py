"""View: what the group with transactions keeps in PostgreSQL: each event that it applied."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self
from uuid import UUID

from psycopg_pool import AsyncConnectionPool

from event_store_async import FeedEvent
from event_store_async.sql.psycopg import PsycopgTransactions


class View:
    """
    A table with a row for each event that was applied, and the transactions that add them.

    There is no unique key: an event that is applied twice shows.

    Args:
        target: Where PostgreSQL is.

    Attributes:
        transactions: The transactions.
    """

    def __init__(self, target: str) -> None:
        self._pool = AsyncConnectionPool(target, min_size=1, max_size=8, open=False)
        self.transactions = PsycopgTransactions(self._pool)

    async def __aenter__(self) -> Self:
        await self._pool.open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._pool.close(timeout=5.0)

    async def create(self) -> None:
        """Create the tables."""
        await self.transactions.create_tables()
        async with self._pool.connection() as connection:
            await connection.execute(
                "CREATE TABLE applied (id bigserial PRIMARY KEY, stream_id uuid, version integer)"
            )

    @staticmethod
    async def add(connection: Any, events: Sequence[FeedEvent[Any]]) -> None:
        """Add the rows of events."""
        async with connection.cursor() as cursor:
            await cursor.executemany(
                "INSERT INTO applied (stream_id, version) VALUES (%s, %s)",
                [(event.stream_id, event.version) for event in events],
            )

    @staticmethod
    async def clear(connection: Any) -> None:
        """Remove all rows."""
        await connection.execute("DELETE FROM applied")

    async def versions(self) -> Mapping[UUID, list[int]]:
        """Return the versions that were applied of each stream, in the order of the rows."""
        found: dict[UUID, list[int]] = defaultdict(list)
        async with self._pool.connection() as connection:
            rows = await connection.execute("SELECT stream_id, version FROM applied ORDER BY id")
            for stream_id, version in await rows.fetchall():
                found[stream_id].append(version)
        return found
