"""SQL transactions: what the adapters have in common, on PostgreSQL."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol
from uuid import UUID

import orjson

from .._typevars import T
from ..checks import check_instance, check_int, check_positive
from ..errors import LeaseLost
from ..feeds import Position
from ..ports.slices import Lease, check_subscription_name
from ..ports.transactions import Stopped, Transaction, Transactions
from .statements import text_of


class SqlSession(Protocol):
    """Runs the statements of ``statements.sql`` in one transaction, with a driver."""

    async def fetch(self, name: str, *values: object) -> Sequence[Sequence[Any]]:
        """Run a statement, and return its rows."""
        raise NotImplementedError

    async def change(self, name: str, *values: object) -> int:
        """Run a statement, and return how many rows it changed."""
        raise NotImplementedError

    async def run(self, text: str) -> None:
        """Run a statement that is not of the file."""
        raise NotImplementedError


class SqlTransaction(Transaction[T]):
    """A transaction on PostgreSQL; `SqlTransactions.begin` makes one."""

    def __init__(
        self,
        connection: T,
        session: SqlSession,
        lease: Lease,
        position: Position | None,
        stopped: Stopped | None,
        *,
        fresh: bool,
    ) -> None:
        self._connection = connection
        self._session = session
        self._key = lease.key
        self._position = position
        self._stopped = stopped
        self._fresh = fresh

    @property
    def connection(self) -> T:  # noqa: D102 - inherited from the port
        return self._connection

    @property
    def position(self) -> Position | None:  # noqa: D102 - inherited from the port
        return self._position

    @property
    def fresh(self) -> bool:  # noqa: D102 - inherited from the port
        return self._fresh

    @property
    def stopped(self) -> Stopped | None:  # noqa: D102 - inherited from the port
        return self._stopped

    async def advance(self, position: Position) -> None:  # noqa: D102 - inherited from the port
        check_instance("position", position, Position, "a Position")
        await self._session.change("advance", str(position), self._key.name, self._key.slice)
        self._position = position

    async def first_time(self, stream_id: UUID, version: int) -> bool:  # noqa: D102 - inherited
        return await self._session.change("mark", self._key.name, stream_id, version) == 1

    async def forget_marks(self) -> None:  # noqa: D102 - inherited from the port
        await self._session.change("forget_marks", self._key.name)


class SqlTransactions(Transactions[T]):
    """
    Transactions on PostgreSQL: the base of the adapters, which make it.

    Args:
        idle_seconds: After how many seconds without a statement the server ends a transaction.
        lock_seconds: How many seconds a statement may wait for a lock.

    Raises:
        InvalidArgument: an argument is not valid.
    """

    def __init__(self, *, idle_seconds: float, lock_seconds: float) -> None:
        self._limits = (
            _setting("lock_seconds", lock_seconds),
            _setting("idle_seconds", idle_seconds),
        )

    def _open(self) -> AbstractAsyncContextManager[tuple[T, SqlSession]]:
        """Begin a transaction, and return the user's connection; it is committed at the end."""
        raise NotImplementedError

    async def create_tables(self) -> None:
        """
        Create the tables that this needs, unless they exist; ``sql/tables.sql`` holds them.

        Raises:
            Exception: of the driver: the database refuses, or is away.
        """
        async with self._open() as (_, session):
            # Two processes that create a table at once would collide.
            await session.fetch("take_turn")
            for statement in text_of("tables.sql").split(";\n"):
                if statement.strip():
                    await session.run(statement)

    def begin(  # noqa: D102 - inherited from the port
        self, lease: Lease
    ) -> AbstractAsyncContextManager[Transaction[T]]:
        check_instance("lease", lease, Lease, "a Lease")
        return self._begin(lease)

    @asynccontextmanager
    async def _begin(self, lease: Lease) -> AsyncIterator[Transaction[T]]:
        async with self._open() as (connection, session):
            await session.fetch("set_limits", *self._limits)
            stopped, fresh = await _lock_generation(session, lease)
            position = await _lock_slice(session, lease)
            yield SqlTransaction(connection, session, lease, position, stopped, fresh=fresh)

    async def positions(self, name: str, generation: int) -> Mapping[int, Position]:  # noqa: D102
        name = check_subscription_name(name)
        check_int("generation", generation, at_least=1)
        async with self._open() as (_, session):
            return _positions(await session.fetch("read_positions_of_generation", name, generation))


def _setting(name: str, seconds: float) -> str:
    check_positive(name, seconds, finite=True)
    return f"{max(round(seconds * 1000), 1)}ms"


async def _lock_generation(session: SqlSession, lease: Lease) -> tuple[Stopped | None, bool]:
    """Lock the generation, and begin that of a lease; return what is known of the one before."""
    name, generation = lease.key.name, lease.key.generation
    rows = await session.fetch("read_subscription", name)
    if not rows:
        await session.change("add_subscription", name)
        rows = [(0, None, None)]
    # Who begins a generation waits for the transactions of the one before, and shuts them out.
    lock = "lock_subscription" if rows[0][0] < generation else "share_subscription"
    known, stopped_generation, stopped = (await session.fetch(lock, name) or rows)[0]
    if known > generation:
        raise LeaseLost(name, generation, lease.key.slice)
    if known == generation:
        return _stopped(stopped_generation, stopped), False
    positions = {str(number): text for number, text in await session.fetch("read_positions", name)}
    if positions:  # a generation that got nowhere says nothing of those before it
        stopped_generation, stopped = known, orjson.dumps(positions).decode()
    await session.change("begin_generation", generation, stopped_generation, stopped, name)
    await session.change("end_slices", name)
    return _stopped(stopped_generation, stopped), True


async def _lock_slice(session: SqlSession, lease: Lease) -> Position | None:
    """Lock the checkpoint of a slice, and return its position."""
    key = lease.key
    rows = await session.fetch("lock_slice", key.name, key.slice)
    if not rows:
        await session.change("add_slice", key.name, key.slice, lease.fence)
        rows = await session.fetch("lock_slice", key.name, key.slice) or [(lease.fence, None)]
    fence, position = rows[0]
    if fence > lease.fence:
        raise LeaseLost(key.name, key.generation, key.slice)
    if fence < lease.fence:
        await session.change("claim_slice", lease.fence, key.name, key.slice)
    return None if position is None else Position.parse(position)


def _stopped(generation: int | None, text: str | None) -> Stopped | None:
    if generation is None or text is None:
        return None
    return Stopped(generation, _positions(orjson.loads(text).items()))


def _positions(rows: Any) -> dict[int, Position]:
    return {int(number): Position.parse(text) for number, text in rows}
