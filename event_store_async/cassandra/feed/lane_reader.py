"""Lane reader: what a sequencer knows of one writer's lane."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from time import monotonic
from typing import Final
from uuid import UUID

from .announcement import Announcement, Content, following
from .rows import WriterRow
from .tables import FeedTables

YOUNG: Final = 0.05
"""Seconds for which an announcement is not looked at, at least: its writer will say that it is
stored, and what follows it in its lane waits. Most appends need no read so."""

_OLD: Final = 0.5
"""Seconds after which it is looked at in any case."""

_SLOWER: Final = 1.5
"""An announcement is young for so many times as long as the slowest of its lane took lately."""

_LATELY: Final = 1.0
"""Seconds."""

_PARTS_AT_ONCE: Final = 20

_MOST_TOLD: Final = 8192
"""Announcements that are kept for the next read, if their writer told them: more than come while a
busy sequencer rests."""


class LaneReader:
    """
    The announcements of one writer that are not finished yet.

    Args:
        tables: The feed's tables.
        row: The writer's row.
        now: The monotonic clock, in seconds.

    Attributes:
        writer: The writer.
        prev: The writer that it was before, if it gave up a lane. That lane comes first.
        low: All announcements up to this one are finished, as the writer's row says.
        read_up_to: The last announcement that was read.
        open: Announcements that are not finished, by seq, in order.
        read_at: When each of them was first read here, by seq.
        stored: Seqs of those that are known to be stored, from their writer, and of later ones.
        is_new: Whether rows were read since its reader looked at this, and cleared it.
        waits: Whether the lane was not gone through to its end in the last round: what comes first
            was not known, or not published. The lane that follows it waits as well.
    """

    def __init__(
        self, tables: FeedTables, row: WriterRow, now: Callable[[], float] = monotonic
    ) -> None:
        self._tables = tables
        self._now = now
        self.writer: UUID = row.writer
        self.prev = row.prev
        self._part_rows = row.part_rows
        self._closed_at = row.closed_at
        self.low = row.low
        self._low_acknowledged = 0  # the highest low that was acknowledged to this process
        self._dropped = row.low // row.part_rows  # parts below this one are dropped, or will be
        self.read_up_to = row.low
        self.open: dict[int, Announcement] = {}
        self.read_at: dict[int, float] = {}
        self.stored: set[int] = set()
        # Seconds from when the slowest was read to when it was known to be stored: of this second,
        # which ends at a time, and of the one before.
        self._slowest = self._slowest_before = self._lately_ends = 0.0
        self.is_new = True
        self.waits = False
        self._reads: deque[tuple[float, int]] = deque()  # when, and up to which announcement
        # What its writer, in this process, has told of the announcements after a seq: no gap in it.
        self._told: list[Content] = []
        self._told_after = 0

    @property
    def is_over(self) -> bool:
        """Whether it was closed in good order, and all of it is finished."""
        return self._closed_at is not None and self.low >= self._closed_at

    @property
    def finished_up_to(self) -> int:
        """All announcements up to this one are finished, as far as is known here."""
        return next(iter(self.open), self.read_up_to + 1) - 1

    def saw(self, row: WriterRow) -> None:
        """
        Take over what the writer's row says.

        What another sequencer finished may be deleted: reading on from before it would find an
        empty part, and take it for the end of the lane (S3).
        """
        self._closed_at = row.closed_at
        if row.low > self.low:
            self.low = row.low
            self.read_up_to = max(self.read_up_to, row.low)
            self.finish([seq for seq in self.open if seq <= row.low])
            self.stored = {seq for seq in self.stored if seq > row.low}

    def take_over(self, after: int, contents: Sequence[Content]) -> None:
        """
        Take over announcements from their writer, in this process, once they are acknowledged.

        Every read that is sent from then on shows them, so the next one is spared.

        Args:
            after: The seq that they follow. If what was told ends elsewhere, that is forgotten, and
                a read finds it.
            contents: The announcements.
        """
        count = len(self._told)
        if after != self._told_after + count or count + len(contents) > _MOST_TOLD:
            self._told, self._told_after = [], after
        self._told += contents

    def know(self, seq: int) -> None:
        """Note that an announced append is stored, from its writer."""
        read_at = self.read_at.get(seq)
        if read_at is not None:
            if seq not in self.stored:
                self.stored.add(seq)
                self._took(read_at, self._now())
        elif seq > self.read_up_to:
            self.stored.add(seq)

    def know_all(self, ranges: Iterable[range]) -> None:
        """Do as `know`, for ranges of seqs, most of which are known already."""
        first = self.finished_up_to + 1
        news = {seq for it in ranges for seq in range(max(it.start, first), it.stop)} - self.stored
        if read := news & self.open.keys():
            self._took(self.read_at[min(read)], self._now())  # none was read before that one
        self.stored |= read
        self.stored.update([seq for seq in news if seq > self.read_up_to])

    def _took(self, began: float, now: float) -> None:
        if now > self._lately_ends:
            self._slowest_before, self._slowest = self._slowest, 0.0
            self._lately_ends = now + _LATELY
        self._slowest = max(self._slowest, now - began)

    def looked_at(self, seq: int) -> None:
        """Note that a look found an append, before its writer said that it is stored."""
        read_at = self.read_at.get(seq)
        if read_at is not None:
            self._took(read_at, self._now())

    @property
    def patience(self) -> float:
        """
        Seconds for which an announcement is not looked at after it was read.

        Appends take longer the more of them are under way. A look that is too early is a read, and
        shows nothing.
        """
        return min(max(YOUNG, max(self._slowest, self._slowest_before) * _SLOWER), _OLD)

    @property
    def old_up_to(self) -> int:
        """The last announcement that is not young any more, or one before it."""
        moment = self._now() - self.patience
        while len(self._reads) > 1 and self._reads[1][0] < moment:
            self._reads.popleft()
        return self._reads[0][1] if self._reads and self._reads[0][0] < moment else self.low

    async def read(self) -> int:
        """
        Read what follows, in order and without a gap (S2); return how many were new.

        What the writer has told is taken first, and then the table is not read.
        """
        before = self.read_up_to
        if told := self._take_told():
            self._add(following(told, self.read_up_to))
        else:
            await self._read_parts()
        if self.read_up_to > before:
            self.is_new = True
            self._reads.append((self._now(), self.read_up_to))
        return self.read_up_to - before

    def _take_told(self) -> Sequence[Content]:
        """Return what its writer has told of what follows, unless there is a gap before it."""
        known = self.read_up_to - self._told_after
        if known < 0:
            return ()
        told = self._told[known:]
        self._told, self._told_after = [], self.read_up_to + len(told)
        return told

    async def _read_parts(self) -> None:
        for _ in range(_PARTS_AT_ONCE):
            part = self.read_up_to // self._part_rows
            start = self.read_up_to
            self._add(await self._tables.announcements(self.writer, part, start))
            if self.read_up_to == start or self.read_up_to % self._part_rows:
                break  # the part was not read to its last row: the lane ends here for now

    def _add(self, announcements: Sequence[Announcement]) -> None:
        """Add announcements that follow without a gap."""
        seqs = [each.seq for each in announcements]
        self.open.update(zip(seqs, announcements, strict=True))
        self.read_at.update(dict.fromkeys(seqs, self._now()))
        self.read_up_to += len(announcements)

    async def holds(self, seq: int) -> bool:
        """Return whether an announcement is not finished; read on to it, if it was not read."""
        while seq > self.read_up_to and await self.read():
            pass
        return seq in self.open

    def finish(self, seqs: Sequence[int]) -> None:
        """Note that announcements are finished: the progress of their streams is beyond them."""
        for seq in seqs:
            del self.open[seq]
            del self.read_at[seq]
        self.stored.difference_update(seqs)

    async def write_low(self, log_id: UUID) -> None:
        """Write how far the lane is finished; then drop the parts that nobody will read again."""
        low = self.finished_up_to
        if low > self.low:
            await self._tables.write_low(log_id, self.writer, low)
            self.low = self._low_acknowledged = low
        # Only once a low at or above its last seq is acknowledged to this very process (S12).
        for part in self._complete_parts():
            await self._tables.drop_part(self.writer, part)
            self._dropped = part + 1

    def _complete_parts(self) -> Iterator[int]:
        yield from range(self._dropped, self._low_acknowledged // self._part_rows)
