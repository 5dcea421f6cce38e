"""Follower: the events of a feed, those that are there and those that come."""

import asyncio
from collections.abc import AsyncGenerator, Callable

from .._typevars import P_co
from ..iteration import Iteration
from .page import FeedEvent
from .position import Position


class FeedFollower(Iteration[FeedEvent[P_co]]):
    """
    Iterates over the events of a feed, and waits for more: see `Feed.follow`.

    Args:
        follow: Returns the events after a position, without end. It calls its second argument with
            the position of each page whose events were all taken, so that a page that selects
            nothing is not read again.
        after: Where it begins.
    """

    def __init__(
        self,
        follow: Callable[
            [Position | None, Callable[[Position], None]], AsyncGenerator[FeedEvent[P_co], None]
        ],
        after: Position | None,
    ) -> None:
        super().__init__()
        self._follow = follow
        self._after = after
        self._last: FeedEvent[P_co] | None = None  # its position is made only if it is needed
        self._events: AsyncGenerator[FeedEvent[P_co], None] | None = None

    async def _step(self) -> FeedEvent[P_co]:
        if self._events is None:
            if self._last is not None:
                self._after = self._last.position
                self._last = None
            self._events = self._follow(self._after, self._passed)
        try:
            self._last = await anext(self._events)
        except asyncio.CancelledError:
            self._events = None  # it has ended; the next step begins after the last event
            raise
        return self._last

    def _passed(self, position: Position) -> None:
        self._after, self._last = position, None

    async def _close(self) -> None:
        events, self._events = self._events, None
        if events is not None:
            await events.aclose()
