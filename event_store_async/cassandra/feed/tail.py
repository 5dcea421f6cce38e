"""Tail: what the readers of one process know of the log's end; they share it."""

import asyncio
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

    However many of them wait, one poll serves all: the slices of a subscription for example.

    Args:
        log: The log, open; for reading only.
    """

    def __init__(self, log: Log) -> None:
        self.log = log
        self._lock = anyio.Lock()
        self._news = asyncio.Event()  # what readers wait for; each is set once, and replaced
        self._moved_at = anyio.current_time()
        self._asked_at = self._due = self._moved_at - 1.0

    @property
    def head(self) -> int:
        """How many events the log holds, as far as is known here."""
        return self.log.ordinal

    def wake(self, _entry: Entry) -> None:
        """Note that a sequencer of this process has published an entry."""
        self._due = anyio.current_time()
        self._tell()

    async def refresh(self) -> Position:
        """Return the end of the log, read after the call began."""
        called = anyio.current_time()
        async with self._lock:
            if self._asked_at < called:
                self._asked_at = now = anyio.current_time()
                self._due = now + min(_SLOW, max(_QUICK, (now - self._moved_at) / _CALMING))
                if await self.log.catch_up():
                    self._moved_at = self._asked_at
                    self._tell()
        return self.log.end

    async def changed(self, after: Position, timeout: float) -> bool:
        """Wait until there are events after a position; returns False after *timeout* seconds."""
        called = anyio.current_time()
        while self.log.end <= after:
            now = anyio.current_time()
            left = called + timeout - now
            if now >= self._due or (left <= 0 and self._asked_at < called):
                await self.refresh()
            elif left <= 0:
                return False
            else:
                with anyio.move_on_after(min(self._due - now, left)):
                    await self._news.wait()
        return True

    def _tell(self) -> None:
        """Wake all that wait: they look whether the news are for them."""
        news, self._news = self._news, asyncio.Event()
        news.set()
