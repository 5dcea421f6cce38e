"""HTTP responses for the results of commands and for errors."""

from typing import Any, assert_never
from uuid import UUID

from fastapi import Request
from fastapi.responses import JSONResponse

from event_store_async import (
    AppendOutcomeUnknown,
    ConcurrentModification,
    StoreOverloaded,
    StoreUnavailable,
)
from event_store_async.aggregates import (
    CommandHandled,
    CommandResult,
    InvalidAggregateVersion,
    Rejected,
    Snapshot,
)

from .domain import Account, AccountEvent

_RETRY_SOON = {"Retry-After": "1"}


def account_content(account_id: UUID, snapshot: Snapshot[Account]) -> dict[str, Any]:
    """Return an account as the content of a response."""
    account = snapshot.aggregate
    return {
        "account_id": str(account_id),
        "owner": account.owner,
        "cents": account.cents,
        "version": snapshot.version,
    }


def response(account_id: UUID, result: CommandResult[Account, AccountEvent]) -> JSONResponse:
    """Return the response for a command's result: 200, 409 for a conflict, 422 for a rejection."""
    match result:
        case CommandHandled(after=after):
            return JSONResponse(account_content(account_id, after))
        case Rejected(reason):
            return JSONResponse({"error": "rejected", "reason": reason}, 422)
        case (
            ConcurrentModification(actual_version=actual)
            | InvalidAggregateVersion(actual_version=actual)
        ):
            return JSONResponse({"error": "conflict", "actual_version": actual}, 409)
        case never:
            assert_never(never)


def owner_response(seen: str, content: dict[str, Any] | None) -> JSONResponse:
    """
    Return the response for an owner: 200, 404, or 503 if the read model is late.

    What the client wants to see is stored in any case. If it is parked, an operator has to look at
    it: there is no use in waiting, so the client gets what there is, and a header that says so.
    """
    if seen == "late":
        return JSONResponse({"error": "the read model is late"}, 503, _RETRY_SOON)
    headers = {"Read-Model": seen}
    if content is None:
        return JSONResponse({"error": "not found"}, 404, headers)
    return JSONResponse(content, 200, headers)


async def outcome_unknown(request: Request, _: Exception) -> JSONResponse:
    """
    Return 503: it is not known yet whether the command was carried out.

    The client can repeat the request with the retry token as its idempotency key. That settles the
    outcome, and the command is carried out only once.
    """
    content = {"error": "outcome unknown", "retry_token": request.state.idempotency_key}
    return JSONResponse(content, 503, _RETRY_SOON)


async def store_unavailable(_request: Request, _error: Exception) -> JSONResponse:
    """Return 503: the store cannot be reached, and nothing was stored."""
    return JSONResponse({"error": "unavailable", "reason": "nothing was stored"}, 503, _RETRY_SOON)


async def store_overloaded(_request: Request, _error: Exception) -> JSONResponse:
    """Return 503: too many requests are waiting in this process, and nothing was stored."""
    return JSONResponse({"error": "overloaded", "reason": "nothing was stored"}, 503, _RETRY_SOON)


EXCEPTION_HANDLERS: dict[int | type[Exception], Any] = {
    AppendOutcomeUnknown: outcome_unknown,
    StoreUnavailable: store_unavailable,
    StoreOverloaded: store_overloaded,
}
