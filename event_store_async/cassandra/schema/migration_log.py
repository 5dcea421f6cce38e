"""The table of migrations: which ones each table has had, and who changes the schema now."""

from datetime import datetime
from typing import Final
from uuid import UUID

from ...moments import to_milliseconds
from ...retry import Deadline
from ...settings import Settings
from ..driver.answer import Answer, answer_of
from ..driver.repeat import repeat
from ..driver.session import Session
from .statements import StatementCache
from .tables import StoreTables

LOCK_SECONDS: Final = 60
"""Seconds after which the lock on a schema expires, unless it is given back."""


class MigrationLog:
    """
    Writes ``event_store_migrations``, also before the other tables can be used.

    It is the lock of schema changes, too: one for all tables of a store, in the partition of its
    table of events.

    Args:
        session: Where to write.
        statements: The store's.
        tables: The store's.
        settings: The store's.
    """

    def __init__(
        self, session: Session, statements: StatementCache, tables: StoreTables, settings: Settings
    ) -> None:
        self._session = session
        self._statements = statements
        self._table = tables.table
        self._settings = settings

    async def record(self, table: str, version: int, name: str, begun: datetime) -> None:
        """Record that a table has reached a schema version, unless it is recorded already."""
        await self._write("record_migration", table, version, name, to_milliseconds(begun))

    async def take(self, holder: UUID) -> bool:
        """Take the lock, or keep it. Returns whether *holder* has it now."""
        answer = await self._write("lock_schema", LOCK_SECONDS, holder, self._table, None)
        return answer.applied or answer.rows[0].get("changed_by") == str(holder)

    async def give_back(self, holder: UUID) -> None:
        """Give the lock back if *holder* has it."""
        await self._write("unlock_schema", self._table, holder)

    async def _write(self, name: str, *values: object) -> Answer:
        """Send a conditional write until it is answered: applied twice, each stores the same."""
        deadline = Deadline(self._settings.timeout)

        async def attempt(elsewhere: bool) -> Answer:
            prepared = await self._statements.prepare(name, deadline)
            batch = [(prepared, values)]
            return answer_of(await self._session.write(batch, deadline, elsewhere=elsewhere))

        return await repeat(attempt, deadline, self._settings.backoff, f"running {name}")
