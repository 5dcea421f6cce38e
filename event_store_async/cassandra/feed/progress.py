"""Progress: the highest version of each stream in the log, known in spite of every crash."""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Final
from uuid import UUID

from ...errors import FeedInconsistent
from ...tasks import task_group
from .entry import Entry
from .log import Log
from .tables import FeedTables

DELAY: Final = 8
"""K: the progress of an entry is written before the K-th entry after it is appended."""

_KEPT: Final = 1000
"""How many entries are kept beyond those that may lack their progress."""

_CACHED: Final = 100_000
_AT_ONCE: Final = 16


class FeedProgress:
    """
    Tells how much of each stream is in the log.

    The log itself is the truth. A table has the progress of every stream, written after the entry,
    so that a stream's is one read; it may lack the last K entries, whoever appended them. So what
    is read is raised by the last K entries before it was asked for, and by all since.

    Rule K: before entry m is appended, the progress of all entries up to m - K is acknowledged.
    Hence entry j in the log proves that the progress of entries up to j - K is written.

    Args:
        tables: The feed's tables.
        log: The log.
        log_id: Its id.
        delay: K.
    """

    def __init__(self, tables: FeedTables, log: Log, log_id: UUID, delay: int = DELAY) -> None:
        self._tables = tables
        self._log = log
        self._log_id = log_id
        self._delay = delay
        self._cache: OrderedDict[int, int] = OrderedDict()  # by UUID.int; a UUID is slow to hash
        self._window: OrderedDict[int, Mapping[UUID, int]] = OrderedDict()
        self._written = 0  # the progress of all entries up to this one is acknowledged

    async def open(self) -> None:
        """Begin after `Log.open`: keep the entries whose progress may not be written."""
        head = self._log.head
        self._written = max(0, head - self._delay)
        for entry in await self._log.run(self._written + 1, self._delay):
            self._window[entry.number] = entry.heads
        self._log.on_entry = self.apply

    def known(self, stream_id: UUID) -> int | None:
        """Return what `of` returned, raised by every entry since; None if it is forgotten."""
        return self._cache.get(stream_id.int)

    async def of(self, stream_id: UUID) -> int:
        """
        Return the highest version of a stream in the log, as far as the log is known.

        Raises:
            FeedInconsistent: the table knows an entry that the log lacks.
        """
        known = self._cache.get(stream_id.int)
        if known is not None:
            return known
        asked_at = self._log.head
        version, entry = await self._tables.progress(self._log_id, stream_id)
        if entry > self._log.head:
            # Another sequencer appends. What it wrote is known once its entries are.
            await self._log.catch_up()
            if entry > self._log.head:
                raise FeedInconsistent(f"the progress of stream {stream_id} is ahead of the log")
        if self._window and next(iter(self._window)) > max(1, asked_at - self._delay + 1):
            return await self.of(stream_id)  # too much went by meanwhile
        for number, heads in self._window.items():
            if number > asked_at - self._delay:
                version = max(version, heads.get(stream_id, 0))
        # What was read is used in one step: a cached value is raised by every entry from now on.
        self._remember(stream_id, max(version, self._cache.get(stream_id.int, 0)))
        return self._cache[stream_id.int]

    def apply(self, entry: Entry) -> None:
        """Know an entry that is in the log."""
        self._window[entry.number] = entry.heads
        while len(self._window) > self._delay + _KEPT:
            self._window.popitem(last=False)
        for stream_id, version in entry.heads.items():
            known = self._cache.get(stream_id.int)
            if known is not None:
                self._remember(stream_id, max(known, version))
        self._written = max(self._written, entry.number - self._delay)

    async def write(self, up_to: int) -> None:
        """Write the progress of the entries up to one, whoever appended them, and wait for it."""
        # Of a stream that is in several of them, only the last needs to be written: it is in the
        # log as well, and what is written later is what counts.
        latest: dict[int, tuple[UUID, int, int]] = {}
        for number in range(self._written + 1, up_to + 1):
            for stream_id, version in self._window[number].items():
                latest[stream_id.int] = stream_id, version, number
        coming = iter(latest.values())

        async def write() -> None:
            for stream_id, version, number in coming:  # shared: each worker takes the next
                await self._tables.write_progress(self._log_id, stream_id, version, number)

        if len(latest) == 1:
            await write()
        elif latest:
            async with task_group() as group:
                for _ in range(min(_AT_ONCE, len(latest))):
                    group.start_soon(write)
        self._written = max(self._written, up_to)

    async def due(self, number: int) -> None:
        """Write what must be written before an entry is appended; then all that is known."""
        if number - self._delay > self._written:
            await self.write(self._log.head)

    @property
    def is_written(self) -> bool:
        """Whether the progress of all entries that are known is acknowledged."""
        return self._written >= self._log.head

    def _remember(self, stream_id: UUID, version: int) -> None:
        self._cache[stream_id.int] = version
        self._cache.move_to_end(stream_id.int)
        if len(self._cache) > _CACHED:
            self._cache.popitem(last=False)
