"""Doorkeeper: what every answer of the console has, and who may see it."""

import inspect
import logging
from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

Authorize: TypeAlias = Callable[[Request], Awaitable[str | None] | str | None]
"""
Says who sends a request: a name, which is recorded with what they change; None refuses it.

It is called with each request; the method of one that changes something is ``POST``. It may also
raise Starlette's ``HTTPException``, which is then the answer: 401, or a redirect to a sign-on.
"""

_LOG: Final = logging.getLogger("event_store_async.console")

_REFUSED: Final = "You may not see this page."

POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self'; frame-src 'self'; "
    "form-action 'self'; frame-ancestors 'self'; base-uri 'none'"
)
"""What a browser may load, send and run for a page: nothing but our own; no script at all."""

_HEADERS: Final = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "SAMEORIGIN",
    # Not no-referrer: a browser would then send the forms of changes with the origin "null".
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "cache-control": "no-store",
}


class Doorkeeper:
    """
    Asks who sends a request, and adds what protects them to every answer.

    Args:
        app: The application.
        authorize: See `Authorize`; None lets everybody in, who is then nobody in particular.
    """

    def __init__(self, app: ASGIApp, authorize: Authorize | None) -> None:
        self._app = app
        self._authorize = authorize

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    if name != "cache-control" or name not in headers:
                        headers[name] = value
            await send(message)

        try:
            who = await self._who(Request(scope))
        except HTTPException as error:
            refused = PlainTextResponse(f"{error.detail}\n", error.status_code, error.headers)
            await refused(scope, receive, guarded)
            return
        scope["event_store_async.who"] = who
        await self._app(scope, receive, guarded)

    async def _who(self, request: Request) -> str:
        if self._authorize is None:
            return ""
        try:
            found = self._authorize(request)
            who = await found if inspect.isawaitable(found) else found
        except HTTPException:
            raise
        except Exception as error:
            _LOG.exception("authorize failed, so the request is refused")
            raise HTTPException(403, _REFUSED) from error
        if not isinstance(who, str) or not who.strip():
            raise HTTPException(403, _REFUSED)
        return who


def who_of(request: Request) -> str:
    """Return who sends a request, as `Authorize` has said; an empty str if nobody was asked."""
    return str(request.scope.get("event_store_async.who", ""))
