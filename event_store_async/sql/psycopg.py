"""Transactions on PostgreSQL by psycopg; needs the extra ``psycopg``."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, TypeAlias
from uuid import UUID

import orjson

from ..checks import check_instance, check_int, check_methods
from ..errors import LeaseLost
from ..extras import install_hint
from ..feeds import Position
from ..ports.slices import Lease, check_subscription_name
from ..ports.transactions import Stopped, Transaction, Transactions
from .statements import STATEMENTS, text_of

try:
    import psycopg
    from psycopg.rows import tuple_row
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        f"PsycopgTransactions needs psycopg; {install_hint('psycopg')}", name=error.name
    ) from error

__all__ = ["PsycopgTransactions"]

Connection: TypeAlias = "psycopg.AsyncConnection[Any]"


class _PsycopgTransaction(Transaction[Connection]):
    """A transaction on PostgreSQL; `PsycopgTransactions.begin` makes one."""

    def __init__(
        self,
        connection: Connection,
        lease: Lease,
        position: Position | None,
        stopped: Stopped | None,
        *,
        fresh: bool,
    ) -> None:
        self._connection = connection
        self._key = lease.key
        self._position = position
        self._stopped = stopped
        self._fresh = fresh

    @property
    def connection(self) -> Connection:
        return self._connection

    @property
    def position(self) -> Position | None:
        return self._position

    @property
    def fresh(self) -> bool:
        return self._fresh

    @property
    def stopped(self) -> Stopped | None:
        return self._stopped

    async def advance(self, position: Position) -> None:
        check_instance("position", position, Position, "a Position")
        values = (str(position), self._key.name, self._key.slice)
        await self._connection.execute(STATEMENTS["advance"], values)
        self._position = position

    async def first_time(self, stream_id: UUID, version: int) -> bool:
        marked = await self._connection.execute(
            STATEMENTS["mark"], (self._key.name, stream_id, version)
        )
        return marked.rowcount == 1

    async def forget_marks(self) -> None:
        await self._connection.execute(STATEMENTS["forget_marks"], (self._key.name,))


class PsycopgTransactions(Transactions[Connection]):
    """
    Transactions on PostgreSQL, at its default isolation level, read committed.

    The view and the checkpoints of its subscriptions are in one database. A transaction locks the
    checkpoint of its slice, so those of other slices run beside it.

    Args:
        pool: A `psycopg_pool.AsyncConnectionPool` that is open. It is the caller's to close.

    Attributes:
        transient: `psycopg.OperationalError`: the database is away, or has too much to do.

    Raises:
        InvalidArgument: *pool* is not a pool.
    """

    transient: tuple[type[Exception], ...] = (psycopg.OperationalError,)

    def __init__(self, pool: Any) -> None:
        check_methods("pool", pool, "an AsyncConnectionPool of psycopg_pool", "connection")
        self._pool = pool

    async def create_tables(self) -> None:
        """
        Create the tables that this needs, unless they exist; ``sql/tables.sql`` holds them.

        Raises:
            psycopg.Error: the database refuses, or is away.
        """
        async with self._pool.connection() as connection, connection.transaction():
            # Two processes that create a table at once would collide.
            await connection.execute(STATEMENTS["take_turn"])
            await connection.execute(text_of("tables.sql").encode())

    def begin(  # noqa: D102 - inherited from the port
        self, lease: Lease
    ) -> AbstractAsyncContextManager[Transaction[Connection]]:
        check_instance("lease", lease, Lease, "a Lease")
        return self._begin(lease)

    @asynccontextmanager
    async def _begin(self, lease: Lease) -> AsyncIterator[Transaction[Connection]]:
        async with self._pool.connection() as connection, connection.transaction():
            async with connection.cursor(row_factory=tuple_row) as cursor:
                stopped, fresh = await _lock_generation(cursor, lease)
                position = await _lock_slice(cursor, lease)
            yield _PsycopgTransaction(connection, lease, position, stopped, fresh=fresh)

    async def positions(self, name: str, generation: int) -> Mapping[int, Position]:  # noqa: D102
        name = check_subscription_name(name)
        check_int("generation", generation, at_least=1)
        async with (
            self._pool.connection() as connection,
            connection.cursor(row_factory=tuple_row) as cursor,
        ):
            await cursor.execute(STATEMENTS["read_positions_of_generation"], (name, generation))
            return _positions(await cursor.fetchall())


async def _lock_generation(
    cursor: "psycopg.AsyncCursor[Any]", lease: Lease
) -> tuple[Stopped | None, bool]:
    """Lock the generation, and begin that of a lease; return what is known of the one before."""
    name, generation = lease.key.name, lease.key.generation
    await cursor.execute(STATEMENTS["read_subscription"], (name,))
    row = await cursor.fetchone()
    if row is None:
        await cursor.execute(STATEMENTS["add_subscription"], (name,))
        row = (0, None, None)
    # Who begins a generation waits for the transactions of the one before, and shuts them out.
    lock = "lock_subscription" if row[0] < generation else "share_subscription"
    await cursor.execute(STATEMENTS[lock], (name,))
    known, stopped_generation, stopped = await cursor.fetchone() or row
    if known > generation:
        raise LeaseLost(name, generation, lease.key.slice)
    if known == generation:
        return _stopped(stopped_generation, stopped), False
    await cursor.execute(STATEMENTS["read_positions"], (name,))
    positions = {str(number): text for number, text in await cursor.fetchall()}
    if positions:  # a generation that got nowhere says nothing of those before it
        stopped_generation, stopped = known, orjson.dumps(positions).decode()
    await cursor.execute(
        STATEMENTS["begin_generation"], (generation, stopped_generation, stopped, name)
    )
    await cursor.execute(STATEMENTS["end_slices"], (name,))
    return _stopped(stopped_generation, stopped), True


async def _lock_slice(cursor: "psycopg.AsyncCursor[Any]", lease: Lease) -> Position | None:
    """Lock the checkpoint of a slice, and return its position."""
    key = lease.key
    await cursor.execute(STATEMENTS["lock_slice"], (key.name, key.slice))
    row = await cursor.fetchone()
    if row is None:
        await cursor.execute(STATEMENTS["add_slice"], (key.name, key.slice, lease.fence))
        await cursor.execute(STATEMENTS["lock_slice"], (key.name, key.slice))
        row = await cursor.fetchone() or (lease.fence, None)
    fence, position = row
    if fence > lease.fence:
        raise LeaseLost(key.name, key.generation, key.slice)
    if fence < lease.fence:
        await cursor.execute(STATEMENTS["claim_slice"], (lease.fence, key.name, key.slice))
    return None if position is None else Position.parse(position)


def _stopped(generation: int | None, text: str | None) -> Stopped | None:
    if generation is None or text is None:
        return None
    return Stopped(generation, _positions(orjson.loads(text).items()))


def _positions(rows: Any) -> dict[int, Position]:
    return {int(number): Position.parse(text) for number, text in rows}
