"""Statements: the table's prepared statements, made once."""

from dataclasses import dataclass, fields

import anyio

from ...cql_files import load_statement
from ...errors import StoreUnavailable
from ...retry import Backoff, Deadline
from ..driver.port import Prepared
from ..driver.retrying import repeat
from ..driver.session import Session
from .state import inspect


@dataclass(frozen=True, slots=True)
class Statements:
    """The statements of the append and read protocol, prepared; each is a file in ``cql/``."""

    append_head: Prepared
    append_first: Prepared
    append_rest: Prepared
    read_forward: Prepared
    read_backward: Prepared
    read_head: Prepared
    read_ids: Prepared


class StatementCache:
    """
    Prepares the statements at the first need, once, after a check of the schema.

    A failure is not remembered: the next call tries again.
    """

    def __init__(self, session: Session, keyspace: str, table: str, backoff: Backoff) -> None:
        self._session = session
        self._names = {"keyspace": keyspace, "table": table}
        self._backoff = backoff
        self._lock = anyio.Lock()
        self.ready: Statements | None = None
        """The statements, where they have been prepared."""

    async def get(self, deadline: Deadline) -> Statements:
        """
        Return the statements.

        Raises:
            SchemaError: the table cannot be used as it is.
            StoreUnavailable: nobody answered before the deadline.
        """
        if self.ready is not None:
            return self.ready
        doing = f"preparing for table {'.'.join(self._names.values())}"
        try:
            # Whoever holds the lock may have more time left than this call has.
            with anyio.fail_after(max(0.0, deadline.remaining())):
                async with self._lock:
                    if self.ready is None:
                        self.ready = await repeat(
                            lambda _: self._prepare(deadline), deadline, self._backoff, doing
                        )
                    return self.ready
        except TimeoutError:
            raise StoreUnavailable(f"{doing}: no answer in time") from None

    def forget(self) -> None:
        """Check and prepare again at the next need: the schema has been changed."""
        self.ready = None

    async def _prepare(self, deadline: Deadline) -> Statements:
        state = await inspect(self._session, deadline, **self._names)
        state.check_usable()
        return Statements(
            *[
                await self._session.prepare(
                    load_statement(f"statements/{field.name}", **self._names), deadline
                )
                for field in fields(Statements)
            ]
        )
