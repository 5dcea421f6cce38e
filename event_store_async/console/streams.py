"""Streams: the list of them, one stream, and one of its events."""

from contextlib import aclosing
from typing import Final
from uuid import UUID

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from ..errors import FeedDisabled
from ..ports import StreamLister
from ..stream_head import StreamHead
from ..versions import MAX_VERSION
from .budget import CALL_SECONDS
from .console import EVENTS, Console
from .parameters import choice, is_live, link, number, stream_id, text, uuid
from .payload import SHOWN, SHOWN_ALONE
from .recent import recent
from .rows import EventRow, event_row, read_rows

BACKWARD: Final = "backward"
FORWARD: Final = "forward"
_LATEST: Final = 200


class StreamPages:
    """
    The list of streams, a stream, and an event.

    Args:
        console: What the pages share.
    """

    def __init__(self, console: Console) -> None:
        self._console = console

    def routes(self) -> list[Route]:
        """Return the routes of the pages."""
        bounded = self._console.budget.bounded
        return [
            Route("/streams", bounded(self.streams)),
            Route("/streams/{stream}", bounded(self.stream)),
            Route("/streams/{stream}/{version}", bounded(self.event)),
        ]

    async def streams(self, request: Request) -> Response:
        """Show the streams of the latest events, and all streams, page by page."""
        wanted = text(request.query_params, "id")
        if wanted is not None:
            found = uuid(wanted)
            if found is None:
                raise HTTPException(400, "the id of a stream is a UUID")
            return RedirectResponse(link(request, "streams", found), 303)
        after = text(request.query_params, "after")
        heads, following = await self._heads(after)
        return self._console.page(
            request,
            "streams.html",
            heads=heads,
            following=following,
            after=after,
            latest=None if after else await self._latest(),
            closed=MAX_VERSION,
        )

    async def stream(self, request: Request) -> Response:
        """Show some events of a stream: the last ones, or those from a version on."""
        stream = stream_id(request)
        query = request.query_params
        order = choice(query, "order", (BACKWARD, FORWARD))
        start = number(query, "from", at_least=1)
        version = await self._console.store.current_version(stream, timeout=CALL_SECONDS)
        backward = order == BACKWARD
        rows = (
            []
            if version == MAX_VERSION
            else await read_rows(self._console.store, stream, start, EVENTS, backward=backward)
        )
        first = await self._first(stream, rows, backward=backward) if version else 1
        return self._console.page(
            request,
            "stream.html",
            stream=stream,
            version=version,
            is_closed=version == MAX_VERSION,
            first=first,
            rows=rows,
            order=order,
            start=start,
            older=_older(rows, first),
            newer=_newer(rows, version),
            is_live=backward and start is None and is_live(request),
            cut=SHOWN,
        )

    async def event(self, request: Request) -> Response:
        """Show an event."""
        stream = stream_id(request)
        version = number(request.path_params, "version", at_least=1)
        if version is None:
            raise HTTPException(404)
        rows = await read_rows(
            self._console.store, stream, version, 1, backward=False, limit=SHOWN_ALONE
        )
        current = await self._console.store.current_version(stream, timeout=CALL_SECONDS)
        if not rows or rows[0].version != version:
            return self._console.page(
                request,
                "event_missing.html",
                code=404,
                stream=stream,
                version=version,
                current=current,
                is_closed=current == MAX_VERSION,
                first=rows[0].version if rows else None,
            )
        return self._console.page(
            request,
            "event.html",
            stream=stream,
            row=rows[0],
            current=current,
            cut=SHOWN_ALONE,
        )

    async def _first(self, stream: UUID, rows: list[EventRow], *, backward: bool) -> int:
        """Return the first version that is kept; it is above 1 if the stream was truncated."""
        if rows and (rows[-1] if backward else rows[0]).version == 1:
            return 1
        found = await read_rows(
            self._console.store,
            stream,
            None,
            1,
            backward=False,
            limit=0,
        )
        return found[0].version if found else 1

    async def _heads(self, after: str | None) -> tuple[list[StreamHead] | None, str | None]:
        """Return some streams, and where the next ones begin; None if the store has no list."""
        store = self._console.store
        if not callable(getattr(store, "streams", None)):
            return None, None
        lister: StreamLister = store
        heads: list[StreamHead] = []
        listed = lister.streams(after, EVENTS + 1, page_size=EVENTS + 1, timeout=CALL_SECONDS)
        async with aclosing(listed) as found:
            heads += [head async for head in found]
        following = heads[EVENTS - 1].cursor if len(heads) > EVENTS else None
        return heads[:EVENTS], following

    async def _latest(self) -> list[EventRow] | None:
        """Return the last event of each stream among the latest; None without a feed."""
        try:
            feed = self._console.feed()
            if feed is None:
                return None
            found = await recent(feed, _LATEST, _LATEST)
        except FeedDisabled:
            return None
        by_stream = {item.stream_id: event_row(item, 0) for item in found.items}
        return sorted(by_stream.values(), key=_ordinal, reverse=True)[:20]


def _ordinal(row: EventRow) -> int:
    return row.position.ordinal if row.position else 0


def _older(rows: list[EventRow], first: int) -> int | None:
    """Return from where on the events before these are read backward; None if there are none."""
    lowest = min((row.version for row in rows), default=0)
    return lowest - 1 if lowest > first else None


def _newer(rows: list[EventRow], version: int) -> int | None:
    """Return from where on the events after these are read forward; None if there are none."""
    highest = max((row.version for row in rows), default=version)
    return highest + 1 if highest < version else None
