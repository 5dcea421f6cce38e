"""The adapters under test, each with a pool of its own on one PostgreSQL server."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol

import asyncpg
import psycopg
import psycopg_pool
from sqlalchemy import text
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

from event_store_async.sql.asyncpg import AsyncpgTransactions
from event_store_async.sql.psycopg import PsycopgTransactions
from event_store_async.sql.sqlalchemy import SqlAlchemyTransactions
from event_store_async.sql.transactions import SqlTransactions


class Database(Protocol):
    """Runs statements with the connections that an adapter gives its users."""

    def transactions(self, **options: Any) -> SqlTransactions[Any]:
        """Return transactions of this database."""

    async def run(self, connection: Any, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Run a statement whose values are written ``%s``, and return its rows."""

    def savepoint(self, connection: Any) -> AbstractAsyncContextManager[Any]:
        """Give a part of a transaction that is rolled back for itself if it fails."""

    def connected(self) -> AbstractAsyncContextManager[Any]:
        """Give a connection that commits at the end."""


class PsycopgDatabase:
    def __init__(self, pool: Any) -> None:
        self.pool = pool

    def transactions(self, **options: Any) -> SqlTransactions[Any]:
        return PsycopgTransactions(self.pool, **options)

    async def run(self, connection: Any, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        cursor = await connection.execute(statement, values)
        return [] if cursor.description is None else await cursor.fetchall()

    def savepoint(self, connection: Any) -> AbstractAsyncContextManager[Any]:
        savepoint: AbstractAsyncContextManager[Any] = connection.transaction()
        return savepoint

    def connected(self) -> AbstractAsyncContextManager[Any]:
        connected: AbstractAsyncContextManager[Any] = self.pool.connection()
        return connected


class AsyncpgDatabase:
    def __init__(self, pool: Any) -> None:
        self.pool = pool

    def transactions(self, **options: Any) -> SqlTransactions[Any]:
        return AsyncpgTransactions(self.pool, **options)

    async def run(self, connection: Any, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        for number in range(1, len(values) + 1):
            statement = statement.replace("%s", f"${number}", 1)
        return [tuple(row) for row in await connection.fetch(statement, *values)]

    def savepoint(self, connection: Any) -> AbstractAsyncContextManager[Any]:
        savepoint: AbstractAsyncContextManager[Any] = connection.transaction()
        return savepoint

    def connected(self) -> AbstractAsyncContextManager[Any]:
        connected: AbstractAsyncContextManager[Any] = self.pool.acquire()
        return connected


class AlchemyDatabase:
    def __init__(self, sessions: Any) -> None:
        self.sessions = sessions

    def transactions(self, **options: Any) -> SqlTransactions[Any]:
        return SqlAlchemyTransactions(self.sessions, **options)

    async def run(self, connection: Any, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        for number in range(1, len(values) + 1):
            statement = statement.replace("%s", f":v{number}", 1)
        named = {f"v{number}": each for number, each in enumerate(values, 1)}
        found = await connection.execute(text(statement), named)
        return [tuple(row) for row in found] if found.returns_rows else []

    def savepoint(self, connection: Any) -> AbstractAsyncContextManager[Any]:
        savepoint: AbstractAsyncContextManager[Any] = connection.begin_nested()
        return savepoint

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[Any]:
        async with self.sessions() as session, session.begin():
            yield session


@asynccontextmanager
async def psycopg_database(port: int, *, read_only: bool) -> AsyncIterator[Database]:
    target = f"host=127.0.0.1 port={port} user=bench dbname=postgres"
    if read_only:
        target += " options='-c default_transaction_read_only=on'"
    async with psycopg_pool.AsyncConnectionPool(target, min_size=1, max_size=6) as pool:
        yield PsycopgDatabase(pool)


@asynccontextmanager
async def asyncpg_database(port: int, *, read_only: bool) -> AsyncIterator[Database]:
    settings = {"default_transaction_read_only": "on"} if read_only else {}
    async with asyncpg.create_pool(
        host="127.0.0.1",
        port=port,
        user="bench",
        database="postgres",
        min_size=0,
        max_size=6,
        server_settings=settings,
    ) as pool:
        yield AsyncpgDatabase(pool)


@asynccontextmanager
async def alchemy_database(
    port: int, *, read_only: bool, driver: str = "asyncpg"
) -> AsyncIterator[Database]:
    options: dict[str, Any] = {}
    if read_only and driver == "asyncpg":
        options = {"server_settings": {"default_transaction_read_only": "on"}}
    elif read_only:
        options = {"options": "-c default_transaction_read_only=on"}
    engine = create_async_engine(
        f"postgresql+{driver}://bench@127.0.0.1:{port}/postgres",
        pool_size=6,
        connect_args=options,
    )
    try:
        yield AlchemyDatabase(async_sessionmaker(engine, expire_on_commit=False))
    finally:
        await engine.dispose()


@asynccontextmanager
async def alchemy_psycopg(port: int, *, read_only: bool) -> AsyncIterator[Database]:
    async with alchemy_database(port, read_only=read_only, driver="psycopg") as database:
        yield database


Opened = Callable[..., AbstractAsyncContextManager[Database]]

DATABASES: dict[str, Opened] = {
    "psycopg": psycopg_database,
    "asyncpg": asyncpg_database,
    "sqlalchemy": alchemy_database,
    "sqlalchemy-psycopg": alchemy_psycopg,
}
"""What opens the database with each adapter."""

BROKEN: dict[str, Exception] = {
    "psycopg": psycopg.OperationalError("the connection is gone"),
    "asyncpg": asyncpg.ConnectionDoesNotExistError("the connection is gone"),
    "sqlalchemy": ConnectionResetError("the connection is gone"),
    "sqlalchemy-psycopg": ConnectionResetError("the connection is gone"),
}
"""What each driver raises if its connection breaks."""
