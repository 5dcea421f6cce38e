"""The service: its routes, and what happens when it starts and stops."""

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Annotated, Any, Final, Literal, Protocol, TypeAlias, TypeVar
from uuid import UUID, uuid4, uuid5

from fastapi import APIRouter, Body, Depends, FastAPI, Header, Path, Query, Request
from fastapi.responses import JSONResponse

from event_store_async import EventReaderWriter, HealthCheck, correlated
from event_store_async.aggregates import (
    Command,
    CommandHandler,
    Repository,
    SnapshotCache,
)
from event_store_async.typed import TypedEventStore

from .domain import ACCOUNT, TYPES, Account, AccountEvent, Decide, deposit, open_for, withdraw
from .responses import EXCEPTION_HANDLERS, account_content, owner_response, response


class Store(EventReaderWriter, HealthCheck, Protocol):
    """The part of a store that the service uses."""


class ReadModel(Protocol):
    """Who owns which accounts; `read_model` has it in PostgreSQL."""

    async def has_seen(
        self, account_id: UUID, version: int
    ) -> Literal["handled", "parked", "late"]:
        """Wait until it contains an event, but not for long."""

    async def owner(self, owner: str) -> dict[str, Any] | None:
        """Return what an owner has; None if there is no account of theirs."""


S = TypeVar("S", bound=Store)
Cents: TypeAlias = Annotated[int, Body(embed=True, gt=0, le=10**12)]
MAX_VERSION: Final = 2**31 - 1
Version: TypeAlias = Annotated[int | None, Query(ge=0, le=MAX_VERSION)]
# What is stored stays for ever, so it must fit in the read model: a text of PostgreSQL holds no
# NUL, and its index no long one.
NO_NUL: Final = r"^[^\x00]+$"


class Bank:
    """The accounts, in an event store."""

    def __init__(self, store: Store) -> None:
        self.store = store
        typed = TypedEventStore(store, TYPES)
        self.accounts = Repository(typed, ACCOUNT, cache=SnapshotCache())
        self._handler = CommandHandler(self.accounts, typed)

    async def carry_out(
        self,
        account_id: UUID,
        decide: Decide,
        asked: str,
        key: str,
        expected_version: int | None = None,
    ) -> JSONResponse:
        """
        Carry out a command; repeated with the same idempotency key, it is carried out once.

        What is *asked* is part of the command's id: another request with the same key is another
        command, and not one that was handled earlier.
        """
        command: Command[Account, AccountEvent] = Command(
            account_id, decide, expected_version, uuid5(account_id, f"{asked} {key}")
        )
        with correlated(key, command.command_id):
            return response(account_id, await self._handler.handle(command))


def idempotency_key(
    request: Request, given: Annotated[str | None, Header(alias="Idempotency-Key")] = None
) -> str:
    """Return the request's idempotency key, or a new one; exception handlers can read it too."""
    key: str = given or str(uuid4())
    request.state.idempotency_key = key
    return key


def get_bank(request: Request) -> Bank:
    """Return the bank that the service was started with."""
    bank: Bank = request.app.state.bank
    return bank


Key: TypeAlias = Annotated[str, Depends(idempotency_key)]
BankDep: TypeAlias = Annotated[Bank, Depends(get_bank)]


def get_read_model(request: Request) -> ReadModel:
    """Return the read model that the service was started with."""
    model: ReadModel = request.app.state.read_model
    return model


owners = APIRouter()


@owners.get("/owners/{owner}")
async def show_owner(
    owner: Annotated[str, Path(min_length=1, max_length=200, pattern=NO_NUL)],
    model: Annotated[ReadModel, Depends(get_read_model)],
    account_id: UUID | None = None,
    version: Annotated[int | None, Query(ge=1, le=MAX_VERSION)] = None,
) -> JSONResponse:
    """
    Return all accounts of an owner, and their total.

    The read model is a moment behind the accounts. A client that wants to see what it has just done
    gives the account and the version of the last response that it got.
    """
    seen = "handled"
    if account_id is not None and version is not None:
        seen = await model.has_seen(account_id, version)
    return owner_response(seen, await model.owner(owner))


def create_app(
    open_store: Callable[[], AbstractAsyncContextManager[S]],
    open_read_model: Callable[[S], AbstractAsyncContextManager[ReadModel]] | None = None,
) -> FastAPI:
    """
    Return the service.

    Args:
        open_store: Opens the store when the service starts, and closes it when the service stops.
        open_read_model: Opens the read model, on the store; without it, there are no owners.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        async with AsyncExitStack() as stack:
            store = await stack.enter_async_context(open_store())
            app.state.bank = Bank(store)
            if open_read_model is not None:
                model = await stack.enter_async_context(open_read_model(store))
                app.state.read_model = model
            yield

    app = FastAPI(title="Bank", lifespan=lifespan, exception_handlers=EXCEPTION_HANDLERS)

    @app.get("/health/live")
    async def live() -> JSONResponse:
        """Report that the process is alive; a restart would not help if the database is down."""
        return JSONResponse({"live": True})

    @app.get("/health/ready")
    async def ready(bank: BankDep) -> JSONResponse:
        """Report whether the service is ready for requests."""
        health = await bank.store.health(timeout=0.8)  # by default Kubernetes waits for 1 s
        content = {
            "ready": health.is_ready,
            "reasons": health.reasons,
            "latency": health.latency,
            "in_flight": health.in_flight,
            "appends_waiting": health.appends_waiting,
        }
        return JSONResponse(content, 200 if health.is_ready else 503)

    @app.put("/accounts/{account_id}")
    async def open_account(
        account_id: UUID,
        owner: Annotated[str, Body(embed=True, min_length=1, max_length=200, pattern=NO_NUL)],
        bank: BankDep,
        key: Key,
    ) -> JSONResponse:
        """Open an account."""
        return await bank.carry_out(account_id, open_for(owner), f"open {owner}", key)

    @app.post("/accounts/{account_id}/deposits")
    async def make_deposit(
        account_id: UUID, cents: Cents, bank: BankDep, key: Key, expected_version: Version = None
    ) -> JSONResponse:
        """Deposit money."""
        asked = f"deposit {cents}"
        return await bank.carry_out(account_id, deposit(cents), asked, key, expected_version)

    @app.post("/accounts/{account_id}/withdrawals")
    async def make_withdrawal(
        account_id: UUID, cents: Cents, bank: BankDep, key: Key, expected_version: Version = None
    ) -> JSONResponse:
        """Withdraw money."""
        asked = f"withdraw {cents}"
        return await bank.carry_out(account_id, withdraw(cents), asked, key, expected_version)

    @app.get("/accounts/{account_id}")
    async def account(account_id: UUID, bank: BankDep) -> JSONResponse:
        """Return an account."""
        snapshot = await bank.accounts.load(account_id)
        if snapshot.version == 0:
            return JSONResponse({"error": "not found"}, 404)
        return JSONResponse(account_content(account_id, snapshot))

    if open_read_model is not None:
        app.include_router(owners)
    return app
