"""The bank's read model in PostgreSQL, through the routes of the service."""

import asyncio
import runpy
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, contextmanager, nullcontext
from typing import Any
from uuid import UUID, uuid4

import pytest
import uvicorn
from starlette.testclient import TestClient

from event_store_async import Backoff, MemoryEventStore, NewEvent, SubscriptionMismatch
from event_store_async.subscriptions import (
    Pace,
    Projection,
    Recovery,
    SubscriptionRunner,
    SubscriptionStore,
)
from event_store_async.testing import every_delivery
from event_store_async.typed import TypedEventStore, typed_feed
from examples import cassandra
from examples.bank_service.app import create_app
from examples.bank_service.domain import TYPES, AccountEvent, Deposited, Opened, Withdrawn

psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed")
psycopg_pool = pytest.importorskip("psycopg_pool", reason="psycopg_pool is not installed")

from event_store_async.sql.psycopg import PsycopgTransactions  # noqa: E402
from examples.bank_service import read_model  # noqa: E402
from examples.bank_service.read_model import (  # noqa: E402
    TABLES,
    PostgresReadModel,
    apply,
    open_read_model,
)

PACE = Pace(beat=0.1, lease=0.5)
RECOVERY = Recovery(attempts=2, backoff=Backoff(initial=0.001, maximum=0.01))


@contextmanager
def served(store: MemoryEventStore, database: str, *, wait: float = 60.0) -> Iterator[TestClient]:
    """Serve the bank on a store that outlives it."""

    def opened(given: MemoryEventStore) -> AbstractAsyncContextManager[PostgresReadModel]:
        return open_read_model(given, database, wait=wait, recovery=RECOVERY, pace=PACE)

    with TestClient(create_app(lambda: nullcontext(store), opened)) as client:
        yield client


def opened(client: TestClient, owner: str, *amounts: int) -> dict[str, Any]:
    """Open an account, and deposit; return the last response."""
    path = f"/accounts/{uuid4()}"
    response = client.put(path, json={"owner": owner})
    for cents in amounts:
        response = client.post(f"{path}/deposits", json={"cents": cents})
    content: dict[str, Any] = response.json()
    return content


def stored(event: AccountEvent) -> NewEvent:
    """Return an event as the store gets it."""
    name, _, plain = TYPES.stored(event)
    return NewEvent(plain, name)


def wanted(content: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters of a request that wants to see what a response has told."""
    return {"account_id": content["account_id"], "version": content["version"]}


async def test_a_client_sees_what_it_has_just_done(database: str) -> None:
    with served(MemoryEventStore(), database) as client:
        one = opened(client, "ann", 500, 20)
        opened(client, "bob", 7)
        other = opened(client, "ann", 30)
        client.get("/owners/bob", params=wanted(one))
        path = f"/accounts/{one['account_id']}/withdrawals"
        last = client.post(path, json={"cents": 100}).json()
        client.get("/owners/ann", params=wanted(other))
        shown = client.get("/owners/ann", params=wanted(last))
        unknown = client.get("/owners/cleo")

    assert shown.status_code == 200
    assert shown.headers["Read-Model"] == "handled"
    assert shown.json() == {
        "owner": "ann",
        "cents": 450,
        "accounts": sorted(
            [
                {"account_id": one["account_id"], "cents": 420},
                {"account_id": other["account_id"], "cents": 30},
            ],
            key=lambda each: UUID(str(each["account_id"])),
        ),
    }
    assert unknown.status_code == 404


async def test_what_the_read_model_cannot_hold_is_refused_before_it_is_stored(
    database: str,
) -> None:
    store = MemoryEventStore()
    beyond: dict[str, Any] = {"account_id": str(uuid4()), "version": 2**31}
    with served(store, database) as client:
        for owner in ("", "a\x00b", "x" * 201):
            path = f"/accounts/{uuid4()}"
            assert client.put(path, json={"owner": owner}).status_code == 422
        assert client.get("/owners/a%00b").status_code == 422
        assert client.get("/owners/ann", params=beyond).status_code == 422
        amount = client.post(
            f"/accounts/{uuid4()}/deposits", json={"cents": 1}, params={"expected_version": 2**31}
        )
        assert amount.status_code == 422
        done = opened(client, "ä" * 200, 5)
        shown = client.get(f"/owners/{'ä' * 200}", params=wanted(done))

    assert shown.json()["cents"] == 5


async def test_a_late_read_model_is_503_and_catches_up(database: str) -> None:
    store = MemoryEventStore()
    with served(store, database, wait=0.05) as client:
        done = opened(client, "ann", 500)
        future = {**wanted(done), "version": 99}
        late = client.get("/owners/ann", params=future)
    with served(store, database) as client:
        shown = client.get("/owners/ann", params=wanted(done))

    assert (late.status_code, late.headers["Retry-After"]) == (503, "1")
    assert shown.json()["cents"] == 500


async def test_what_is_parked_is_told_and_replayed(database: str) -> None:
    store = MemoryEventStore()
    poisoned = uuid4()
    async with await psycopg.AsyncConnection.connect(database) as connection:
        await connection.execute(TABLES)  # and a row that is in the way
        await connection.execute("INSERT INTO accounts VALUES (%s, 'nobody', 0)", (poisoned,))
    with served(store, database) as client:
        good = opened(client, "ann", 500)
        client.put(f"/accounts/{poisoned}", json={"owner": "ann"})
        last = client.post(f"/accounts/{poisoned}/deposits", json={"cents": 7}).json()
        client.get("/owners/ann", params=wanted(good))
        shown = client.get("/owners/ann", params=wanted(last))
        async with await psycopg.AsyncConnection.connect(database) as connection:
            await connection.execute("DELETE FROM accounts WHERE owner = 'nobody'")
        await store.subscriptions.replay("owners")
        async with asyncio.timeout(60):
            while client.get("/owners/ann", params=wanted(last)).headers["Read-Model"] == "parked":
                await asyncio.sleep(0.01)
        mended = client.get("/owners/ann", params=wanted(last))

    assert (shown.status_code, shown.headers["Read-Model"]) == (200, "parked")
    assert shown.json()["cents"] == 500
    assert mended.json()["cents"] == 507


class Pages:
    """Counts the pages that are handed over."""

    def __init__(self) -> None:
        self.count = 0
        self.more = asyncio.Condition()

    async def apply(self, connection: Any, events: Any) -> None:
        self.count += 1
        async with self.more:
            self.more.notify_all()
        await apply(connection, events)

    async def taken(self, count: int) -> None:
        """Wait for so many pages."""
        async with self.more:
            await self.more.wait_for(lambda: self.count >= count)


async def test_a_restart_in_the_middle_counts_each_event_once(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = MemoryEventStore()
    accounts = TypedEventStore(store, TYPES)
    ids = [uuid4() for _ in range(5)]
    events: list[AccountEvent] = [Opened("ann"), Deposited(50), Withdrawn(20)]
    for round_ in range(3):
        pages = Pages()
        monkeypatch.setattr(read_model, "apply", pages.apply)
        for stream_id in ids:
            await accounts.persist_events(stream_id, events if not round_ else events[1:])
        pool = psycopg_pool.AsyncConnectionPool(database, min_size=1, max_size=8)
        async with pool:
            pace = Pace(page=2, beat=0.1, lease=0.5)
            models = [PostgresReadModel(store, pool, pace=pace) for _ in range(2)]
            await models[0].create_tables()
            running = [asyncio.create_task(model.projection.run()) for model in models]
            async with asyncio.timeout(60):
                await pages.taken(round_ + 1)
            for _ in range(10 * round_):  # killed in another statement each time
                await asyncio.sleep(0)
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
            if round_ == 2:
                await models[0].projection.catch_up()
                shown = await models[0].owner("ann")

    assert shown is not None
    assert shown["cents"] == 5 * 3 * 30
    assert len(shown["accounts"]) == 5


async def test_a_read_model_that_is_no_longer_kept_says_why_at_once(
    database: str, caplog: pytest.LogCaptureFixture
) -> None:
    store = MemoryEventStore()
    head = await store.feed().head()
    await store.subscriptions.register("owners", 7, head)
    with pytest.raises(SubscriptionMismatch):
        async with open_read_model(store, database, pace=PACE), asyncio.timeout(60):
            while not caplog.records:
                await asyncio.sleep(0.01)

    (line,) = [it for it in caplog.records if it.name == "examples.bank_service.read_model"]
    assert line.exc_info is not None
    assert line.exc_info[0] is SubscriptionMismatch


async def test_every_legal_delivery_leads_to_the_same_rows(database: str) -> None:
    ann, savings, bob = uuid4(), uuid4(), uuid4()
    given: list[tuple[UUID, AccountEvent]] = [
        (ann, Opened("ann")),
        (bob, Opened("bob")),
        (ann, Deposited(50)),
        (savings, Opened("ann")),
        (savings, Deposited(7)),
        (ann, Withdrawn(20)),
    ]
    pool = psycopg_pool.AsyncConnectionPool(database, min_size=1, max_size=8)
    async with pool:
        transactions = PsycopgTransactions(pool)
        await transactions.create_tables()
        async with pool.connection() as connection:
            await connection.execute(TABLES)

        def make(
            name: str, store: MemoryEventStore, known: SubscriptionStore, options: Mapping[str, Any]
        ) -> SubscriptionRunner:
            feed = typed_feed(store.feed(), TYPES)
            return Projection(name, feed, apply, known, transactions=transactions, **options)

        async def observe(_: str) -> object:
            async with pool.connection() as connection:
                accounts = await connection.execute("SELECT * FROM accounts ORDER BY account_id")
                owners = await connection.execute("SELECT * FROM owners ORDER BY owner")
                rows = await accounts.fetchall(), await owners.fetchall()
                await connection.execute("TRUNCATE accounts, owners")
            return rows

        events = [(stream_id, stored(event)) for stream_id, event in given]
        assert await every_delivery(events, lambda: f"owners-{uuid4()}", make, observe) > 10


async def test_a_rebuilt_read_model_is_the_same(database: str) -> None:
    store = MemoryEventStore()
    with served(store, database) as client:
        done = opened(client, "ann", 500)
        before = client.get("/owners/ann", params=wanted(done)).json()
        async with await psycopg.AsyncConnection.connect(database) as connection:
            await connection.execute("UPDATE owners SET cents = 0")
        await store.subscriptions.reset("owners", "beginning")
        after = client.get("/owners/ann", params=wanted(done)).json()

    assert after == before


@pytest.mark.usefixtures("pointed_at_the_server", "store")
async def test_the_module_serves_it_on_cassandra(
    keyspace: str, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    served: list[Any] = []
    open_store = cassandra.open_store
    in_test_keyspace: Callable[[str], object] = lambda _: open_store(keyspace)  # noqa: E731
    monkeypatch.setattr(cassandra, "open_store", in_test_keyspace)
    monkeypatch.setattr(uvicorn, "run", lambda app, **_: served.append(app))
    monkeypatch.setenv("BANK_POSTGRES", database)

    runpy.run_module("examples.bank_service", run_name="__main__")

    with TestClient(served[0]) as client:
        done = opened(client, "ann", 500)
        while (shown := client.get("/owners/ann", params=wanted(done))).status_code == 503:
            pass  # as a client would: the read model starts with the service
    assert shown.json()["cents"] == 500
