"""Answers: HTTP responses for the results of commands."""

from typing import Any, assert_never
from uuid import UUID

from fastapi import Request
from fastapi.responses import JSONResponse

from event_store_async import AppendOutcomeUnknown, ConcurrentModification, StoreUnavailable
from event_store_async.aggregates import (
    CommandHandled,
    CommandResult,
    InvalidAggregateVersion,
    Rejected,
    Snapshot,
)

from .domain import Account, AccountEvent

_SOON = {"Retry-After": "1"}


def described(account_id: UUID, snapshot: Snapshot[Account]) -> dict[str, Any]:
    """Return an account as JSON."""
    account = snapshot.aggregate
    return {
        "account_id": str(account_id),
        "owner": account.owner,
        "cents": account.cents,
        "version": snapshot.version,
    }


def answer(account_id: UUID, result: CommandResult[Account, AccountEvent]) -> JSONResponse:
    """Return a command's response: 200, 409 for a conflict, 422 for a rejection."""
    match result:
        case CommandHandled(after=after):
            return JSONResponse(described(account_id, after))
        case Rejected(reason):
            return JSONResponse({"error": "rejected", "reason": reason}, 422)
        case (
            ConcurrentModification(actual_version=actual)
            | InvalidAggregateVersion(actual_version=actual)
        ):
            return JSONResponse({"error": "conflict", "actual_version": actual}, 409)
        case never:
            assert_never(never)


async def unknown(request: Request, _: Exception) -> JSONResponse:
    """
    Return 503, since it is not known whether the command was carried out.

    The same request with the retry token as its idempotency key settles it: the command is carried
    out once.
    """
    content = {"error": "outcome unknown", "retry_token": request.state.idempotency_key}
    return JSONResponse(content, 503, _SOON)


async def unavailable(_request: Request, _error: Exception) -> JSONResponse:
    """Return 503, since the store cannot be reached; nothing was stored."""
    return JSONResponse({"error": "unavailable", "reason": "nothing was stored"}, 503, _SOON)


HANDLERS: dict[int | type[Exception], Any] = {
    AppendOutcomeUnknown: unknown,
    StoreUnavailable: unavailable,
}
