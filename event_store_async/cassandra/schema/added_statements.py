"""Prepared statements of tables that a store can do without, apart from those of appends."""

from collections.abc import Callable

from ...errors import EventStoreError, FeedDisabled, SchemaError
from ...retry import Backoff, Deadline
from ..driver.faults import Fault
from ..driver.hedge import hedged
from ..driver.port import Prepared
from ..driver.session import Session
from .explainer import Explainer
from .preparation import Preparation
from .state import inspect
from .tables import FEED, StoreTables


class AddedStatements:
    """
    Prepares the statements when they are first needed, after a look at the tables.

    A store works without these tables. So nothing of this is shared with what prepares the
    statements of appends and reads: neither waits for the other.

    Args:
        session: Where to prepare them.
        tables: The store's.
        needed: Returns the tables that are needed; if that of a feed is among them, it comes first.
        folder: The folder of the CQL files, in ``cql/statements/``.
        backoff: The pauses between attempts.
    """

    def __init__(
        self,
        session: Session,
        tables: StoreTables,
        needed: Callable[[StoreTables], StoreTables],
        folder: str,
        backoff: Backoff,
    ) -> None:
        self._session = session
        self._tables = tables
        self._needed = needed
        self._folder = folder
        doing = f"preparing statements for the {folder} of table {tables}"
        self._preparation = Preparation(doing, backoff)
        self._prepared: dict[str, Prepared] = {}
        self._after_fault = Explainer()

    async def get(self, name: str, deadline: Deadline) -> Prepared:
        """
        Return one of the statements.

        Raises:
            InvalidIdentifier: the name of a table would be too long.
            FeedDisabled: there is no feed, and it is needed.
            SchemaError: a table is missing, or cannot be used as it is.
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
        """Look at the tables if a fault may be due to them; see `Explainer.explain`."""
        await self._after_fault.explain(fault, deadline, self._look)

    def forget(self) -> None:
        """Check the tables and prepare again when next needed: the schema has changed."""
        self._prepared.clear()
        self._after_fault.forget()

    async def _prepare(self, name: str, deadline: Deadline) -> Prepared:
        if not self._prepared:
            await self._check(deadline)
        if name not in self._prepared:
            statement = self._tables.statement(f"statements/{self._folder}/{name}")
            self._prepared[name] = await hedged(
                lambda _: self._session.prepare(statement, deadline)
            )
        return self._prepared[name]

    async def _check(self, deadline: Deadline) -> None:
        state = await inspect(self._session, self._needed(self._tables), deadline)
        for table in state.tables:
            if table.spec is FEED and not table.columns:
                raise FeedDisabled(str(self._tables))
            table.check_usable()

    async def _look(self, deadline: Deadline) -> SchemaError | None:
        try:
            await self._check(deadline)
        except SchemaError as error:
            self.forget()
            return error
        except (Fault, EventStoreError):  # the caller has met a fault already
            return None
        return None
