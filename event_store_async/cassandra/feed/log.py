"""The log: entries that are appended one after the other, by a conditional batch each."""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final
from uuid import UUID

from ...errors import EventStoreError, FeedInconsistent
from ...feeds.position import Position
from ...retry import Deadline
from ..append.plan import Plan, Verdict
from ..append.settler import Settler
from ..driver.answer import Answer
from ..driver.port import Prepared
from .entry import Entry, Link, Links
from .rows import FeedRow
from .tables import FeedTables

_AT_ONCE: Final = 100
_LINKS_AT_ONCE: Final = 5000
_LINKS_CACHED: Final = 40_000
"""Entries with so many links are kept in memory: a megabyte or two, whatever the size of entries.
The last ones are among them that may lack their progress."""


class EntryOutcomeUnknown(EventStoreError):
    """An entry may be in the log. What the sequencer knows of the log must be read again."""


class EntryPlan(Plan):
    """
    An entry, to be appended after the one before it.

    Args:
        prepared: The statements of the batch.
        log_id: The log.
        segment: The segment that the entry belongs to.
        entry: The entry.
        identity: Tells it from any other attempt to append an entry with this number.
        is_first: Whether it is the first of its segment.
    """

    __slots__ = ("_entry", "_identity", "_prepared", "_segment")

    def __init__(
        self,
        prepared: tuple[Prepared, Prepared],
        log_id: UUID,
        segment: int,
        entry: Entry,
        identity: UUID,
        *,
        is_first: bool,
    ) -> None:
        super().__init__(log_id, 0 if is_first else entry.number - 1)
        self._prepared = prepared
        self._segment = segment
        self._entry = entry
        self._identity = identity

    @property
    def doing(self) -> str:
        """What is being done, for error messages."""
        return f"appending entry {self._entry.number} to the feed's log"

    def statements(self) -> Iterator[tuple[Prepared, Sequence[Any]]]:
        """Yield the batch's statements with their values."""
        head, row = self._prepared
        entry = self._entry
        yield head, (entry.number, self.stream_id, self._segment, self.expected or None)
        yield (
            row,
            (
                self._identity,
                entry.ordinal,
                entry.events,
                entry.published,
                entry.links.as_text(),
                self.stream_id,
                self._segment,
                entry.number,
            ),
        )

    def unknown(self) -> EntryOutcomeUnknown:
        """Return the error that says that the entry may be in the log."""
        return EntryOutcomeUnknown(f"{self.doing}: the outcome is unknown")

    def verdict(self, answer: Answer, *, doubtful: bool) -> Verdict:
        """Return what the server's answer proves."""
        if answer.applied:
            return Verdict("applied", doubtful=doubtful)
        head = next((row["head"] for row in answer.rows if row.get("head")), 0)
        own = str(self._identity)
        if any(row.get("identity") == own for row in answer.rows):
            return Verdict("found", head, doubtful)
        # Below the expected entry cannot be: it is in the log. A node that knows less than the one
        # that told us answers so, and then an earlier request may still apply.
        if head < self.expected:
            return Verdict("behind", head, doubtful)
        return Verdict("conflict", head, doubtful)


class Log:
    """
    One process's knowledge of the log: how far it goes, and its last entries.

    Args:
        tables: The feed's tables.
        feed: The feed's row.
        settler: Settles the batches.
        remembers: Whether entries are kept in memory, for readers.

    Attributes:
        head: The last entry that is known to be in the log; 0 before the first.
        ordinal: How many events the log holds up to it.
        on_entry: Called with each entry after the known ones, as soon as it is known.
    """

    def __init__(
        self, tables: FeedTables, feed: FeedRow, settler: Settler, *, remembers: bool = True
    ) -> None:
        self._remembers = remembers
        self._tables = tables
        self._feed = feed
        self._settler = settler
        self._entries: OrderedDict[int, Entry] = OrderedDict()
        self._links = 0  # of the entries in memory
        self._mean = 100.0  # links of an entry
        self._last: Entry | None = None
        self.head = 0
        self.ordinal = 0
        self.on_entry: Callable[[Entry], object] = _ignore

    @property
    def end(self) -> Position:
        """The position of the last known event."""
        return self.beginning if self._last is None else self.position_after(self._last)

    @property
    def beginning(self) -> Position:
        """The position before the first event."""
        return Position.beginning(self._feed.log_id)

    def position_after(self, entry: Entry) -> Position:
        """Return the position after the last event of an entry."""
        last = entry.ordinal + entry.events - 1
        return Position(self._feed.log_id, entry.number, entry.events, last)

    async def open(self) -> None:
        """Find the end of the log. It is found from the first segment on: a read for each."""
        segment = 0
        while await self._tables.log_head(self._feed.log_id, segment) == self._last_of(segment):
            segment += 1
        head = await self._tables.log_head(self._feed.log_id, segment) or self._last_of(segment - 1)
        if head:
            entry = await self.entry(head)
            self._reach(entry)

    async def catch_up(self) -> list[Entry]:
        """Return the entries after the known ones, in order, and know them."""
        found: list[Entry] = []
        while more := await self._read(self.head + 1, self._stride):
            for entry in more:
                self._reach(entry)
            found += more
        return found

    async def entries(self, first: int, count: int) -> list[Entry]:
        """
        Return known entries from one on, in order: those in memory, or those of one read.

        They are at most *count*, and at least one if there is a known one. None is left out.

        Raises:
            FeedInconsistent: the first one is not in the log.
        """
        last = min(first + count - 1, self.head)
        found: list[Entry] = []
        while first + len(found) <= last and (cached := self._entries.get(first + len(found))):
            found.append(cached)
        if found or first > last:
            return found
        found = await self._read(first, min(last - first + 1, self._stride))
        if not found:
            found = await self._read(first, 1, serial=True)
        if not found:
            raise FeedInconsistent(f"entry {first} of the log is missing")
        for entry in found:
            self._keep(entry)
        return found

    async def run(self, first: int, count: int) -> list[Entry]:
        """Return all known entries of *count* from one on, in order; raises what `entries` does."""
        found: list[Entry] = []
        while more := await self.entries(first + len(found), count - len(found)):
            found += more
        return found

    async def entry(self, number: int) -> Entry:
        """
        Return an entry.

        Raises:
            FeedInconsistent: it is not in the log.
        """
        cached = self._entries.get(number)
        if cached is not None:
            return cached
        found = await self._read(number, 1) or await self._read(number, 1, serial=True)
        if not found:
            raise FeedInconsistent(f"entry {number} of the log is missing")
        return found[0]

    def recalled(self, stream_id: UUID, version: int, first: int) -> Entry | None:
        """Do as `find`, with the entries in memory alone, up to the first that is not there."""
        cached = map(self._entries.get, range(max(1, first), self.head + 1))
        return _first_with(stream_id, version, cached)

    async def find(self, stream_id: UUID, version: int, first: int) -> Entry | None:
        """Return the first known entry from one on with a version of a stream, or a later one."""
        first = max(1, first)
        return _first_with(stream_id, version, await self.run(first, self.head - first + 1))

    @property
    def _stride(self) -> int:
        """How many entries are read at once."""
        return max(1, min(_AT_ONCE, int(_LINKS_AT_ONCE / self._mean)))

    async def append(
        self, after: int, links: Sequence[Link], published: int, identity: UUID, deadline: Deadline
    ) -> Entry | None:
        """
        Append an entry.

        Args:
            after: The last known entry when the links were chosen.
            links: The links, in order.
            published: Milliseconds since the epoch.
            identity: An id that is used for nothing else.
            deadline: When the outcome must be known.

        Returns:
            The entry; None if another one stands there.

        Raises:
            EntryOutcomeUnknown, StoreUnavailable, StoreOverloaded, RequestRefused, StoreClosed
        """
        if after != self.head:
            return None
        entry = Entry(self.head + 1, self.ordinal + 1, Links.of(links), published)
        segment = self._segment_of(entry.number)
        plan = EntryPlan(
            await self._tables.log_statements(deadline),
            self._feed.log_id,
            segment,
            entry,
            identity,
            is_first=entry.number == self._last_of(segment - 1) + 1,
        )
        verdict = await self._settler.settle(plan, deadline)
        if verdict.name == "conflict":
            return None
        self._reach(entry)
        return entry

    def _reach(self, entry: Entry) -> None:
        """Know that an entry is in the log."""
        self._keep(entry)
        if entry.number > self.head:
            self._last = entry
            self.head = entry.number
            self.ordinal = entry.ordinal + entry.events - 1
            self.on_entry(entry)

    def _keep(self, entry: Entry) -> None:
        """Keep an entry in memory, and let the oldest go."""
        if entry.number in self._entries:
            return
        self._mean += (len(entry.links) - self._mean) / 8
        if not self._remembers:
            return
        self._entries[entry.number] = entry
        self._links += len(entry.links)
        while self._links > _LINKS_CACHED:
            _, oldest = self._entries.popitem(last=False)
            self._links -= len(oldest.links)

    async def _read(self, first: int, count: int, *, serial: bool = False) -> list[Entry]:
        """Return entries from one on, at most to the end of its segment."""
        segment = self._segment_of(first)
        count = min(count, self._last_of(segment) - first + 1)
        return await self._tables.entries(self._feed.log_id, segment, first, count, serial=serial)

    def _segment_of(self, number: int) -> int:
        return (number - 1) // self._feed.segment_size

    def _last_of(self, segment: int) -> int:
        """Return the last entry that a segment can have."""
        return (segment + 1) * self._feed.segment_size


def _first_with(stream_id: UUID, version: int, entries: Iterable[Entry | None]) -> Entry | None:
    """Return the first entry with a version or a later one, before any that is not there."""
    for entry in entries:
        if entry is None:
            return None
        if entry.heads.get(stream_id.int, 0) >= version:
            return entry
    return None


def _ignore(_entry: Entry) -> None:
    """Do nothing with an entry."""
