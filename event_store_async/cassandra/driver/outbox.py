"""An outbox: requests go out together, since each that goes alone wakes two threads."""

import asyncio
from contextvars import Context, copy_context
from typing import Final

from .request import Request

BUSY: Final = 16
"""Requests at the server from which on another one gains nothing by being there a moment sooner."""

PATIENCE: Final = 0.001
"""Seconds that a request is held at most; an asyncio timer is no finer than a millisecond."""


class Outbox:
    """
    Hands requests to the driver, those of one moment together.

    One by one, each wakes the driver's thread and the server's, and has a packet of its own: that
    is a fifth of the client's CPU at 64 in flight (``make bench ONLY=hot_path``). So

    - where nothing is at the server, a request goes out at once;
    - where up to `BUSY` are there, at the end of the event loop's turn;
    - where more are there, it is held for `PATIENCE` at most, and no longer than they are. Its
      answer comes no later for it: with less to do for each, all are served sooner.
    """

    __slots__ = ("_held", "_leaving", "_timer")

    def __init__(self) -> None:
        self._held: list[tuple[Request, Context]] = []
        self._leaving = False
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        """Return how many are held."""
        return len(self._held)

    def post(self, request: Request, at_server: int) -> None:
        """Send a request, now or in a moment, where so many are at the server."""
        if at_server or self._held:
            self.hold(request, at_server)
        else:
            request.send()

    def hold(self, request: Request, at_server: int) -> None:
        """Send a request, but not now."""
        self._held.append((request, copy_context()))
        if at_server <= BUSY:
            self._leave(request.loop)
        elif self._timer is None:
            self._timer = request.loop.call_later(PATIENCE, self._send_all)

    def landed(self, at_server: int) -> None:
        """Learn that a request has ended; so many are still at the server."""
        if self._held and at_server <= BUSY:
            self._leave(self._held[0][0].loop)

    def _leave(self, loop: asyncio.AbstractEventLoop) -> None:
        if not self._leaving:
            self._leaving = True
            loop.call_soon(self._send_all)

    def _send_all(self) -> None:
        held, self._held = self._held, []
        self._leaving = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for request, context in held:
            context.run(request.send)  # what an instrumented driver sees is its own caller's
