"""Transactions on PostgreSQL by psycopg: the contract, and projections that are interrupted."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from benchmarks.peers.postgres import Postgres
from event_store_async import Backoff, FeedEvent, InvalidArgument, MemoryEventStore
from event_store_async.subscriptions import Pace, Projection, Recovery
from event_store_async.testing.contract import TransactionsContract

from ..docs.blocks import blocks
from ..fixtures.postgres import conninfo

psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed")
psycopg_pool = pytest.importorskip("psycopg_pool", reason="psycopg_pool is not installed")

from event_store_async.sql.psycopg import PsycopgTransactions  # noqa: E402

PACE = Pace(page=5, commit_seconds=0.01, beat=0.1, lease=0.5)
RECOVERY = Recovery(attempts=2, backoff=Backoff(initial=0.001, maximum=0.01))


@pytest_asyncio.fixture
async def pool(postgres: Postgres) -> AsyncGenerator[Any, None]:
    """Give a pool of connections to it."""
    async with psycopg_pool.AsyncConnectionPool(
        conninfo(postgres), min_size=1, max_size=6
    ) as opened:
        yield opened


@pytest_asyncio.fixture
async def transactions(pool: Any) -> PsycopgTransactions:
    """Give transactions whose tables exist, and a table of marks."""
    made = PsycopgTransactions(pool)
    await asyncio.gather(*[made.create_tables() for _ in range(3)])
    async with pool.connection() as connection:
        await connection.execute("CREATE TABLE IF NOT EXISTS marks (mark text)")
        await connection.execute(
            "CREATE TABLE IF NOT EXISTS balances (name text, stream_id uuid, cents integer,"
            " PRIMARY KEY (name, stream_id))"
        )
    return made


class TestPsycopgTransactions(TransactionsContract):
    async def write(self, connection: Any, mark: str) -> None:
        await connection.execute("INSERT INTO marks VALUES (%s)", (mark,))

    async def marks(self, transactions: Any) -> set[str]:
        async with transactions._pool.connection() as connection:
            found = await connection.execute("SELECT mark FROM marks")
            return {mark for (mark,) in await found.fetchall()}


async def test_the_pages_program_creates_the_tables(pool: Any) -> None:
    page = Path(__file__).parents[2] / "docs" / "subscriptions.md"
    mark = ("run by", "tests/sql/test_psycopg.py")
    (program,) = [block.text for block in blocks(page) if block.mark == mark]
    names: dict[str, Any] = {}
    exec(program, names)  # noqa: S102 - it is the page's own

    made = await names["prepare"](pool)
    assert await made.positions("nobody", 1) == {}


async def test_what_is_no_pool_is_refused() -> None:
    for wrong in (None, "postgresql://", object()):
        with pytest.raises(InvalidArgument):
            PsycopgTransactions(wrong)


async def test_slices_do_not_wait_for_each_other(
    transactions: PsycopgTransactions,
) -> None:
    from event_store_async.testing.contract.transactions import at, lease_of

    name = f"test-{uuid4().hex}"
    async with transactions.begin(lease_of(name, 0)):
        pass
    async with transactions.begin(lease_of(name, 0)) as one, asyncio.timeout(30):
        async with transactions.begin(lease_of(name, 1)) as other:
            await other.advance(at(2))
        await one.advance(at(1))

    assert await transactions.positions(name, 1) == {0: at(1), 1: at(2)}


class View:
    """Balances in PostgreSQL, and a connection that breaks now and then."""

    def __init__(self, pool: Any, transactions: PsycopgTransactions) -> None:
        self.pool = pool
        self.transactions = transactions
        self.name = f"test-{uuid4().hex}"
        self.failing: set[UUID] = set()
        self.breaks = 0

    async def apply(self, connection: Any, events: Sequence[FeedEvent[Any]]) -> None:
        rows = [(self.name, event.stream_id, event.payload["cents"]) for event in events]
        async with connection.cursor() as cursor:
            await cursor.executemany(
                "INSERT INTO balances VALUES (%s, %s, %s) ON CONFLICT (name, stream_id)"
                " DO UPDATE SET cents = balances.cents + excluded.cents",
                rows,
            )
        if any(event.stream_id in self.failing for event in events):
            raise ValueError("no")
        if self.breaks:
            self.breaks -= 1
            raise psycopg.OperationalError("the connection is gone")

    async def clear(self, connection: Any) -> None:
        await connection.execute("DELETE FROM balances WHERE name = %s", (self.name,))

    def projected(self, store: MemoryEventStore) -> Projection[Any, Any]:
        return Projection(
            self.name,
            store.feed(),
            self.apply,
            store.subscriptions,
            transactions=self.transactions,
            clear=self.clear,
            slices=3,
            pace=PACE,
            recovery=RECOVERY,
        )

    async def sums(self) -> dict[UUID, int]:
        async with self.pool.connection() as connection:
            found = await connection.execute(
                "SELECT stream_id, cents FROM balances WHERE name = %s", (self.name,)
            )
            return dict(await found.fetchall())


async def test_a_view_is_right_though_its_members_are_killed(
    pool: Any, transactions: PsycopgTransactions
) -> None:
    store, view, streams = MemoryEventStore(), View(pool, transactions), [uuid4() for _ in range(7)]
    wanted = dict.fromkeys(streams, 0)
    for round_ in range(1, 7):
        for stream_id in streams:
            await store.persist_events(stream_id, [{"cents": round_}] * 3)
            wanted[stream_id] += 3 * round_
        view.breaks = 2
        members = [view.projected(store) for _ in range(2)]
        tasks = [asyncio.create_task(each.run()) for each in members]
        for _ in range(round_ * 20):  # killed at another moment each time
            await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    await view.projected(store).catch_up()

    assert await view.sums() == wanted
    status = await store.subscriptions.status(view.name)
    assert (status.lag.events, status.lag.parked) == (0, 0)


async def test_a_poison_event_is_parked_and_replayed_once(
    pool: Any, transactions: PsycopgTransactions
) -> None:
    store, view = MemoryEventStore(), View(pool, transactions)
    good, bad = uuid4(), uuid4()
    for _ in range(3):
        await store.persist_events(good, [{"cents": 1}])
        await store.persist_events(bad, [{"cents": 10}])
    view.failing.add(bad)
    await view.projected(store).catch_up()
    assert await view.sums() == {good: 3}
    view.failing.clear()
    for _ in range(2):
        await store.subscriptions.replay(view.name)
        await view.projected(store).catch_up()

    assert await view.sums() == {good: 3, bad: 30}
    await store.subscriptions.reset(view.name, "beginning")
    await view.projected(store).catch_up()
    assert await view.sums() == {good: 3, bad: 30}
