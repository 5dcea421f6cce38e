"""Tail: what the readers of one process know of the log's end; they share it."""

import asyncio
from time import monotonic
from typing import Final

import anyio

from ...feeds.position import Position
from .entry import Entry
from .log import Log

_QUICK: Final = 0.008
_SLOW: Final = 0.05
_CALMING: Final = 100
"""The log is polled after a hundredth of the time for which nothing was published."""


class Tail:
    """
    Follows the log for all readers of a process, and wakes them.

    Args:
        log: The log, open; for reading only.
    """

    def __init__(self, log: Log) -> None:
        self.log = log
        self._lock = anyio.Lock()
        self._published = asyncio.Event()  # set by a sequencer of this process
        self._asked_at = -1.0
        self._moved_at = monotonic()

    @property
    def head(self) -> int:
        """How many events the log holds, as far as is known here."""
        return self.log.ordinal

    def wake(self, _entry: Entry) -> None:
        """Note that this process has published an entry."""
        self._published.set()

    async def refresh(self) -> Position:
        """Return the end of the log, read after the call began."""
        called = monotonic()
        async with self._lock:
            if self._asked_at < called:
                self._asked_at = monotonic()
                if await self.log.catch_up():
                    self._moved_at = self._asked_at
        return self.log.end

    async def changed(self, after: Position, timeout: float) -> bool:
        """Wait until there are events after a position; returns False after *timeout* seconds."""
        end = monotonic() + timeout
        while True:
            if await self.refresh() > after:
                return True
            now = monotonic()
            left = end - now
            if left <= 0:
                return False
            pause = min(_SLOW, max(_QUICK, (now - self._moved_at) / _CALMING))
            with anyio.move_on_after(min(pause, left)):
                await self._published.wait()
            self._published.clear()
