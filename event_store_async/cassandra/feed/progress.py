"""Progress: the highest version of each stream in the log, known in spite of every crash."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final
from uuid import UUID

from ...errors import FeedInconsistent
from ...tasks import side_by_side
from .entry import Entry
from .log import Log
from .tables import FeedTables, together

DELAY: Final = 32
"""K: the progress of an entry is written before the K-th entry after it is appended. The larger it
is, the fewer writes a stream needs that is in many entries; and the more entries a new sequencer
reads when it begins. All processes of a feed must agree on it."""

_KEPT: Final = 100
"""How many entries are kept beyond those that may lack their progress."""

_CACHED: Final = 100_000

_AT_ONCE: Final = 16
_MOST_OWED: Final = 4000
"""Streams that may wait for their progress to be written: so no write takes long."""


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

    Attributes:
        versions: What `of` returned, raised by every entry since, by ``UUID.int``: a UUID is slow
            to hash. What was not asked for lately is forgotten.
    """

    def __init__(self, tables: FeedTables, log: Log, log_id: UUID, delay: int = DELAY) -> None:
        self._tables = tables
        self._log = log
        self._log_id = log_id
        self._delay = delay
        self._cache: OrderedDict[int, int] = OrderedDict()
        self.versions: Mapping[int, int] = self._cache
        self._window: OrderedDict[int, Mapping[int, int]] = OrderedDict()
        self._written = 0  # the progress of all entries up to this one is acknowledged
        self._owed = 0  # about how many streams the entries after it have

    async def open(self) -> None:
        """Begin after `Log.open`: keep the entries whose progress may not be written."""
        head = self._log.head
        self._written = max(0, head - self._delay)
        for entry in await self._log.run(self._written + 1, self._delay):
            self._window[entry.number] = entry.heads
            self._owed += len(entry.heads)
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
        if stream_id.int not in self._cache:
            await self._learn((stream_id,))
        return self._cache[stream_id.int]

    async def learn(self, stream_ids: Iterable[UUID]) -> None:
        """Do as `of` for many streams, several in a request: `versions` has them afterwards."""
        new = {it.int: it for it in stream_ids if it.int not in self._cache}
        await side_by_side(together(list(new.values())), self._learn, _AT_ONCE)

    async def _learn(self, stream_ids: Sequence[UUID]) -> None:
        """Read the progress of streams, and raise it by the last entries."""
        asked_at = self._log.head
        found = await self._tables.progresses(self._log_id, stream_ids)
        for stream_id, (_, entry) in zip(stream_ids, found, strict=True):
            if entry > self._log.head:
                # Another sequencer appends. What it wrote is known once its entries are.
                await self._log.catch_up()
            if entry > self._log.head:
                raise FeedInconsistent(f"the progress of stream {stream_id} is ahead of the log")
        if self._window and next(iter(self._window)) > max(1, asked_at - self._delay + 1):
            await self._learn(stream_ids)  # too much went by meanwhile
            return
        since = asked_at - self._delay + 1
        last = [heads for number, heads in self._window.items() if number >= since]
        # What was read is used in one step: a cached value is raised by every entry from now on.
        for stream_id, (version, _) in zip(stream_ids, found, strict=True):
            key = stream_id.int
            raised = max([version, *[heads[key] for heads in last if key in heads]])
            self._remember(stream_id, max(raised, self._cache.get(key, 0)))

    def apply(self, entry: Entry) -> None:
        """Know an entry that is in the log."""
        heads = self._window[entry.number] = entry.heads
        self._owed += len(heads)
        while len(self._window) > self._delay + _KEPT:
            self._window.popitem(last=False)
        cache = self._cache
        for key, version in heads.items():
            known = cache.get(key)
            if known is not None:
                cache[key] = max(known, version)
                cache.move_to_end(key)
        self._written = max(self._written, entry.number - self._delay)

    async def write(self, up_to: int) -> None:
        """Write the progress of the entries up to one, whoever appended them, and wait for it."""
        # Of a stream that is in several of them, only the last needs to be written: it is in the
        # log as well, and what is written later is what counts.
        latest: dict[int, tuple[int, int]] = {}
        for number in range(self._written + 1, up_to + 1):
            for key, version in self._window[number].items():
                latest[key] = version, number
        rows = [(UUID(int=key), version, number) for key, (version, number) in latest.items()]
        await side_by_side(
            together(rows), lambda part: self._tables.write_progress(self._log_id, part), _AT_ONCE
        )
        self._written = max(self._written, up_to)
        self._owed = sum(len(self._window[it]) for it in range(up_to + 1, self._log.head + 1))

    async def due(self, number: int) -> None:
        """Write what must be written before an entry is appended; then all that is known."""
        if number - self._delay > self._written or self._owed > _MOST_OWED:
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
