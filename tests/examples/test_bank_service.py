"""The bank over HTTP, on a real Cassandra, tested through its routes only."""

import runpy
from collections.abc import AsyncGenerator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import pytest
import uvicorn
from starlette.testclient import TestClient

from event_store_async import (
    AppendResult,
    EventStore,
    MemoryEventStore,
    StoreClosed,
    StoreOverloaded,
)
from event_store_async.testing import HostileEventStore, Injection
from examples import cassandra
from examples.bank_service.app import Store, create_app
from examples.bank_service.domain import TYPES

from ..fixtures.server import Server


@pytest.fixture
def service(
    server: Server,
    store: EventStore,  # creates the keyspace and the table
    keyspace: str,
    request: pytest.FixtureRequest,
) -> Iterator[TestClient]:
    """Start the service; the parameter is the script of the faults in its store."""
    faults: list[Injection] = getattr(request, "param", [])

    @asynccontextmanager
    async def open_store() -> AsyncGenerator[Store]:
        async with server.connect(keyspace) as own:
            yield HostileEventStore(own, seed=1, script=faults)

    with TestClient(create_app(open_store)) as client:
        yield client


@pytest.fixture
def account(service: TestClient) -> str:
    """Return the path of an open account."""
    path = f"/accounts/{uuid4()}"
    assert service.put(path, json={"owner": "ann"}).status_code == 200
    return path


async def test_an_account_is_opened_and_used(service: TestClient, account: str) -> None:
    deposit = service.post(f"{account}/deposits", json={"cents": 5000})
    withdrawal = service.post(f"{account}/withdrawals", json={"cents": 1000})

    assert (deposit.status_code, withdrawal.status_code) == (200, 200)
    returned = service.get(account)
    assert returned.json() == withdrawal.json()
    assert returned.json() == {
        "account_id": account.removeprefix("/accounts/"),
        "owner": "ann",
        "cents": 4000,
        "version": 3,
    }


async def test_a_key_that_is_used_twice_hides_no_other_request(
    service: TestClient, account: str
) -> None:
    headers = {"Idempotency-Key": "one"}

    for cents in (500, 300, 500):
        service.post(f"{account}/deposits", json={"cents": cents}, headers=headers)
    service.post(f"{account}/withdrawals", json={"cents": 300}, headers=headers)

    # The third is the first, sent again; the others are requests of their own.
    assert service.get(account).json()["cents"] == 500


async def test_an_unknown_account_is_not_found(service: TestClient) -> None:
    unknown = f"/accounts/{uuid4()}"

    assert service.get(unknown).status_code == 404
    refused = service.post(f"{unknown}/deposits", json={"cents": 1})
    assert (refused.status_code, refused.json()["reason"]) == (422, "there is no account")


async def test_a_rejection_is_422_with_its_reason(service: TestClient, account: str) -> None:
    again = service.put(account, json={"owner": "bob"})
    overdraft = service.post(f"{account}/withdrawals", json={"cents": 1})

    assert (again.status_code, again.json()["reason"]) == (422, "the account is already open")
    assert (overdraft.status_code, overdraft.json()["reason"]) == (
        422,
        "the balance is only 0 cents",
    )


@pytest.mark.parametrize("body", [{"cents": 0}, {"cents": -1}, {"cents": "many"}, {}])
async def test_malformed_requests_are_refused(
    service: TestClient, account: str, body: dict[str, Any]
) -> None:
    assert service.post(f"{account}/deposits", json=body).status_code == 422
    assert service.get(account).json()["version"] == 1


@pytest.mark.parametrize("expected", [0, 2, 7])
async def test_a_conflict_is_409_with_the_actual_version(
    service: TestClient, account: str, expected: int
) -> None:
    url = f"{account}/deposits"

    late = service.post(url, params={"expected_version": expected}, json={"cents": 5})
    right = service.post(url, params={"expected_version": 1}, json={"cents": 5})

    assert (late.status_code, late.json()) == (409, {"error": "conflict", "actual_version": 1})
    assert (right.status_code, right.json()["version"]) == (200, 2)


async def test_requests_with_the_same_key_are_carried_out_once(
    service: TestClient, account: str
) -> None:
    key = {"Idempotency-Key": "till-4/17"}
    responses = [
        service.post(f"{account}/deposits", json={"cents": 500}, headers=key) for _ in range(3)
    ]
    other = service.post(f"{account}/deposits", json={"cents": 500})

    assert [response.json()["cents"] for response in responses] == [500, 500, 500]
    assert other.json()["cents"] == 1000


async def test_event_ids_and_correlation_come_from_the_key(
    store: EventStore, service: TestClient
) -> None:
    account = uuid4()
    path = f"/accounts/{account}"
    key = {"Idempotency-Key": "form-1"}
    for _ in range(2):
        service.put(path, json={"owner": "ann"}, headers=key)

    (event,) = [event async for event in store.read_events(account)]
    assert isinstance(event.event_id, UUID)
    assert event.event_id.version == 5
    assert event.metadata is not None
    assert event.metadata["correlation_id"] == "form-1"
    assert (event.type, event.payload) == ("account-opened", {"owner": "ann"})
    assert TYPES.revision("account-opened") == 1


@pytest.mark.parametrize(
    "service",
    [
        pytest.param([Injection.NONE, Injection.NONE, Injection.UNKNOWN_STORED], id="stored"),
        pytest.param([Injection.NONE, Injection.NONE, Injection.UNKNOWN_LOST], id="lost"),
    ],
    indirect=True,
)
async def test_an_unknown_outcome_is_503_and_its_token_settles_it(
    service: TestClient, account: str
) -> None:
    url = f"{account}/deposits"
    unknown = service.post(url, json={"cents": 500})
    token = unknown.json()["retry_token"]

    settled = service.post(url, json={"cents": 500}, headers={"Idempotency-Key": token})
    again = service.post(url, json={"cents": 500}, headers={"Idempotency-Key": token})

    assert (unknown.status_code, unknown.headers["Retry-After"]) == (503, "1")
    assert (settled.status_code, settled.json()["cents"]) == (200, 500)
    assert again.json() == settled.json() == service.get(account).json()


@pytest.mark.parametrize(
    "service",
    [pytest.param([Injection.NONE] * 3 + [Injection.UNAVAILABLE], id="down")],
    indirect=True,
)
async def test_an_unavailable_store_is_503_and_nothing_was_stored(service: TestClient) -> None:
    path = f"/accounts/{uuid4()}"
    responses = [service.put(path, json={"owner": "ann"}) for _ in range(3)]

    down = [response for response in responses if response.status_code == 503]
    assert [response.json()["reason"] for response in down] == ["nothing was stored"]
    assert service.get(path).json()["version"] == 1


class Overloaded(MemoryEventStore):
    """A store in whose process too many appends are waiting."""

    async def try_persist_events(self, *_: Any, **__: Any) -> AppendResult:
        raise StoreOverloaded("too many appends are waiting")


def test_an_overloaded_process_is_503_and_nothing_was_stored() -> None:
    with TestClient(create_app(Overloaded)) as client:
        response = client.put(f"/accounts/{uuid4()}", json={"owner": "ann"})

    assert (response.status_code, response.headers["Retry-After"]) == (503, "1")
    assert response.json() == {"error": "overloaded", "reason": "nothing was stored"}


async def test_concurrent_withdrawals_never_overdraw(service: TestClient, account: str) -> None:
    service.post(f"{account}/deposits", json={"cents": 1000})

    def withdraw(_: int) -> int:
        return service.post(f"{account}/withdrawals", json={"cents": 300}).status_code

    with ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(withdraw, range(8)))

    assert sorted(codes) == [200] * 3 + [422] * 5
    assert service.get(account).json()["cents"] == 100


async def test_it_is_ready_while_its_store_is(
    server: Server, keyspace: str, store: EventStore
) -> None:
    del store  # needed only to create the table
    opened: list[EventStore] = []

    @asynccontextmanager
    async def open_store() -> AsyncGenerator[Store]:
        async with server.connect(keyspace) as own:
            opened.append(own)
            yield own

    with TestClient(create_app(open_store)) as client:
        while not (ready := client.get("/health/ready")).is_success:
            pass  # the first check also prepares statements, which may exceed its timeout
        assert client.portal is not None
        client.portal.call(opened[0].close)
        closed = client.get("/health/ready")
        live = client.get("/health/live")

    assert (ready.json()["ready"], ready.json()["reasons"]) == (True, [])
    assert 0 < ready.json()["latency"] < 1
    assert (closed.status_code, closed.json()["reasons"]) == (503, ["the store is closed"])
    assert live.status_code == 200


async def test_the_store_is_closed_when_the_service_stops(
    server: Server, keyspace: str, store: EventStore
) -> None:
    opened: list[EventStore] = []

    @asynccontextmanager
    async def open_store() -> AsyncGenerator[Store]:
        async with server.connect(keyspace) as own:
            opened.append(own)
            yield own

    with TestClient(create_app(open_store)) as client:
        assert client.get(f"/accounts/{uuid4()}").status_code == 404
    with pytest.raises(StoreClosed):
        await opened[0].current_version(uuid4())


@pytest.mark.usefixtures("pointed_at_the_server", "store")
async def test_the_module_serves_the_bank(keyspace: str, monkeypatch: pytest.MonkeyPatch) -> None:
    served = []
    # The example's own keyspace could be in use on the cluster under test.
    open_store = cassandra.open_store
    in_test_keyspace: Callable[[str], object] = lambda _: open_store(keyspace)  # noqa: E731
    monkeypatch.setattr(cassandra, "open_store", in_test_keyspace)
    monkeypatch.setattr(uvicorn, "run", lambda app, port: served.append((app, port)))

    runpy.run_module("examples.bank_service", run_name="__main__")

    ((app, port),) = served
    assert port == 8000
    with TestClient(app) as client:
        path = f"/accounts/{uuid4()}"
        assert client.put(path, json={"owner": "ann"}).json()["version"] == 1
        assert client.get("/docs").status_code == 200
