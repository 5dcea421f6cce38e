"""Transactions on PostgreSQL by each adapter: the contract, and interrupted projections."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from benchmarks.peers.postgres import Postgres
from event_store_async import (
    Backoff,
    FeedEvent,
    InvalidArgument,
    MemoryEventStore,
    ViewOutlived,
)
from event_store_async.ids import ordered_uuid
from event_store_async.subscriptions import Pace, Projection, Recovery
from event_store_async.tasks import task_group
from event_store_async.testing.contract import TransactionsContract
from event_store_async.testing.contract.transactions import at, lease_of

from ..docs.blocks import blocks

for each in ("psycopg", "psycopg_pool", "asyncpg", "sqlalchemy"):
    pytest.importorskip(each, reason=f"{each} is not installed")

import asyncpg  # noqa: E402
import psycopg  # noqa: E402
from sqlalchemy import create_mock_engine  # noqa: E402
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine  # noqa: E402
from sqlalchemy.orm import sessionmaker  # noqa: E402

from event_store_async.sql.asyncpg import AsyncpgTransactions  # noqa: E402
from event_store_async.sql.outages import is_outage  # noqa: E402
from event_store_async.sql.psycopg import PsycopgTransactions  # noqa: E402
from event_store_async.sql.sqlalchemy import SqlAlchemyTransactions  # noqa: E402
from event_store_async.sql.transactions import SqlTransactions  # noqa: E402

from .databases import BROKEN, DATABASES, Database, psycopg_database  # noqa: E402

PACE = Pace(page=5, commit_seconds=0.01, beat=0.1, lease=0.5)
RECOVERY = Recovery(attempts=2, backoff=Backoff(initial=0.001, maximum=0.01))
LIMIT = 60.0


@pytest.fixture(params=DATABASES)
def adapter(request: pytest.FixtureRequest) -> str:
    """Give the name of an adapter."""
    name: str = request.param
    return name


@pytest_asyncio.fixture
async def database(postgres: Postgres, adapter: str) -> AsyncGenerator[Database, None]:
    """Give the database, by an adapter."""
    async with DATABASES[adapter](postgres.port, read_only=False) as opened:
        yield opened


@pytest_asyncio.fixture
async def standby(postgres: Postgres, adapter: str) -> AsyncGenerator[Database, None]:
    """Give the database as one that is read-only."""
    async with DATABASES[adapter](postgres.port, read_only=True) as opened:
        yield opened


@pytest_asyncio.fixture
async def transactions(database: Database) -> SqlTransactions[Any]:
    """Give transactions whose tables exist, and a table of marks."""
    made = database.transactions()
    await asyncio.gather(*[made.create_tables() for _ in range(3)])
    async with database.connected() as connection:
        await database.run(connection, "CREATE TABLE IF NOT EXISTS marks (mark text)")
        await database.run(
            connection,
            "CREATE TABLE IF NOT EXISTS balances (name text, stream_id uuid, cents integer,"
            " PRIMARY KEY (name, stream_id))",
        )
    return made


class TestSqlTransactions(TransactionsContract):
    @pytest.fixture(autouse=True)
    def _keep(self, database: Database) -> None:
        self.database = database

    async def write(self, connection: Any, mark: str) -> None:
        await self.database.run(connection, "INSERT INTO marks VALUES (%s)", mark)

    async def marks(self, transactions: Any) -> set[str]:  # noqa: ARG002 - of the contract
        async with self.database.connected() as connection:
            return {
                mark for (mark,) in await self.database.run(connection, "SELECT mark FROM marks")
            }


async def test_the_pages_program_creates_the_tables(postgres: Postgres) -> None:
    page = Path(__file__).parents[2] / "docs" / "subscriptions.md"
    mark = ("run by", "tests/sql/test_transactions.py")
    (program,) = [block.text for block in blocks(page) if block.mark == mark]
    names: dict[str, Any] = {}
    exec(program, names)  # noqa: S102 - it is the page's own

    async with psycopg_database(postgres.port, read_only=False) as opened:
        made = await names["prepare"](opened.pool)  # type: ignore[attr-defined]
        assert await made.positions("nobody", 1) == {}


@pytest.mark.parametrize("kind", [PsycopgTransactions, AsyncpgTransactions, SqlAlchemyTransactions])
async def test_what_is_no_pool_and_no_limit_is_refused(kind: Callable[..., Any]) -> None:
    for wrong in (None, "postgresql://", object()):
        with pytest.raises(InvalidArgument):
            kind(wrong)


@pytest.mark.parametrize(
    "options",
    [
        {"isolation_level": "AUTOCOMMIT"},
        {"isolation_level": "autocommit"},
        {"execution_options": {"isolation_level": "AUTOCOMMIT"}},
    ],
)
def test_an_engine_that_commits_each_statement_is_refused(options: dict[str, Any]) -> None:
    engine = create_async_engine("postgresql+asyncpg://nobody@nowhere/nothing", **options)

    with pytest.raises(InvalidArgument, match="AUTOCOMMIT"):
        SqlAlchemyTransactions(async_sessionmaker(engine))


def test_an_engine_of_another_database_is_refused() -> None:
    engine: Any = create_mock_engine("sqlite://", lambda *_: None)

    with pytest.raises(InvalidArgument, match="must be on PostgreSQL, not sqlite"):
        SqlAlchemyTransactions(sessionmaker(engine))


def test_other_levels_of_isolation_are_the_callers_choice() -> None:
    engine = create_async_engine("postgresql+asyncpg://x@y/z", isolation_level="SERIALIZABLE")

    SqlAlchemyTransactions(async_sessionmaker(engine))
    SqlAlchemyTransactions(async_sessionmaker())  # its sessions know the engine


@pytest.mark.usefixtures("transactions")
async def test_limits_are_what_the_server_takes(database: Database) -> None:
    for name in ("idle_seconds", "lock_seconds"):
        async with database.transactions(**{name: 2147483}).begin(lease_of(f"test-{uuid4().hex}")):
            pass
        for wrong in (0, -1.0, 2147484, float("inf"), float("nan"), "1s", None):
            with pytest.raises(InvalidArgument):
                database.transactions(**{name: wrong})


async def test_who_creates_the_tables_again_waits_for_no_member(
    transactions: SqlTransactions[Any],
) -> None:
    async with transactions.begin(lease_of(f"test-{uuid4().hex}")), asyncio.timeout(LIMIT):
        await transactions.create_tables()


async def test_tables_of_an_earlier_version_get_what_they_lack(
    database: Database, transactions: SqlTransactions[Any]
) -> None:
    name, id_ = f"test-{uuid4().hex}", ordered_uuid()
    async with database.connected() as connection:
        await database.run(
            connection, "ALTER TABLE event_store_subscriptions DROP COLUMN registration"
        )
    await transactions.create_tables()
    async with transactions.begin(lease_of(name, registration_id=id_)) as one:
        await one.advance(at(1))

    assert await transactions.positions(name, 1, id_) == {0: at(1)}


async def test_slices_do_not_wait_for_each_other(
    transactions: SqlTransactions[Any],
) -> None:
    name = f"test-{uuid4().hex}"
    async with transactions.begin(lease_of(name, 0)):
        pass
    async with transactions.begin(lease_of(name, 0)) as one, asyncio.timeout(30):
        async with transactions.begin(lease_of(name, 1)) as other:
            await other.advance(at(2))
        await one.advance(at(1))

    assert await transactions.positions(name, 1) == {0: at(1), 1: at(2)}


@pytest.mark.usefixtures("transactions")
async def test_limits_hold_for_the_transaction_alone(database: Database) -> None:
    limited = database.transactions(idle_seconds=12.5, lock_seconds=0.5)
    shown = "SELECT current_setting('lock_timeout'), current_setting(%s)"
    idle = "idle_in_transaction_session_timeout"
    async with limited.begin(lease_of(f"test-{uuid4().hex}")) as one:
        found = await database.run(one.connection, shown, idle)
    async with database.connected() as connection:
        after = await database.run(connection, shown, idle)

    assert (found, after) == ([("500ms", "12500ms")], [("0", "0")])


async def test_who_stands_still_in_a_transaction_loses_it_and_another_takes_over(
    database: Database, transactions: SqlTransactions[Any]
) -> None:
    name, hasty = f"test-{uuid4().hex}", database.transactions(idle_seconds=0.2)
    async with transactions.begin(lease_of(name)):
        pass
    stands_still, goes_on = asyncio.Event(), asyncio.Event()

    async def stand_still() -> None:
        async with hasty.begin(lease_of(name)) as one:
            stands_still.set()
            await goes_on.wait()
            await one.advance(at(9))

    standing = asyncio.create_task(stand_still())
    await stands_still.wait()
    async with asyncio.timeout(LIMIT), transactions.begin(lease_of(name, fence=2)) as other:
        await other.advance(at(1))
    goes_on.set()
    with pytest.raises(Exception) as caught:  # noqa: PT011 - of the driver
        await standing

    assert not isinstance(caught.value, AssertionError | TimeoutError)
    assert not hasty.is_transient(caught.value), "it would stand still again"
    assert await transactions.positions(name, 1) == {0: at(1)}


async def test_who_is_cancelled_in_a_statement_leaves_nothing_behind(
    database: Database, transactions: SqlTransactions[Any], caplog: pytest.LogCaptureFixture
) -> None:
    """As by a lost lease: a cancel scope cancels again whatever is awaited on the way out."""
    name = f"test-{uuid4().hex}"
    waits = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE %s"
    async with transactions.begin(lease_of(name)):
        pass
    async with asyncio.timeout(LIMIT), transactions.begin(lease_of(name)) as holder:
        for _ in range(8):  # more than there are connections
            async with task_group() as group:
                group.start_soon(_enter, transactions, name)
                while not await database.run(holder.connection, waits, "%event_store_slices%"):
                    await database.run(holder.connection, "SELECT pg_stat_clear_snapshot()")
                group.cancel_scope.cancel()
        await holder.advance(at(1))
    async with asyncio.timeout(LIMIT), transactions.begin(lease_of(name)) as other:
        assert other.position == at(1)

    errors = [it.getMessage() for it in caplog.records if it.levelno >= logging.ERROR]
    assert [text for text in errors if "active transaction" in text] == []


async def test_who_waits_for_a_lock_too_long_tries_again(
    database: Database, transactions: SqlTransactions[Any]
) -> None:
    name, hasty = f"test-{uuid4().hex}", database.transactions(lock_seconds=0.05)
    async with transactions.begin(lease_of(name)):
        pass
    async with transactions.begin(lease_of(name)):
        with pytest.raises(Exception) as caught:  # noqa: PT011 - of the driver
            await _enter(hasty, name)

    assert hasty.is_transient(caught.value)


async def _enter(transactions: SqlTransactions[Any], name: str, statement: Any = None) -> None:
    async with transactions.begin(lease_of(name)) as one:
        if statement is not None:
            await statement(one.connection)


async def test_a_read_only_server_is_an_outage(
    database: Database, standby: Database, transactions: SqlTransactions[Any]
) -> None:
    read_only = standby.transactions()
    with pytest.raises(Exception) as caught:  # noqa: PT011 - of the driver
        await _enter(read_only, f"test-{uuid4().hex}")

    assert read_only.is_transient(caught.value)


@pytest.mark.parametrize(
    ("statement", "is_outage"),
    [
        pytest.param("SELECT repeat('x', 1073741824)", False, id="too large for the server"),
        pytest.param("SELECT pg_cancel_backend(pg_backend_pid())", False, id="cancelled"),
        pytest.param("SELECT 1 / 0", False, id="wrong"),
        pytest.param("SELECT pg_terminate_backend(pg_backend_pid())", True, id="terminated"),
    ],
)
async def test_what_repetition_does_not_mend_is_no_outage(
    database: Database, transactions: SqlTransactions[Any], statement: str, is_outage: bool
) -> None:
    async def run(connection: Any) -> None:
        await database.run(connection, statement)

    with pytest.raises(Exception) as caught:  # noqa: PT011 - of the driver
        await _enter(transactions, f"test-{uuid4().hex}", run)

    assert transactions.is_transient(caught.value) is is_outage


async def test_an_error_that_is_swallowed_does_not_end_in_a_commit_of_nothing(
    database: Database, transactions: SqlTransactions[Any]
) -> None:
    """The server answers COMMIT with ROLLBACK then, and the drivers do not tell."""

    async def swallow(connection: Any) -> None:
        with suppress(Exception):
            await database.run(connection, "SELECT 1 / 0")

    with pytest.raises(Exception, match="transaction is aborted") as caught:
        await _enter(transactions, f"test-{uuid4().hex}", swallow)

    assert not transactions.is_transient(caught.value)


async def test_a_savepoint_is_the_callers_own(
    database: Database, transactions: SqlTransactions[Any]
) -> None:
    name = f"test-{uuid4().hex}"
    async with transactions.begin(lease_of(name)) as one:
        with suppress(Exception):
            async with database.savepoint(one.connection):
                await database.run(one.connection, "INSERT INTO marks VALUES (%s)", f"{name} lost")
                await database.run(one.connection, "SELECT 1 / 0")
        async with database.savepoint(one.connection):
            await database.run(one.connection, "INSERT INTO marks VALUES (%s)", f"{name} kept")

    async with database.connected() as connection:
        found = await database.run(
            connection, "SELECT mark FROM marks WHERE mark LIKE %s", name + "%"
        )
    assert found == [(f"{name} kept",)]


async def test_who_commits_in_a_transaction_is_refused_and_nothing_is_stored(
    database: Database, transactions: SqlTransactions[Any], adapter: str
) -> None:
    if adapter == "asyncpg":
        pytest.skip("its connections have no commit")
    name = f"test-{uuid4().hex}"

    async def commit(connection: Any) -> None:
        await database.run(connection, "INSERT INTO marks VALUES (%s)", name)
        await connection.commit()

    with pytest.raises(Exception, match="commit") as caught:
        await _enter(transactions, name, commit)

    assert not transactions.is_transient(caught.value)
    async with database.connected() as connection:
        assert not await database.run(connection, "SELECT 1 FROM marks WHERE mark = %s", name)
    await _enter(transactions, name)


async def test_a_value_that_does_not_fit_is_no_outage(
    database: Database, transactions: SqlTransactions[Any]
) -> None:
    async def run(connection: Any) -> None:
        await database.run(connection, "INSERT INTO marks VALUES (%s)", object())

    with pytest.raises(Exception) as caught:  # noqa: PT011 - of the driver
        await _enter(transactions, f"test-{uuid4().hex}", run)

    assert not transactions.is_transient(caught.value)


@pytest.mark.parametrize(
    ("kind", "errors"),
    [(PsycopgTransactions, psycopg.errors), (AsyncpgTransactions, asyncpg.exceptions)],
)
def test_every_outage_is_of_a_class_that_is_named(kind: type[Any], errors: Any) -> None:
    states = {
        each: vars(each).get("sqlstate") for each in vars(errors).values() if isinstance(each, type)
    }
    outages = [
        each for each, state in states.items() if isinstance(state, str) and is_outage(state)
    ]

    assert len(outages) > 20
    assert [each for each in outages if not issubclass(each, kind.transient)] == []


async def test_a_server_that_is_not_there_is_an_outage(adapter: str) -> None:
    if adapter == "psycopg":
        pytest.skip("its pool waits for a connection, and says so by an error of its own")
    async with DATABASES[adapter](1, read_only=False) as nowhere:
        transactions = nowhere.transactions()
        with pytest.raises(Exception) as caught:  # noqa: PT011 - of the driver
            await _enter(transactions, f"test-{uuid4().hex}")

    assert transactions.is_transient(caught.value)


class View:
    """Balances in PostgreSQL, and a connection that breaks now and then."""

    def __init__(
        self, database: Database, transactions: SqlTransactions[Any], adapter: str = "psycopg"
    ) -> None:
        self.database = database
        self.transactions = transactions
        self.name = f"test-{uuid4().hex}"
        self.failing: set[UUID] = set()
        self.slow: set[UUID] = set()
        self.swallowing: set[UUID] = set()
        self.breaks = 0
        self.broken = BROKEN[adapter]
        self.pages = 0
        self.called = asyncio.Condition()

    async def until_pages(self, count: int) -> None:
        """Wait until so many pages have been handed over."""
        async with self.called:
            await self.called.wait_for(lambda: self.pages >= count)

    async def apply(self, connection: Any, events: Sequence[FeedEvent[Any]]) -> None:
        self.pages += 1
        async with self.called:
            self.called.notify_all()
        for event in events:
            await self.database.run(
                connection,
                "INSERT INTO balances VALUES (%s, %s, %s) ON CONFLICT (name, stream_id)"
                " DO UPDATE SET cents = balances.cents + excluded.cents",
                *(self.name, event.stream_id, event.payload["cents"]),
            )
        if any(event.stream_id in self.failing for event in events):
            raise ValueError("no")
        if any(event.stream_id in self.swallowing for event in events):
            with suppress(Exception):
                await self.database.run(connection, "SELECT 1 / 0")
        if any(event.stream_id in self.slow for event in events):
            await self.database.run(connection, "SET LOCAL statement_timeout = '20ms'")
            await self.database.run(connection, "SELECT pg_sleep(60)")
        if self.breaks:
            self.breaks -= 1
            raise self.broken

    async def clear(self, connection: Any) -> None:
        await self.database.run(connection, "DELETE FROM balances WHERE name = %s", self.name)

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
        async with self.database.connected() as connection:
            found = await self.database.run(
                connection, "SELECT stream_id, cents FROM balances WHERE name = %s", self.name
            )
        return {UUID(str(stream_id)): cents for stream_id, cents in found}


async def test_a_view_is_right_though_its_members_are_killed(
    database: Database, transactions: SqlTransactions[Any], adapter: str
) -> None:
    store, view = MemoryEventStore(), View(database, transactions, adapter)
    streams = [uuid4() for _ in range(7)]
    wanted = dict.fromkeys(streams, 0)
    for round_ in range(1, 7):
        for stream_id in streams:
            await store.persist_events(stream_id, [{"cents": round_}] * 3)
            wanted[stream_id] += 3 * round_
        view.breaks = 2
        view.pages = 0
        members = [view.projected(store) for _ in range(2)]
        tasks = [asyncio.create_task(each.run()) for each in members]
        async with asyncio.timeout(LIMIT):
            await view.until_pages(round_)
        for _ in range(round_ * 7):  # killed in another statement each time, or in the commit
            await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    await view.projected(store).catch_up()

    assert await view.sums() == wanted
    status = await store.subscriptions.status(view.name)
    assert (status.lag.events, status.lag.parked) == (0, 0)


async def test_a_poison_event_is_parked_and_replayed_once(
    database: Database, transactions: SqlTransactions[Any]
) -> None:
    store, view = MemoryEventStore(), View(database, transactions)
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


async def test_a_replay_that_swallows_an_error_loses_nothing(
    database: Database, transactions: SqlTransactions[Any]
) -> None:
    store, view = MemoryEventStore(), View(database, transactions)
    bad = uuid4()
    await store.persist_events(bad, [{"cents": 1}, {"cents": 2}])
    view.failing.add(bad)
    await view.projected(store).catch_up()
    view.failing.clear()
    view.swallowing.add(bad)
    await store.subscriptions.replay(view.name)
    await view.projected(store).catch_up()

    (row,) = [row async for row in store.subscriptions.parked(view.name)]
    assert (row.version, row.last_version) == (1, 2)
    assert "transaction is aborted" in row.error
    view.swallowing.clear()
    await store.subscriptions.replay(view.name)
    await view.projected(store).catch_up()
    assert await view.sums() == {bad: 3}


async def test_a_statement_that_takes_too_long_parks_its_stream(
    database: Database, transactions: SqlTransactions[Any]
) -> None:
    store, view = MemoryEventStore(), View(database, transactions)
    good, slow = uuid4(), uuid4()
    for stream_id in (good, slow):
        await store.persist_events(stream_id, [{"cents": 1}])
    view.slow.add(slow)
    async with asyncio.timeout(LIMIT):
        await view.projected(store).catch_up()

    assert await view.sums() == {good: 1}
    assert [row.stream_id async for row in store.subscriptions.parked(view.name)] == [slow]


async def test_nothing_is_parked_while_the_server_is_read_only(
    database: Database, standby: Database, transactions: SqlTransactions[Any]
) -> None:
    store, view = MemoryEventStore(), View(database, transactions)
    stream_id = uuid4()
    await store.persist_events(stream_id, [{"cents": 1}])
    await view.projected(store).catch_up()
    await store.persist_events(stream_id, [{"cents": 2}])

    begin, failed = transactions._begin, standby.transactions()._begin
    transactions._begin = failed  # type: ignore[method-assign]
    projection = view.projected(store)
    running = asyncio.create_task(projection.run())
    async with asyncio.timeout(LIMIT):
        while not projection.health().holding:
            await asyncio.sleep(0.01)
    assert [row async for row in store.subscriptions.parked(view.name)] == []
    transactions._begin = begin  # type: ignore[method-assign]
    projection.stop()
    await running
    await view.projected(store).catch_up()

    assert await view.sums() == {stream_id: 3}


async def test_a_subscription_that_is_registered_anew_starts_its_view_over(
    database: Database, transactions: SqlTransactions[Any]
) -> None:
    store, view = MemoryEventStore(), View(database, transactions)
    one, other = uuid4(), uuid4()
    for stream_id in (one, other):
        await store.persist_events(stream_id, [{"cents": 1}, {"cents": 2}])
    await view.projected(store).catch_up()
    await store.subscriptions.reset(view.name, "beginning")
    await view.projected(store).catch_up()
    await store.subscriptions.forget(view.name)
    async with asyncio.timeout(LIMIT):
        await view.projected(store).catch_up()

    assert await view.sums() == {one: 3, other: 3}
    await store.persist_events(one, [{"cents": 4}])
    await view.projected(store).catch_up()
    assert await view.sums() == {one: 7, other: 3}


async def test_a_view_that_cannot_be_cleared_says_what_to_do(
    database: Database, transactions: SqlTransactions[Any]
) -> None:
    store, view = MemoryEventStore(), View(database, transactions)
    await store.persist_events(uuid4(), [{"cents": 1}])
    await view.projected(store).catch_up()
    await store.subscriptions.forget(view.name)
    projection = Projection(
        view.name, store.feed(), view.apply, store.subscriptions, transactions=transactions
    )

    async with asyncio.timeout(LIMIT):
        with pytest.raises(ViewOutlived, match="forgotten") as caught:
            await projection.catch_up()
    assert "clear" in str(caught.value.hint)
