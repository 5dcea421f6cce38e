"""App: the console as an ASGI application."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

from ..extras import install_hint

try:
    from starlette.applications import Starlette
    from starlette.exceptions import HTTPException
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route
    from starlette.types import ASGIApp
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        f"starlette is not installed; {install_hint('console')}", name=error.name
    ) from error

from ..checks import check_bool, check_callable, check_methods
from ..errors import EventStoreError, InvalidArgument
from ..ports import EventReaderWriter
from .changes import ChangePages
from .console import Console
from .doorkeeper import Authorize, Doorkeeper
from .faults import Faults
from .feed_pages import FeedPages
from .live import LivePages
from .overview import OverviewPages
from .streams import StreamPages
from .subscriptions import SubscriptionPages

_HERE: Final = Path(__file__).parent
_KEPT: Final = {"cache-control": "max-age=300"}


def console_app(
    store: EventReaderWriter[Any],
    *,
    allow_changes: bool = False,
    authorize: Authorize | None = None,
) -> ASGIApp:
    """
    Return the console of a store, an ASGI application that a service mounts below any path.

    It uses the ports alone: of an `EventStore`, a `MemoryEventStore` or a `PrivateEventStore` it
    shows what that store reads. The store is its owner's to close. Nothing is sent before the first
    request, and nothing goes on after the last one.

    Without *authorize*, whoever reaches the service reads everything that the store reads.

    Args:
        store: The store. Pages of the feed need a store with a feed, those of subscriptions one
            that keeps them.
        allow_changes: Whether parked events can be replayed and skipped, and subscriptions be
            paused. It needs *authorize*: each change is recorded with who made it.
        authorize: Says who sends a request; see `Authorize`.

    Raises:
        InvalidArgument: an argument is not valid.
        ModuleNotFoundError: when it is imported, if the extra ``console`` is not installed.
    """
    check_methods("store", store, "a store", "read_events", "current_version")
    check_bool("allow_changes", allow_changes)
    if authorize is not None:
        check_callable("authorize", authorize)
    elif allow_changes:
        raise InvalidArgument(
            "allow_changes needs authorize", hint="a change is recorded with who made it"
        )
    return application(Console(store, allow_changes=allow_changes), authorize)


def application(console: Console, authorize: Authorize | None) -> ASGIApp:
    """Return the application of what the pages share; see `console_app`."""
    faults = Faults(console)
    app = Starlette(
        routes=[
            *OverviewPages(console).routes(),
            *LivePages(console).routes(),
            *StreamPages(console).routes(),
            *FeedPages(console).routes(),
            *SubscriptionPages(console).routes(),
            *(ChangePages(console).routes() if console.allow_changes else ()),
            Route("/style.css", _file("style.css", "text/css")),
            Route("/icon.svg", _file("icon.svg", "image/svg+xml")),
        ],
        exception_handlers={
            EventStoreError: faults.of_store,
            TimeoutError: faults.of_store,
            HTTPException: faults.of_request,
            Exception: faults.unexpected,
        },
    )
    # Around all of it, what Starlette itself answers after a failure included.
    return Doorkeeper(app, authorize)


def _file(name: str, kind: str) -> Callable[[Request], Awaitable[Response]]:
    """Return what answers with a file of this folder."""
    content = (_HERE / name).read_bytes()

    async def answer(_: Request) -> Response:
        return Response(content, media_type=kind, headers=_KEPT)

    return answer
