"""Faults: errors as pages, each with the next step."""

from typing import Final, NamedTuple

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from ..errors import (
    EventStoreError,
    FeedDisabled,
    ForeignPosition,
    InvalidArgument,
    NotParked,
    SchemaError,
    StoreOverloaded,
    StoreUnavailable,
    SubscriptionUnknown,
)
from ..escape import escape
from .console import LOG, Console


class _Fault(NamedTuple):
    status: int
    title: str
    step: str


_FAULTS: Final[tuple[tuple[type[Exception], _Fault], ...]] = (
    (
        SubscriptionUnknown,
        _Fault(404, "No such subscription", "The list of subscriptions shows all that there are."),
    ),
    (
        ForeignPosition,
        _Fault(400, "A position of another feed", "Open the feed again, at its end."),
    ),
    (NotParked, _Fault(409, "It is not parked", "Look at the parked streams as they are now.")),
    (
        FeedDisabled,
        _Fault(
            404,
            "The table has no feed",
            "Enable it with `event-store feed enable`; the page “The feed of all streams” of the "
            "documentation says what it costs.",
        ),
    ),
    (InvalidArgument, _Fault(400, "The address is not valid", "Go back, and change it.")),
    (
        StoreUnavailable,
        _Fault(
            503,
            "The store does not answer",
            "Reload the page in a moment. If it stays so, `event-store doctor` says what is wrong "
            "with the cluster.",
        ),
    ),
    (
        TimeoutError,
        _Fault(
            503,
            "The page took too long",
            "Reload the page in a moment. If it stays so, `event-store doctor` says what is wrong "
            "with the cluster.",
        ),
    ),
    (
        StoreOverloaded,
        _Fault(503, "The store has too much to do", "Reload the page in a moment."),
    ),
    (
        SchemaError,
        _Fault(503, "The table is not as it must be", "`event-store schema status` shows more."),
    ),
    (
        EventStoreError,
        _Fault(503, "The store cannot be used", "`event-store doctor` checks the cluster."),
    ),
)

_TITLES: Final = {
    400: ("The address is not valid", "Go back, and change it."),
    403: ("It is refused", "Go back, open the page of the change again, and repeat it."),
    404: ("There is no such page", "The pages are in the menu above."),
    405: ("The page cannot be used like this", "The pages are in the menu above."),
    413: ("The form is too long", "Go back, and shorten it."),
    503: ("It is not possible now", "Close a page that is live, and reload this one."),
}

_UNEXPECTED: Final = (
    "Something went wrong in the console",
    "The log of the console says more. Please report it.",
)


class Faults:
    """
    Answers a request that failed.

    Args:
        console: What the pages share.
    """

    def __init__(self, console: Console) -> None:
        self._console = console

    async def of_store(self, request: Request, error: Exception) -> Response:
        """Answer with what the store raised, or that it took too long."""
        fault = next(fault for kind, fault in _FAULTS if isinstance(error, kind))
        reason = getattr(error, "message", "")
        hint = getattr(error, "hint", None)
        if fault.status >= 500:
            LOG.warning("%s: %s", fault.title, reason or type(error).__name__)
        return self._page(request, fault.status, fault.title, reason, [hint, fault.step])

    async def of_request(self, request: Request, error: Exception) -> Response:
        """Answer that the request is not one that there is a page for."""
        status = error.status_code if isinstance(error, HTTPException) else 500
        title, step = _TITLES.get(status, _UNEXPECTED)
        detail = error.detail if isinstance(error, HTTPException) else ""
        reason = detail if detail not in {"Not Found", "Method Not Allowed"} else ""
        headers = error.headers if isinstance(error, HTTPException) else None
        return self._page(request, status, title, reason, [step], headers)

    async def unexpected(self, request: Request, error: Exception) -> Response:
        """Answer that the console itself has failed; who runs it sees the error in the log."""
        LOG.error("a page failed: %s", escape(request.url.path), exc_info=error)
        title, step = _UNEXPECTED
        return self._page(request, 500, title, "", [step])

    def _page(
        self,
        request: Request,
        status: int,
        title: str,
        reason: str,
        steps: list[str | None],
        headers: object = None,
    ) -> Response:
        return self._console.page(
            request,
            "fault.html",
            code=status,
            headers=headers if isinstance(headers, dict) else None,
            title=title,
            reason=reason,
            steps=[step for step in steps if step],
        )
