"""Prepared statements of the table of snapshots, apart from those of appends and reads."""

from typing import Final

from ...errors import EventStoreError, SchemaError
from ...retry import Backoff, Deadline
from ..driver.faults import Fault
from ..driver.port import Prepared
from ..driver.session import Session
from ..schema.explainer import Explainer
from ..schema.preparation import Preparation
from ..schema.state import inspect
from ..schema.tables import StoreTables

_DOING: Final = "preparing statements for the snapshots of table {}"


class SnapshotStatements:
    """
    Prepares the statements when they are first needed, after a look at the table.

    A store works without the table. So nothing of this is shared with what prepares the statements
    of appends and reads: neither waits for the other.

    Args:
        session: Where to prepare them.
        tables: The store's.
        backoff: The pauses between attempts.
    """

    def __init__(self, session: Session, tables: StoreTables, backoff: Backoff) -> None:
        self._session = session
        self._tables = tables
        self._preparation = Preparation(_DOING.format(tables), backoff)
        self._prepared: dict[str, Prepared] = {}
        self._after_fault = Explainer()

    async def get(self, name: str, deadline: Deadline) -> Prepared:
        """
        Return one of the statements in ``cql/statements/snapshots/``.

        Raises:
            InvalidIdentifier: the table's name would be too long.
            SchemaError: the table is missing, or cannot be used as it is.
            StoreUnavailable: there was no answer before the deadline.
            RequestRefused: the server refuses to prepare it.
            MisuseError: the store is closed, or belongs to another loop or process.
        """
        if (prepared := self._prepared.get(name)) is not None:
            return prepared
        return await self._preparation.run(
            lambda: self._prepare(name, deadline), deadline, self.explain
        )

    async def explain(self, fault: Fault, deadline: Deadline) -> None:
        """Look at the table if a fault may be due to it; see `Explainer.explain`."""
        await self._after_fault.explain(fault, deadline, self._look)

    def forget(self) -> None:
        """Check the table and prepare again when next needed: the schema has changed."""
        self._prepared.clear()
        self._after_fault.forget()

    async def _prepare(self, name: str, deadline: Deadline) -> Prepared:
        if not self._prepared:
            await self._check(deadline)
        if name not in self._prepared:
            statement = self._tables.statement(f"statements/snapshots/{name}")
            self._prepared[name] = await self._session.prepare(statement, deadline)
        return self._prepared[name]

    async def _check(self, deadline: Deadline) -> None:
        state = await inspect(self._session, self._tables.of_snapshots(), deadline)
        state.tables[0].check_usable()

    async def _look(self, deadline: Deadline) -> SchemaError | None:
        try:
            await self._check(deadline)
        except SchemaError as error:
            self.forget()
            return error
        except (Fault, EventStoreError):  # the caller has met a fault already
            return None
        return None
