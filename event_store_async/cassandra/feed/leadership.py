"""Leadership: of several sequencers, one works and the others watch it."""

from collections.abc import Callable
from dataclasses import replace
from time import monotonic
from typing import Final
from uuid import UUID

from .heartbeat import Heartbeat
from .rows import FeedRow
from .tables import FeedTables

BEAT: Final = 1.0
"""Seconds between a leader's beats."""

PATIENCE: Final = 4.0
"""Seconds without a beat after which another sequencer takes the lead."""


class Leadership:
    """
    The lead among the sequencers of a feed.

    It spares work and nothing else: two leaders at once do no harm, since the log is appended on
    condition. So clocks need not agree: each watches the beat with its own.

    Args:
        tables: The feed's tables.
        new_id: Makes the id of this sequencer.
        now: The monotonic clock, in seconds.

    Attributes:
        leads: Whether this sequencer has the lead.
        heartbeat: What this sequencer has seen of the leader's beat, its own included.
        on_change: Called with `leads` whenever that changes.
    """

    def __init__(
        self, tables: FeedTables, new_id: Callable[[], UUID], now: Callable[[], float] = monotonic
    ) -> None:
        self._now = now
        self._tables = tables
        self._new_id = new_id
        self._id: UUID | None = None
        self._beaten_at = 0.0
        self.leads = False
        self.heartbeat = Heartbeat()
        self.on_change: Callable[[bool], object] | None = None

    @property
    def _candidate(self) -> UUID:
        if self._id is None:
            self._id = self._new_id()
        return self._id

    async def keep(self) -> bool:
        """Take the lead if nobody has it, or keep it; return whether this sequencer leads."""
        now = self._now()
        if self.leads and now < self._beaten_at + BEAT:
            return True
        row = await self._tables.feed()
        own = row.leader == self._candidate
        self.heartbeat.saw(row, now)
        silent = row.leader is None or (self.heartbeat.silence(now) or 0.0) > PATIENCE
        self._lead((own or silent) and await self._take(row))
        if self.leads:
            self._beaten_at = now
        return self.leads

    async def resign(self) -> None:
        """Give the lead up, so that another takes it at once."""
        if not self.leads:
            return
        self._lead(False)
        row = await self._tables.feed()
        if row.leader == self._candidate:
            await self._tables.lead(None, row.beat or 0, row)

    async def _take(self, row: FeedRow) -> bool:
        beat = (row.beat or 0) + 1
        taken = await self._tables.lead(self._candidate, beat, row)
        if taken:
            self.heartbeat.saw(replace(row, leader=self._candidate, beat=beat), self._now())
        return taken

    def _lead(self, leads: bool) -> None:
        changed, self.leads = leads != self.leads, leads
        if changed and self.on_change is not None:
            self.on_change(leads)
