"""Bell: the doorbell of one store, which tells the sequencers that there is news in its lane."""

import asyncio
import logging
from collections import deque
from typing import Final
from uuid import UUID

from ...errors import EventStoreError, RequestRefused
from ...retry import Deadline
from ...settings import Settings
from ..driver.faults import Certainty, Fault
from .rows import Doorbell
from .seq_ranges import latest, merged, ranges_as_text, ranges_of
from .tables import FeedTables

_LOG: Final = logging.getLogger("event_store_async")
_REMEMBERED: Final = 8192
"""Seqs: as many appends as are stored while a sequencer that is busy rests. What it is not told of
costs it a read, and holds up what follows it."""

_RANGES: Final = 256
_PAUSE: Final = 0.01
"""Seconds from one ring to the next, at least. The first after a pause is at once."""


class Bell:
    """
    Rings in the background while there is news: a hint, so a fault is no harm.

    Args:
        tables: The feed's tables.
        settings: The store's.

    Attributes:
        writer: The writer whose lane is meant; None before it is registered.
        ringing: The task that rings; None while there is no news.
    """

    def __init__(self, tables: FeedTables, settings: Settings) -> None:
        self._tables = tables
        self._settings = settings
        self.writer: UUID | None = None
        self.ringing: asyncio.Task[None] | None = None
        self._stored: list[range] = []  # as the last ring told
        self._just_stored: deque[int] = deque(maxlen=_REMEMBERED)  # since then
        self._news = 0  # grows with each stored append
        self._rung = 0
        self._rings_at = 0.0  # the next ring is not before this
        self._is_refused = False  # the server refuses it, for lack of a permission for example

    def note(self, stored: int | None) -> None:
        """Note that there is news: that an append is stored, if its seq is given."""
        if stored is not None:
            self._just_stored.append(stored)
        self._news += 1

    def forget(self) -> None:
        """Forget a lane that is given up."""
        self.writer = None
        self._stored.clear()
        self._just_stored.clear()

    def ring(self) -> None:
        """Ring until there is no news."""
        if self.ringing is None:
            self.ringing = asyncio.ensure_future(self._ring())

    async def close(self) -> None:
        """Stop ringing."""
        if self.ringing is not None:
            self.ringing.cancel()
            await asyncio.wait([self.ringing])

    async def _ring(self) -> None:
        try:
            loop = asyncio.get_running_loop()
            while self._rung != self._news:
                if (early := self._rings_at - loop.time()) > 0:
                    await asyncio.sleep(early)
                if (writer := self.writer) is None:
                    return
                self._rings_at = loop.time() + _PAUSE
                self._rung = self._news
                bell = Doorbell(writer, self._news, ranges_as_text(self._told()))
                await self._tables.ring(bell, Deadline(self._settings.request_timeout))
        except Fault as fault:
            self._failed(fault, refused=fault.certainty is Certainty.REFUSED)
        except EventStoreError as error:
            self._failed(error, refused=isinstance(error, RequestRefused))
        finally:
            self.ringing = None

    def _told(self) -> list[range]:
        """Return the latest seqs of stored appends."""
        just_stored = ranges_of(self._just_stored)
        self._just_stored.clear()
        stored = merged([*self._stored, *just_stored])
        self._stored = latest(stored, _REMEMBERED, _RANGES)
        return self._stored

    def _failed(self, error: Exception, *, refused: bool) -> None:
        if refused and not self._is_refused:
            self._is_refused = True
            _LOG.warning("appends may reach the feed late: a doorbell cannot be rung: %s", error)
        else:
            _LOG.debug("a doorbell was not rung: %s", error)
