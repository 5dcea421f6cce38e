"""Transactions on PostgreSQL by asyncpg; needs the extra ``asyncpg``."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final, TypeAlias

from ..checks import check_methods
from ..extras import install_hint
from .outages import is_outage
from .statements import STATEMENTS, numbered
from .transactions import SqlSession, SqlTransactions

try:
    import asyncpg
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        f"AsyncpgTransactions needs asyncpg; {install_hint('asyncpg')}", name=error.name
    ) from error

__all__ = ["AsyncpgTransactions"]

Connection: TypeAlias = "asyncpg.Connection[Any]"

_STATEMENTS: Final = {name: numbered(text, "$") for name, text in STATEMENTS.items()}


class _AsyncpgSession(SqlSession):
    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def fetch(self, name: str, *values: object) -> Sequence[Sequence[Any]]:
        return [tuple(row) for row in await self._connection.fetch(_STATEMENTS[name], *values)]

    async def change(self, name: str, *values: object) -> int:
        status: str = await self._connection.execute(_STATEMENTS[name], *values)
        return int(status.rpartition(" ")[2])  # "INSERT 0 1", "UPDATE 1", "DELETE 3"

    async def run(self, text: str) -> None:
        await self._connection.execute(text)


class AsyncpgTransactions(SqlTransactions[Connection]):
    """
    Transactions on PostgreSQL, at its default isolation level, read committed.

    The view and the checkpoints of its subscriptions are in one database. A transaction locks the
    checkpoint of its slice, so those of other slices run beside it. The server bounds it by two
    limits, so that a process that stands still in a transaction does not lock a checkpoint for
    ever. They are set for the transaction alone, and hold for what *apply* does, too.

    Args:
        pool: An `asyncpg.Pool` that is open. It is the caller's to close.
        idle_seconds: After how many seconds without a statement the server ends a transaction
            (``idle_in_transaction_session_timeout``). Let it be longer than *apply* waits for
            anything else. Such an end counts as a failure.
        lock_seconds: How many seconds a statement may wait for a lock (``lock_timeout``). It is
            then tried again, as in an outage.

    Attributes:
        transient: What is raised while the database is away. `is_transient` tells more exactly.

    Raises:
        InvalidArgument: *pool* is not a pool, or a limit is not a positive number of seconds, up to
            2147483.
    """

    transient: tuple[type[Exception], ...] = (
        asyncpg.PostgresConnectionError,
        asyncpg.InvalidAuthorizationSpecificationError,
        asyncpg.OperatorInterventionError,
        asyncpg.InsufficientResourcesError,
        asyncpg.TransactionRollbackError,
        asyncpg.LockNotAvailableError,
        asyncpg.ReadOnlySQLTransactionError,
        asyncpg.PostgresSystemError,
        asyncpg.FDWUnableToEstablishConnectionError,
        asyncpg.InterfaceError,
        ConnectionError,
    )

    def __init__(
        self, pool: Any, *, idle_seconds: float = 60.0, lock_seconds: float = 10.0
    ) -> None:
        check_methods("pool", pool, "a Pool of asyncpg", "acquire", "release")
        super().__init__(idle_seconds=idle_seconds, lock_seconds=lock_seconds)
        self._pool = pool

    def is_transient(self, error: BaseException) -> bool:  # noqa: D102 - inherited from the port
        if isinstance(error, asyncpg.PostgresError):
            return is_outage(error.sqlstate)
        return self._hides_why(error) or isinstance(error, ConnectionError)

    def _hides_why(self, error: BaseException) -> bool:
        # It is raised for a connection that broke, and for mistakes of the program; subclasses for
        # values that do not fit. Only the text tells the first kind.
        return type(error) is asyncpg.InterfaceError and "closed" in str(error)

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[tuple[Connection, SqlSession]]:
        async with AsyncExitStack() as stack:
            try:
                connection = await stack.enter_async_context(self._pool.acquire())
            except (OSError, TimeoutError) as error:
                # Of a handler, these would be the event's fault.
                raise ConnectionError(f"PostgreSQL cannot be reached: {error!r}") from error
            await stack.enter_async_context(connection.transaction())
            yield connection, _AsyncpgSession(connection)
