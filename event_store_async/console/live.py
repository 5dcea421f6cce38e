"""Live: pages that go on while they are shown, an event at a time."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import Any, Final
from uuid import UUID

import anyio
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from ..errors import EventStoreError, StoreOverloaded, StoreUnavailable, StreamError
from ..events import RecordedEvent
from ..feeds import BrokenEvent, Feed, Position
from ..follower import Follower, Polling
from ..retry import Backoff
from ..tasks import task_group
from .budget import CALL_SECONDS, Budget
from .console import Console
from .feed_pages import FeedQuery
from .parameters import number, stream_id
from .recent import position_at
from .rows import EventRow, event_row, version_of

_SECONDS: Final = 10.0
"""Seconds that a live page goes on. Then the browser asks for it again; so no connection outlives
its reader by much, and a service that stops need not wait long. A browser has six connections to a
host, so the seventh page waits no longer than this."""

_BEAT: Final = 5.0
"""Seconds after which something is sent, so that no proxy takes the connection for dead."""

_MOST: Final = 200
"""How many events a live page shows; the latest ones, if there were more."""

_AT_ONCE: Final = 50
_OUTAGES: Final = Backoff(initial=0.5, maximum=5.0)
_TRANSIENT: Final = (StoreUnavailable, StoreOverloaded)
_QUIET: Final = "<!-- -->\n"

Write = Callable[[str], Awaitable[None]]
"""Sends a part of a page."""


class LiveResponse(Response):
    """
    An answer that is sent bit by bit, until its time is over or the reader has gone.

    Args:
        budget: The limits; it counts as a live page.
        run: Writes the page.
    """

    def __init__(self, budget: Budget, run: Callable[[Write], Awaitable[None]]) -> None:
        super().__init__(media_type="text/html", headers={"x-accel-buffering": "no"})
        del self.headers["content-length"]
        # A browser counts from the moment when the page is complete.
        self.headers["refresh"] = "1"
        self._budget = budget
        self._run = run

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        if scope["method"] == "HEAD":  # there is nothing to go on with
            await super().__call__(scope, receive, send)
            return

        async def write(text: str) -> None:
            body = text.encode("utf-8", "backslashreplace")
            await send({"type": "http.response.body", "body": body, "more_body": True})

        async def until_gone(all_: anyio.CancelScope) -> None:
            while (await receive())["type"] != "http.disconnect":
                pass
            all_.cancel()

        async def until_ended(work: anyio.CancelScope) -> None:
            await self._budget.ended.wait()
            work.cancel()

        with self._budget.live():
            start = {"status": self.status_code, "headers": self.raw_headers}
            await send({"type": "http.response.start", **start})
            async with task_group() as group:
                with anyio.move_on_after(_SECONDS) as work:
                    group.start_soon(until_gone, group.cancel_scope)
                    group.start_soon(until_ended, work)
                    await self._run(write)
                await send({"type": "http.response.body", "body": b"", "more_body": False})
                group.cancel_scope.cancel()


class LivePages:
    """
    The live parts of a stream and of the feed.

    Args:
        console: What the pages share.
    """

    def __init__(self, console: Console) -> None:
        self._console = console

    def routes(self) -> list[Route]:
        """Return the routes of the pages."""
        return [
            Route("/streams/{stream}/live", self.stream),
            Route("/feed/live", self.feed),
        ]

    async def stream(self, request: Request) -> Response:
        """Show the events of a stream from a version on, as they come."""
        stream = stream_id(request)
        start = number(request.query_params, "from", at_least=1) or 1

        async def run(write: Write) -> None:
            log = _Log(self._console, request, write, of_stream=True)
            await log.begin()
            try:
                await self._follow_stream(stream, start, log)
            except EventStoreError as error:
                await log.fail(error)

        return LiveResponse(self._console.budget, run)

    async def feed(self, request: Request) -> Response:
        """Show the events of the feed after a position, as they come."""
        wanted = FeedQuery.of(request)
        feed = wanted.feed(self._console)
        after = Position.parse(wanted.at) if wanted.at else None

        async def run(write: Write) -> None:
            log = _Log(self._console, request, write, of_stream=False)
            await log.begin()
            try:
                await self._follow_feed(feed, after, log)
            except EventStoreError as error:
                await log.fail(error)

        return LiveResponse(self._console.budget, run)

    async def _follow_stream(self, stream: UUID, start: int, log: "_Log") -> None:
        version = await self._console.store.current_version(stream, timeout=CALL_SECONDS)
        if version - start >= _MOST:
            start = version - _MOST + 1
            await log.skipped()
        while True:
            try:
                async with aclosing(self._events(stream, start)) as events:
                    return await _pass_on(events, log)
            except StreamError as error:
                broken = version_of(error, stream)
                if broken is None or broken < start:
                    raise
                await log.add(EventRow(stream, broken, error=error.message))
                start = broken + 1

    def _events(self, stream: UUID, start: int) -> AsyncGenerator[RecordedEvent[Any], None]:
        polling = Polling(shortest=0.1, longest=2.0, max_outage=0)
        store = self._console.store
        if callable(getattr(store, "follow", None)):
            followed: AsyncGenerator[RecordedEvent[Any], None] = store.follow(
                stream, start, polling=polling, timeout=CALL_SECONDS
            )
            return followed
        return Follower(
            store.read_events,
            stream,
            start,
            polling=polling,
            page_size=None,
            serial=False,
            timeout=CALL_SECONDS,
        )

    async def _follow_feed(self, feed: Feed[Any], position: Position | None, log: "_Log") -> None:
        pauses = _OUTAGES.pauses()
        while True:
            try:
                head = await feed.head()
                if position is None:
                    position = head
                if head - position > _MOST * 10:
                    position = await position_at(feed.reader, head, head.ordinal - _MOST)
                    await log.skipped()
                page = await feed.page(position, _AT_ONCE)
                for item in page.events:
                    await log.add(event_row(item, 0))
                waits = page.caught_up or page.position == position
                position = page.position
                if waits and not await feed.reader.changed(position, _BEAT):
                    await log.beat()
            except _TRANSIENT as error:
                await log.outage(error)
                await anyio.sleep(next(pauses))
            else:
                pauses = _OUTAGES.pauses()


async def _pass_on(
    events: AsyncGenerator[RecordedEvent[Any] | BrokenEvent, None], log: "_Log"
) -> None:
    """Add the events of a stream to a page as they come; raises what their iterator does."""
    while True:
        event = None
        try:
            with anyio.move_on_after(_BEAT):
                event = await anext(events)
        except StopAsyncIteration:
            return
        except _TRANSIENT as error:
            await log.outage(error)
            continue
        if event is None:
            await log.beat()
        else:
            await log.add(event_row(event, 0))


class _Log:
    """Writes a live page: a line for each event."""

    def __init__(
        self, console: Console, request: Request, write: Write, *, of_stream: bool
    ) -> None:
        self._console = console
        self._request = request
        self._write = write
        self._of_stream = of_stream
        self._is_out = False

    async def begin(self) -> None:
        await self._write(self._console.text(self._request, "live.html", of_stream=self._of_stream))

    async def add(self, row: EventRow) -> None:
        await self._answered()
        text = self._console.text(
            self._request, "live_row.html", row=row, of_stream=self._of_stream
        )
        await self._write(text)

    async def skipped(self) -> None:
        await self._note("There were many events; the latest ones follow.")

    async def beat(self) -> None:
        await self._answered()
        await self._write(_QUIET)

    async def outage(self, error: EventStoreError) -> None:
        if not self._is_out:
            self._is_out = True
            await self._note(f"The store does not answer: {error.message}. It is asked again.")

    async def fail(self, error: EventStoreError) -> None:
        await self._note(f"It cannot go on: {error.message}")

    async def _answered(self) -> None:
        if self._is_out:
            self._is_out = False
            await self._note("The store answers again.")

    async def _note(self, note: str) -> None:
        await self._write(self._console.text(self._request, "live_note.html", note=note))
