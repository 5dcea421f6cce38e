"""Transactions on PostgreSQL by SQLAlchemy's async engine; needs the extra ``sqlalchemy``."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final

from ..checks import check_methods
from ..errors import InvalidArgument
from ..extras import install_hint
from .outages import is_outage
from .statements import STATEMENTS, numbered
from .transactions import SqlSession, SqlTransactions

try:
    from sqlalchemy import CursorResult, event, text
    from sqlalchemy.exc import DBAPIError, InterfaceError, InvalidRequestError, OperationalError
    from sqlalchemy.exc import TimeoutError as PoolTimeout
    from sqlalchemy.ext.asyncio import AsyncSession
    from sqlalchemy.orm import Session
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        f"SqlAlchemyTransactions needs SQLAlchemy; {install_hint('sqlalchemy')}", name=error.name
    ) from error

__all__ = ["SqlAlchemyTransactions"]

_STATEMENTS: Final = {name: text(numbered(each, ":p")) for name, each in STATEMENTS.items()}


class _AlchemySession(SqlSession):
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def fetch(self, name: str, *values: object) -> Sequence[Sequence[Any]]:
        found = await self._session.execute(_STATEMENTS[name], _named(values))
        return [tuple(row) for row in found]

    async def change(self, name: str, *values: object) -> int:
        done = await self._session.execute(_STATEMENTS[name], _named(values))
        return done.rowcount if isinstance(done, CursorResult) else 0

    async def run(self, text_: str) -> None:
        connection = await self._session.connection()
        await connection.exec_driver_sql(text_)


class SqlAlchemyTransactions(SqlTransactions[AsyncSession]):
    """
    Transactions on PostgreSQL, at the isolation level of the engine; read committed by default.

    The view and the checkpoints of its subscriptions are in one database. A transaction locks the
    checkpoint of its slice, so those of other slices run beside it. The server bounds it by two
    limits, so that a process that stands still in a transaction does not lock a checkpoint for
    ever. They are set for the transaction alone, and hold for what *apply* does, too.

    Args:
        sessions: Makes sessions: an `async_sessionmaker` of an async engine on PostgreSQL, with the
            driver asyncpg or psycopg.
        idle_seconds: After how many seconds without a statement the server ends a transaction
            (``idle_in_transaction_session_timeout``). Let it be longer than *apply* waits for
            anything else. Such an end counts as a failure.
        lock_seconds: How many seconds a statement may wait for a lock (``lock_timeout``). It is
            then tried again, as in an outage.

    Attributes:
        transient: What is raised while the database is away. `is_transient` tells more exactly.

    Raises:
        InvalidArgument: *sessions* makes no sessions; its engine is not on PostgreSQL, or commits
            each statement by itself (``AUTOCOMMIT``); or a limit is not a positive number of
            seconds, up to 2147483.
    """

    transient: tuple[type[Exception], ...] = (DBAPIError, PoolTimeout, ConnectionError)

    def __init__(
        self,
        sessions: Any,
        *,
        idle_seconds: float = 60.0,
        lock_seconds: float = 10.0,
    ) -> None:
        check_methods("sessions", sessions, "an async_sessionmaker", "begin")
        _check_engine(sessions)
        super().__init__(idle_seconds=idle_seconds, lock_seconds=lock_seconds)
        self._sessions = sessions

    def is_transient(self, error: BaseException) -> bool:  # noqa: D102 - inherited from the port
        if isinstance(error, DBAPIError):
            state = getattr(error.orig, "sqlstate", None)
            if state is not None:
                return is_outage(state)
            # Without a code of the server: the connection could not be made, or broke.
            return error.connection_invalidated or isinstance(
                error, OperationalError | InterfaceError
            )
        return isinstance(error, PoolTimeout | ConnectionError)

    def _hides_why(self, error: BaseException) -> bool:
        # With asyncpg; psycopg gives a code. The connection ends while something is sent, or
        # between two statements: SQLAlchemy has an error of its own for each.
        return isinstance(error, DBAPIError) and (
            error.connection_invalidated and getattr(error.orig, "sqlstate", None) is None
        )

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[tuple[AsyncSession, SqlSession]]:
        async with self._sessions.begin() as session:
            try:
                await session.connection()
            except (OSError, TimeoutError) as error:
                # Of a handler, these would be the event's fault.
                raise ConnectionError(f"PostgreSQL cannot be reached: {error!r}") from error
            with _without_commit(session.sync_session):
                yield session, _AlchemySession(session)


def _check_engine(sessions: Any) -> None:
    """Refuse an engine with which a view and its position would not be committed together."""
    engine = getattr(sessions, "kw", {}).get("bind")
    dialect = getattr(engine, "dialect", None)
    if dialect is None:
        return  # each session finds its engine itself
    if dialect.name != "postgresql":
        raise InvalidArgument(f"the engine of sessions must be on PostgreSQL, not {dialect.name}")
    options: Mapping[str, Any] = getattr(engine, "get_execution_options", dict)()
    # SQLAlchemy has no other place to read what `create_engine` was given.
    level = options.get("isolation_level") or getattr(dialect, "_on_connect_isolation_level", None)
    if str(level).upper() == "AUTOCOMMIT":
        raise InvalidArgument(
            "the engine of sessions must not have the isolation level AUTOCOMMIT: an effect would "
            "be committed without its position"
        )


@contextmanager
def _without_commit(session: Session) -> Iterator[None]:
    """Refuse commits: what *apply* commits would be applied again, since its position is not."""
    event.listen(session, "before_commit", _refuse)
    try:
        yield
    finally:
        event.remove(session, "before_commit", _refuse)


def _refuse(session: Session) -> None:
    if not session.in_nested_transaction():  # the end of a savepoint is told, too
        raise InvalidRequestError(
            "the session of a projection must not be committed: that is done for it, together with "
            "the position of the slice"
        )


def _named(values: Sequence[object]) -> dict[str, object]:
    return {f"p{number}": each for number, each in enumerate(values, 1)}
