"""Scan: looks at all streams for events that are in no announcement, for ever."""

import logging
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from ...ring import LARGEST, RING, SMALLEST, TokenRange
from ...stored import StreamSummary
from ..table.scanner import Scanner
from .announcement import shared_type
from .entry import Link
from .rows import FeedRow, Standing
from .sequencer import Sequencer
from .sequencer_watch import SequencerWatch
from .tables import FeedTables

_LOG: Final = logging.getLogger("event_store_async")

STREAMS_AT_ONCE: Final = 200
PAUSE: Final = 1.0
"""Seconds between two looks of the scan that goes on for ever."""

PATIENCE: Final = 180.0
"""Seconds after which events without an announcement are taken for forgotten ones."""

_EVENTS_OF_LINK: Final = 1000
_LATE_AT_ONCE: Final = 50
"""Streams that a step looks at again. A step that takes longer than the lease loses the lead."""


@dataclass(frozen=True, slots=True)
class _Suspect:
    """A stream that was ahead of the log."""

    published: int
    since: float


@dataclass(frozen=True, slots=True)
class _Awaited:
    """A stream of the backfill whose next event the lane of its writer publishes."""

    head: int
    published: int
    writer: UUID


class Scan:
    """
    Publishes what nobody announced (S19).

    Its first round over the ring is the backfill of a feed: it publishes the events from before,
    and does not wait. What was announced since the feed was enabled is left to its lane, in whose
    order it comes. Later rounds find nothing in a healthy store: what they find was appended by a
    writer that does not announce, or its announcement was lost in a disaster.

    Args:
        tables: The feed's tables.
        scanner: Scans the table of events.
        feed: The feed's row.
        now: The monotonic clock, in seconds.
        wake: Has the lane of a writer read at once, and again until it waits for nothing.
        watch: Reports what it finds; None without hooks.

    Attributes:
        found: How many events it has published after the backfill.
        is_backfill: Whether its first round is not over.
    """

    def __init__(
        self,
        tables: FeedTables,
        scanner: Scanner,
        feed: FeedRow,
        now: Callable[[], float],
        wake: Callable[[UUID], object],
        watch: SequencerWatch | None = None,
    ) -> None:
        self._watch = watch
        self._wake = wake
        self._tables = tables
        self._scanner = scanner
        self._log_id = feed.log_id
        self._now = now
        self._token = feed.scanned if feed.scanned is not None else SMALLEST
        self._suspects: dict[UUID, _Suspect] = {}
        self._awaited: dict[UUID, _Awaited] = {}
        self._end = SMALLEST  # of the streams that were read last
        self._due = 0.0
        self.is_backfill = feed.state == "building"
        self.found = 0

    async def step(self, sequencer: Sequencer) -> bool:
        """
        Look at the next streams, if it is time to; return whether more is to be done at once.

        Raises:
            EventStoreError: a request failed; the step can be tried again.
        """
        now = self._now()
        if not self.is_backfill:
            if now < self._due:
                return False
            self._due = now + PAUSE
            await self._look_again(sequencer, now)
        try:
            return await self._look(sequencer, now)
        except BaseException:
            self._awaited.clear()  # the streams are read again: some were not looked at
            raise

    async def _look(self, sequencer: Sequencer, now: float) -> bool:
        """Look at the next streams, or again at those that are left to their lanes."""
        heads = await self._moved(sequencer) if self._awaited else await self._heads(sequencer)
        if self._awaited and not heads:
            return self._await(sequencer)
        if self.is_backfill and (await self._tables.feed()).state != "building":
            # Another sequencer has completed it, while this one stood still. What was read just now
            # may have been appended afterwards, and then its order is promised.
            self.is_backfill = False
            self._awaited.clear()
            self._token = SMALLEST
            return False
        # Again, if another sequencer appended its entry first: what was in ours is not published.
        while heads := await self._look_at_all(sequencer, heads, now):
            pass
        if self._awaited:
            return self._await(sequencer)
        self._token = self._end
        if self.is_backfill and self._end == SMALLEST:
            await sequencer.write_progress()
            await self._tables.set_state(self._log_id, "complete", SMALLEST)
            self.is_backfill = False
            _LOG.info("the feed holds all events from before it was enabled")
        elif self.is_backfill:
            await self._tables.set_state(self._log_id, "building", self._token)
        return self.is_backfill

    def _await(self, sequencer: Sequencer) -> bool:
        """Leave streams to their lanes. Whoever takes the lead goes on at the token: it stays."""
        sequencer.look_at_lanes({each.writer for each in self._awaited.values()})
        return False

    async def _heads(self, sequencer: Sequencer) -> dict[UUID, int]:
        """Return the heads of the next streams."""
        streams = await self._next()
        self._end = streams[-1].token if len(streams) == STREAMS_AT_ONCE else SMALLEST
        # Together: nothing is published meanwhile, and a new leader knows it of no stream.
        await sequencer.learn_progress(stream.stream_id for stream in streams)
        # A stream without events has none that the log could lack.
        kept = [stream for stream in streams if stream.kept_from <= (stream.version or 0)]
        return {stream.stream_id: stream.version or 0 for stream in kept}

    async def _moved(self, sequencer: Sequencer) -> dict[UUID, int]:
        """Return the heads of those streams whose lanes have published something meanwhile."""
        await sequencer.catch_up()  # or another sequencer has
        heads: dict[UUID, int] = {}
        for stream_id, each in list(self._awaited.items()):
            if await sequencer.progress_of(stream_id) > each.published:
                heads[stream_id] = each.head
                del self._awaited[stream_id]
        return heads

    async def _next(self) -> list[StreamSummary]:
        if self._token >= LARGEST:
            return []
        tokens = RING if self._token == SMALLEST else TokenRange(self._token, LARGEST)
        scanning = self._scanner.scan(tokens, None, STREAMS_AT_ONCE, max_count=STREAMS_AT_ONCE)
        async with aclosing(scanning) as streams:
            return [stream async for stream in streams]

    async def _look_at_all(
        self, sequencer: Sequencer, heads: dict[UUID, int], now: float
    ) -> dict[UUID, int]:
        """Look at streams, and return those that were to be published."""
        begun: dict[UUID, int] = {}
        for stream_id, head in heads.items():
            published = await sequencer.progress_of(stream_id)
            if published >= head:
                continue
            if not self.is_backfill:
                self._suspects.setdefault(stream_id, _Suspect(published, now))
            elif await self._publish(sequencer, stream_id, head):
                begun[stream_id] = head
            if sequencer.strangers >= _EVENTS_OF_LINK:
                await sequencer.round(())
        while sequencer.strangers:
            await sequencer.round(())
        return begun

    async def _look_again(self, sequencer: Sequencer, now: float) -> None:
        """Publish what has been waiting for too long, and forget what was published meanwhile."""
        if self._suspects:
            await sequencer.catch_up()  # another sequencer may have published it
        late = 0
        for stream_id, suspect in list(self._suspects.items()):
            published = await sequencer.progress_of(stream_id)
            if published > suspect.published:
                del self._suspects[stream_id]
            elif now > suspect.since + PATIENCE and late < _LATE_AT_ONCE:
                late += 1
                del self._suspects[stream_id]
                reached = await self._publish_late(sequencer, stream_id, published)
                if reached is not None:
                    self._suspects[stream_id] = _Suspect(reached, suspect.since)

    async def _publish_late(
        self, sequencer: Sequencer, stream_id: UUID, published: int
    ) -> int | None:
        """
        Publish a stream's next events if nobody announced them.

        Returns the version up to which it did, if there are more to look at; otherwise None.

        What is announced comes in the order of its lane. A lane that was idle for long is read
        seldom: if nothing rings for it, the scan comes first, and has it read.
        """
        head = await self._tables.head(stream_id)
        if head <= published:
            return None
        run, announced = await self._next_run(sequencer, stream_id, published, head)
        if announced is not None and (address := run[announced].address) is not None:
            self._wake(address.writer)
            run = run[:announced]
        if not run:
            return None  # announced, or a hole, which no sequencer can publish
        await sequencer.catch_up()
        if await sequencer.progress_of(stream_id) > published:
            return None  # another sequencer has finished its announcement meanwhile (S7)
        self.found += len(run)
        _LOG.error(
            "stream %s has %d events that no writer announced: they are published now; "
            "a process that was started before the feed was enabled may be appending, "
            "or one with an older version of this library: restart it",
            stream_id,
            len(run),
        )
        if self._watch is not None:
            self._watch.found(stream_id, published + 1, len(run))
        sequencer.add_stranger(_link(stream_id, run))
        await self._tables.note_found(len(run), stream_id)
        return run[-1].version if announced is None and run[-1].version < head else None

    async def _publish(self, sequencer: Sequencer, stream_id: UUID, head: int) -> bool:
        """
        Put a stream's events from before the feed into the log, in links of bounded size.

        Returns whether there were any; the last link waits for the sequencer's next round.
        """
        while (published := await sequencer.progress_of(stream_id)) < head:
            run, announced = await self._next_run(sequencer, stream_id, published, head)
            if not run:
                return False  # half committed, or a hole: seen again in the next round
            if announced == 0 and (address := run[0].address) is not None:
                self._awaited[stream_id] = _Awaited(head, published, address.writer)
                return False
            run = run[:announced]  # all of it, if none is announced
            sequencer.add_stranger(_link(stream_id, run))
            if run[-1].version >= head:
                return True
            while sequencer.strangers:
                await sequencer.round(())
        return True

    async def _next_run(
        self, sequencer: Sequencer, stream_id: UUID, published: int, head: int
    ) -> tuple[list[Standing], int | None]:
        """
        Return the next events of a stream, up to its head, and which of them an announcement holds.

        Returns:
            Events for one link; none if they are half committed, or there is a hole. The index of
            the first one whose announcement is open; None if there is none.
        """
        # Not beyond the head: what was appended since comes in the order of its lane.
        count = min(_EVENTS_OF_LINK, head - published)
        run = await self._tables.standing(stream_id, published + 1, count)
        if run and run[-1].version < head:
            run = _cut(run)
        return run, await sequencer.first_open([each.address for each in run])


def _link(stream_id: UUID, run: list[Standing]) -> Link:
    types = shared_type([each.type for each in run])
    return Link(stream_id, run[0].version, len(run), types, run[0].category)


def _cut(standing: list[Standing]) -> list[Standing]:
    """Leave out the last append, which may go on: an append is never cut across entries (S9)."""
    for at in range(len(standing) - 1, 0, -1):
        if standing[at].address is not None:
            return standing[:at]
    return standing
