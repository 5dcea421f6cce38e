"""A view in PostgreSQL: how many events each stream has, by the same statement in every peer."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from itertools import count as numbers
from typing import Any, Final
from uuid import UUID, uuid4

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from event_store_async import EventStore, FeedEvent, Position
from event_store_async.sql.psycopg import PsycopgTransactions
from event_store_async.subscriptions import Projection

from .payloads import stream_ids
from .protocol import Project

Connection = AsyncConnection[Any]
Row = tuple[UUID, int]

TABLE: Final = """
DROP TABLE IF EXISTS view;
CREATE TABLE view (stream_id uuid PRIMARY KEY, events bigint, amount bigint);
CREATE TABLE IF NOT EXISTS by_hand (position text)
"""
ADD: Final = """
INSERT INTO view VALUES (%s, 1, %s) ON CONFLICT (stream_id) DO UPDATE
SET events = view.events + 1, amount = view.amount + excluded.amount
"""
_EVENTS_OF_STREAM: Final = 10
_PAGE: Final = 500  # as `Pace.page`


def conninfo(port: int) -> str:
    """Return how to reach the server that a benchmark runs."""
    return f"host=127.0.0.1 port={port} user=bench dbname=postgres"


@asynccontextmanager
async def _pool(port: int) -> AsyncGenerator[AsyncConnectionPool[Connection], None]:
    async with AsyncConnectionPool(
        conninfo(port), min_size=2, max_size=16, open=False, timeout=60.0
    ) as pool:
        async with pool.connection() as connection:
            await connection.execute(TABLE)
        yield pool


async def view_of(store: EventStore, command: Project) -> int:
    """Keep a new view, in one of the ways of `Project`; return how many events it counts."""
    async with _pool(command.port) as pool:
        match command.how:
            case "projection":
                await _by_projection(store, pool, command.slices)
            case "hand":
                await _by_hand(store, pool)
            case _:
                await _rows_alone(pool, command.count)
        async with pool.connection() as connection:
            found = await (await connection.execute("SELECT sum(events) FROM view")).fetchone()
    assert found is not None
    return int(found[0])


async def _by_projection(
    store: EventStore, pool: AsyncConnectionPool[Connection], slices: int
) -> None:
    async def apply(connection: Connection, events: Sequence[FeedEvent[Any]]) -> None:
        await _add(connection, [(event.stream_id, event.payload["amount"]) for event in events])

    transactions = PsycopgTransactions(pool)
    await transactions.create_tables()
    await Projection(
        f"bench-{uuid4().hex}",
        store.feed(),
        apply,
        store.subscriptions,
        transactions=transactions,
        slices=slices,
    ).catch_up()


async def _by_hand(store: EventStore, pool: AsyncConnectionPool[Connection]) -> None:
    feed = store.feed()
    head = await feed.head()
    position: Position | None = None
    while position is None or position < head:
        page = await feed.page(position, _PAGE)
        position = page.position
        rows = [
            (event.stream_id, event.payload["amount"])
            for event in page.events
            if isinstance(event, FeedEvent)
        ]
        async with pool.connection() as connection, connection.transaction():
            await _add(connection, rows)
            await connection.execute("DELETE FROM by_hand")
            await connection.execute("INSERT INTO by_hand VALUES (%s)", (str(position),))


async def _rows_alone(pool: AsyncConnectionPool[Connection], count: int) -> None:
    ids = stream_ids(count // _EVENTS_OF_STREAM, 0)
    rows = [(stream, amount) for amount, stream in zip(numbers(1), ids * 10, strict=False)]
    for start in range(0, count, _PAGE):
        async with pool.connection() as connection, connection.transaction():
            await _add(connection, rows[start : start + _PAGE])


async def _add(connection: Connection, rows: Sequence[Row]) -> None:
    async with connection.cursor() as cursor:
        await cursor.executemany(ADD, rows)
