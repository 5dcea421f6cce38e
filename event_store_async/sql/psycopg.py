"""Transactions on PostgreSQL by psycopg; needs the extra ``psycopg``."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

from ..checks import check_methods
from ..extras import install_hint
from .outages import is_outage
from .statements import STATEMENTS
from .transactions import SqlSession, SqlTransactions

try:
    import psycopg
    from psycopg.rows import tuple_row
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        f"PsycopgTransactions needs psycopg; {install_hint('psycopg')}", name=error.name
    ) from error

__all__ = ["PsycopgTransactions"]

Connection: TypeAlias = "psycopg.AsyncConnection[Any]"


class _PsycopgSession(SqlSession):
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def fetch(self, name: str, *values: object) -> Sequence[Sequence[Any]]:
        # The pool may have another row factory.
        async with self._connection.cursor(row_factory=tuple_row) as cursor:
            await cursor.execute(STATEMENTS[name], values)
            return await cursor.fetchall()

    async def change(self, name: str, *values: object) -> int:
        return (await self._connection.execute(STATEMENTS[name], values)).rowcount

    async def run(self, text: str) -> None:
        await self._connection.execute(text.encode())


class PsycopgTransactions(SqlTransactions[Connection]):
    """
    Transactions on PostgreSQL, at its default isolation level, read committed.

    The view and the checkpoints of its subscriptions are in one database. A transaction locks the
    checkpoint of its slice, so those of other slices run beside it. The server bounds it by two
    limits, so that a process that stands still in a transaction does not lock a checkpoint for
    ever. They are set for the transaction alone, and hold for what *apply* does, too.

    Args:
        pool: A `psycopg_pool.AsyncConnectionPool` that is open. It is the caller's to close.
        idle_seconds: After how many seconds without a statement the server ends a transaction
            (``idle_in_transaction_session_timeout``). Let it be longer than *apply* waits for
            anything else. Such an end counts as a failure.
        lock_seconds: How many seconds a statement may wait for a lock (``lock_timeout``). It is
            then tried again, as in an outage.

    Attributes:
        transient: What psycopg raises while the database is away. `is_transient` tells more
            exactly.

    Raises:
        InvalidArgument: *pool* is not a pool, or a limit is not a positive number of seconds, up to
            2147483.
    """

    transient: tuple[type[Exception], ...] = (
        psycopg.OperationalError,
        psycopg.errors.ReadOnlySqlTransaction,
    )

    def __init__(
        self, pool: Any, *, idle_seconds: float = 60.0, lock_seconds: float = 10.0
    ) -> None:
        check_methods("pool", pool, "an AsyncConnectionPool of psycopg_pool", "connection")
        super().__init__(idle_seconds=idle_seconds, lock_seconds=lock_seconds)
        self._pool = pool

    def is_transient(self, error: BaseException) -> bool:  # noqa: D102 - inherited from the port
        if isinstance(error, psycopg.Error) and error.sqlstate is not None:
            return is_outage(error.sqlstate)
        return isinstance(error, psycopg.OperationalError)  # no connection, or it broke

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[tuple[Connection, SqlSession]]:
        async with self._pool.connection() as connection, connection.transaction():
            yield connection, _PsycopgSession(connection)
