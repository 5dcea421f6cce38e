"""SQL transactions: what the adapters have in common, on PostgreSQL."""

import math
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, Protocol
from uuid import UUID

import anyio
import orjson

from .._typevars import T
from ..checks import check_instance, check_int, check_positive
from ..errors import InvalidArgument, LeaseLost
from ..excerpt import excerpt
from ..feeds import Position
from ..ports.slices import Lease, check_subscription_name, is_later_registration
from ..ports.transactions import Stopped, Transaction, Transactions
from .statements import STATEMENTS, text_of

_MOST_SECONDS: Final = 2147483
"""PostgreSQL counts its limits in milliseconds, up to 2^31 - 1."""


_ROLLBACK_SECONDS: Final = 2.0
"""The most seconds that a cancelled transaction may take to be rolled back."""


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


class StoodStill(Exception):
    """
    The server has ended a transaction, as nothing was done in it for too long.

    Args:
        seconds: The limit.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__(
            f"the server ended the transaction: no statement came for {seconds} s (raise "
            "idle_seconds if apply may wait for longer)"
        )


class SqlTransaction(Transaction[T]):
    """A transaction on PostgreSQL; `SqlTransactions.begin` makes one."""

    def __init__(
        self,
        connection: T,
        session: SqlSession,
        lease: Lease,
        position: Position | None,
        known: "_Known",
    ) -> None:
        self._connection = connection
        self._session = session
        self._key = lease.key
        self._position = position
        self._known = known
        self._is_unsure = False

    @property
    def connection(self) -> T:  # noqa: D102 - inherited from the port
        self._is_unsure = True
        return self._connection

    @property
    def position(self) -> Position | None:  # noqa: D102 - inherited from the port
        return self._position

    @property
    def fresh(self) -> bool:  # noqa: D102 - inherited from the port
        return self._known.fresh

    @property
    def anew(self) -> bool:  # noqa: D102 - inherited from the port
        return self._known.anew

    @property
    def stopped(self) -> Stopped | None:  # noqa: D102 - inherited from the port
        return self._known.stopped

    async def advance(self, position: Position) -> None:  # noqa: D102 - inherited from the port
        check_instance("position", position, Position, "a Position")
        await self._session.change("advance", str(position), self._key.name, self._key.slice)
        self._position = position
        self._is_unsure = False

    async def check(self) -> None:
        """
        Raise the error of the driver if the server will not commit this transaction.

        That is so after an error that the caller has caught. The server then answers the commit
        with a rollback, and the drivers do not tell. A statement tells; `advance` usually is one.
        """
        if self._is_unsure:
            await self._session.fetch("check")

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
        self._idle_seconds = idle_seconds

    def _open(self) -> AbstractAsyncContextManager[tuple[T, SqlSession]]:
        """Begin a transaction, and return the user's connection; it is committed at the end."""
        raise NotImplementedError

    def _hides_why(self, error: BaseException) -> bool:  # noqa: ARG002 - for subclasses
        """Return whether an error says that the server ended the connection, but not why."""
        return False

    async def create_tables(self) -> None:
        """
        Create the tables that this needs, unless they exist; ``sql/tables.sql`` holds them.

        A program may do so whenever it starts: if they exist, no member waits for it.

        Raises:
            Exception: of the driver: the database refuses, or is away.
        """
        async with self._open() as (_, session):
            # Two processes that create a table at once would collide.
            await session.fetch("take_turn")
            for statement in text_of("tables.sql").split(";\n"):
                if statement.strip():
                    await session.run(statement)
            # A table of an earlier version. Only then: a change waits for all transactions in
            # progress, and lets no other begin meanwhile.
            if not await session.fetch("knows_registration"):
                await session.run(STATEMENTS["add_registration"])

    def begin(  # noqa: D102 - inherited from the port
        self, lease: Lease
    ) -> AbstractAsyncContextManager[Transaction[T]]:
        check_instance("lease", lease, Lease, "a Lease")
        return self._begin(lease)

    @asynccontextmanager
    async def _begin(self, lease: Lease) -> AsyncIterator[Transaction[T]]:
        began = math.inf
        try:
            async with _rolled_back_in_peace(self._open()) as (connection, session):
                await session.fetch("set_limits", *self._limits)
                known = await _lock_generation(session, lease)
                began = time.monotonic()
                position = await _lock_slice(session, lease)
                transaction = SqlTransaction(connection, session, lease, position, known)
                yield transaction
                await transaction.check()
        except Exception as error:
            # What asyncpg raises does not tell this from an outage, which would be tried for ever.
            if time.monotonic() - began >= self._idle_seconds and self._hides_why(error):
                raise StoodStill(self._idle_seconds) from error
            raise

    async def positions(  # noqa: D102 - inherited from the port
        self, name: str, generation: int, registration_id: UUID | None = None
    ) -> Mapping[int, Position]:
        name = check_subscription_name(name)
        check_int("generation", generation, at_least=1)
        check_instance("registration_id", registration_id, UUID, "a UUID", optional=True)
        async with self._open() as (_, session):
            values = (name, generation, registration_id)
            return _positions(await session.fetch("read_positions_of_generation", *values))


@asynccontextmanager
async def _rolled_back_in_peace(opened: AbstractAsyncContextManager[T]) -> AsyncIterator[T]:
    """
    Let a transaction that is cancelled be rolled back, if that does not take long.

    A cancel scope cancels again and again whatever is awaited in it. Then a driver can neither
    cancel the statement in hand, nor roll back, and gives its connection up.
    """
    inner = await opened.__aenter__()
    try:
        yield inner
    except BaseException as error:
        is_swallowed: bool | None = False
        with anyio.move_on_after(_ROLLBACK_SECONDS, shield=True):
            is_swallowed = await opened.__aexit__(type(error), error, error.__traceback__)
        if not is_swallowed:
            raise
    else:
        await opened.__aexit__(None, None, None)


def _setting(name: str, seconds: float) -> str:
    check_positive(name, seconds, finite=True)
    if seconds > _MOST_SECONDS:
        raise InvalidArgument(f"{name} must be at most {_MOST_SECONDS}, not {excerpt(seconds)}")
    return f"{max(round(seconds * 1000), 1)}ms"


@dataclass(frozen=True, slots=True)
class _Known:
    """What the database knows of a name, and whether this transaction begins something."""

    stopped: Stopped | None
    fresh: bool = False
    anew: bool = False


async def _lock_generation(session: SqlSession, lease: Lease) -> _Known:
    """Lock the generation, and begin that of a lease; return what is known of the one before."""
    name, generation, id_ = lease.key.name, lease.key.generation, lease.registration_id
    rows = await session.fetch("read_subscription", name)
    if not rows:
        await session.change("add_subscription", name)
        rows = [(0, None, None, None)]
    # Who begins a generation waits for the transactions of the one before, and shuts them out.
    begins = rows[0][0] < generation or (id_ is not None and id_ != rows[0][3])
    lock = "lock_subscription" if begins else "share_subscription"
    known, stopped_generation, stopped, registration = (await session.fetch(lock, name) or rows)[0]
    if id_ is not None and registration is not None and id_ != registration:
        if not is_later_registration(id_, registration):
            raise LeaseLost(name, generation, lease.key.slice)
        return await _begin_anew(session, lease, is_known=stopped is not None)
    if known > generation:
        raise LeaseLost(name, generation, lease.key.slice)
    if known == generation:
        if id_ is not None and registration is None:
            await session.change("adopt_subscription", id_, name)
        return _Known(_stopped(stopped_generation, stopped))
    positions = {str(number): text for number, text in await session.fetch("read_positions", name)}
    if positions:  # a generation that got nowhere says nothing of those before it
        stopped_generation, stopped = known, orjson.dumps(positions).decode()
    await session.change("begin_generation", generation, stopped_generation, stopped, id_, name)
    await session.change("end_slices", name)
    return _Known(_stopped(stopped_generation, stopped), fresh=True)


async def _begin_anew(session: SqlSession, lease: Lease, *, is_known: bool) -> _Known:
    """Forget what is known of an earlier registration of the name: its numbers say nothing now."""
    name, generation = lease.key.name, lease.key.generation
    await session.fetch("lock_subscription", name)
    # If it never got anywhere, nothing of it is in the view.
    anew = is_known or bool(await session.fetch("read_positions", name))
    await session.change("begin_generation", generation, None, None, lease.registration_id, name)
    await session.change("end_slices", name)
    await session.change("forget_marks", name)
    return _Known(None, fresh=True, anew=anew)


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
