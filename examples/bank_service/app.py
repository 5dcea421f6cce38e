"""App: the routes of the service, its start-up and its shutdown."""

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Annotated, Protocol, TypeAlias
from uuid import UUID, uuid4, uuid5

from fastapi import Body, Depends, FastAPI, Header, Query, Request
from fastapi.responses import JSONResponse

from event_store_async import EventReaderWriter, HealthCheck, correlated
from event_store_async.aggregates import (
    Command,
    CommandHandler,
    Repository,
    SnapshotCache,
)
from event_store_async.typed import TypedEventStore

from .answers import HANDLERS, answer, described
from .domain import ACCOUNT, TYPES, Account, AccountEvent, Decide, deposit, open_for, withdraw


class Store(EventReaderWriter, HealthCheck, Protocol):
    """What the service needs from a store."""


OpenStore: TypeAlias = Callable[[], AbstractAsyncContextManager[Store]]
Cents: TypeAlias = Annotated[int, Body(embed=True, gt=0, le=10**12)]
Version: TypeAlias = Annotated[int | None, Query(ge=0)]


class Bank:
    """The accounts, in an event store."""

    def __init__(self, store: Store) -> None:
        self.store = store
        typed = TypedEventStore(store, TYPES)
        self.accounts = Repository(typed, ACCOUNT, cache=SnapshotCache())
        self._handler = CommandHandler(self.accounts, typed)

    async def do(
        self, account_id: UUID, decide: Decide, key: str, expected_version: int | None
    ) -> JSONResponse:
        """Carry out a command, once for each idempotency key of an account."""
        command: Command[Account, AccountEvent] = Command(
            account_id, decide, expected_version, uuid5(account_id, key)
        )
        with correlated(key, command.command_id):
            return answer(account_id, await self._handler.handle(command))


def idempotency_key(
    request: Request, given: Annotated[str | None, Header(alias="Idempotency-Key")] = None
) -> str:
    """Return the request's key, or a new one; it is kept in the request for the error handlers."""
    key: str = given or str(uuid4())
    request.state.idempotency_key = key
    return key


def bank_of(request: Request) -> Bank:
    """Return the bank that the service was started with."""
    bank: Bank = request.app.state.bank
    return bank


Key: TypeAlias = Annotated[str, Depends(idempotency_key)]
TheBank: TypeAlias = Annotated[Bank, Depends(bank_of)]


def create_app(open_store: OpenStore) -> FastAPI:
    """
    Create the service.

    Args:
        open_store: Opens the store when the service starts, and closes it when the service stops.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        async with open_store() as store:
            app.state.bank = Bank(store)
            yield

    app = FastAPI(title="Bank", lifespan=lifespan, exception_handlers=HANDLERS)

    @app.get("/health/live")
    async def live() -> JSONResponse:
        """Tell that the process is alive, even if the database is not: a restart would not help."""
        return JSONResponse({"live": True})

    @app.get("/health/ready")
    async def ready(bank: TheBank) -> JSONResponse:
        """Tell whether requests should be sent to this process."""
        health = await bank.store.health(timeout=0.8)  # Kubernetes waits one second
        shown = {
            "ready": health.is_ready,
            "reasons": health.reasons,
            "latency": health.latency,
            "in_flight": health.in_flight,
            "appends_waiting": health.appends_waiting,
        }
        return JSONResponse(shown, 200 if health.is_ready else 503)

    @app.put("/accounts/{account_id}")
    async def open_account(
        account_id: UUID,
        owner: Annotated[str, Body(embed=True, min_length=1)],
        bank: TheBank,
        key: Key,
    ) -> JSONResponse:
        """Open an account."""
        return await bank.do(account_id, open_for(owner), key, None)

    @app.post("/accounts/{account_id}/deposits")
    async def make_deposit(
        account_id: UUID, cents: Cents, bank: TheBank, key: Key, expected_version: Version = None
    ) -> JSONResponse:
        """Put money in."""
        return await bank.do(account_id, deposit(cents), key, expected_version)

    @app.post("/accounts/{account_id}/withdrawals")
    async def make_withdrawal(
        account_id: UUID, cents: Cents, bank: TheBank, key: Key, expected_version: Version = None
    ) -> JSONResponse:
        """Take money out."""
        return await bank.do(account_id, withdraw(cents), key, expected_version)

    @app.get("/accounts/{account_id}")
    async def account(account_id: UUID, bank: TheBank) -> JSONResponse:
        """Show an account."""
        snapshot = await bank.accounts.load(account_id)
        if snapshot.version == 0:
            return JSONResponse({"error": "not found"}, 404)
        return JSONResponse(described(account_id, snapshot))

    return app
