"""Fetcher: the events of a page of the feed, from their streams."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from itertools import islice
from operator import attrgetter
from typing import Any, Final, NamedTuple
from uuid import UUID

from ...errors import StreamError, StreamHole
from ...events import RecordedEvent
from ...feeds.page import BrokenEvent, FeedEvent
from ...feeds.position import Position, position
from ...retry import Deadline
from ...tasks import task_group
from ..read.gap_check import Range
from ..read.reader import Reader
from .entry import Link
from .recent import RecentAppends

STREAMS_AT_ONCE: Final = 32
"""How many streams are read side by side."""

_REQUESTS_A_PAGE: Final = 8
"""How often the bytes of one request may be on a page, before it is cut."""

_BETWEEN: Final = 16
"""Events of a stream that nobody wants, read all the same if they stand between wanted ones."""

_EXPECTED: Final = 4096
"""Bytes of an event, before any was read."""

_first_of = attrgetter("first")

_GONE: Final = object()
"""In the place of an event that is gone."""

_Found = list[Any]
"""For each place of a page a `FeedEvent`, a `BrokenEvent` or `_GONE`; None if it is not fetched."""


class Wanted(NamedTuple):
    """
    Consecutive events of a link that are to be fetched.

    Attributes:
        link: The link.
        first: The version of the first of them.
        events: How many they are.
        entry: The number of the entry.
        before: How many events of the entry come before them.
        ordinal: The number of the first of them, counted over the whole log.
        place: Where the first of them stands on the page, from 0.
    """

    link: Link
    first: int
    events: int
    entry: int
    before: int
    ordinal: int
    place: int

    def position(self, feed_id: UUID, version: int) -> Position:
        """Return the position after one of them."""
        at = version - self.first
        return position(feed_id, self.entry, self.before + at + 1, self.ordinal + at)


@dataclass(slots=True)
class _Run:
    """Wanted events of one stream, read together."""

    stream_id: UUID
    first: int
    last: int
    parts: list[Wanted] = field(default_factory=list)

    def between(self, first: int, end: int) -> Iterator[tuple[Wanted, int]]:
        """Yield the wanted versions from one on, up to another, each with its part."""
        at = max(0, bisect_right(self.parts, first, key=_first_of) - 1)
        for part in islice(self.parts, at, None):
            if part.first >= end:
                break
            for version in range(max(part.first, first), min(part.first + part.events, end)):
                yield part, version

    def part_of(self, version: int) -> Wanted | None:
        """Return the part with a version; None if nobody wants that."""
        return next((part for part, _ in self.between(version, version + 1)), None)


class Fetcher:
    """
    Fetches events, those of a stream together, and streams side by side.

    What is fetched is bounded by bytes: a page is cut where it becomes too large.

    Args:
        reader: Reads streams.
        page_bytes: The most bytes of payload that one request should return.
        recent: What needs no read.
        seconds: In how many seconds a request must be answered.
    """

    def __init__(
        self,
        reader: Reader[RecordedEvent[Any]],
        page_bytes: int,
        recent: RecentAppends,
        seconds: float = 10.0,
    ) -> None:
        self._seconds = seconds
        self._reader = reader
        self._recent = recent
        self._page_bytes = page_bytes
        self._mean = float(_EXPECTED)

    async def fetch(
        self, feed_id: UUID, wanted: Sequence[Wanted]
    ) -> tuple[list[FeedEvent[Any] | BrokenEvent], int]:
        """
        Return wanted events in their order: all of them, or the first ones if they are large.

        An event that cannot be read is a value. One that is gone for good is left out.

        Returns:
            The events; and of how many of those that are wanted it is known what became of them:
            of at least one, if one is wanted.
        """
        found: _Found = [None] * (wanted[-1].place + wanted[-1].events if wanted else 0)
        runs = [run for run in _runs(wanted) if not self._is_known(feed_id, run, found)]
        coming = iter(runs)
        left = self._page_bytes * _REQUESTS_A_PAGE

        async def work() -> None:
            nonlocal left
            for run in coming:  # shared: each worker takes the next
                if left <= 0:
                    return
                version = run.first
                while version <= run.last:
                    version, size = await self._fetch_some(feed_id, run, version, found)
                    left -= size
                    if left <= 0 and version <= run.last:
                        return

        if len(runs) < 2:  # a lone append: no task for it
            await work()
        else:
            async with task_group() as group:
                for _ in range(min(STREAMS_AT_ONCE, len(runs))):
                    group.start_soon(work)
        missing = next((at for at, item in enumerate(found) if item is None), len(found))
        return [item for item in found[:missing] if item is not _GONE], missing

    def _is_known(self, feed_id: UUID, run: _Run, found: _Found) -> bool:
        """Take events of this store's own recent appends, if a run has no others."""
        if self._reader.beginnings.get(run.stream_id) > run.first:
            return False  # some of them are erased
        events = self._recent.find(run.stream_id, run.first, run.last)
        if events is not None:
            self._place(feed_id, run, events, found)
        return events is not None

    def _place(
        self, feed_id: UUID, run: _Run, events: Sequence[RecordedEvent[Any]], found: _Found
    ) -> None:
        """Put consecutive events of a run, at least one, in their places on the page."""
        first = events[0].version
        for part, each in run.between(first, first + len(events)):
            found[part.place + each - part.first] = FeedEvent.of(
                events[each - first], part.position(feed_id, each), part.link.category
            )

    async def _fetch_some(
        self, feed_id: UUID, run: _Run, version: int, found: _Found
    ) -> tuple[int, int]:
        """Fetch events of a run from a version on; return the next version, and their bytes."""
        version = self._pass_over(run, version, found)
        if version > run.last:
            return version, 0
        count = max(1, min(run.last - version + 1, int(self._page_bytes / self._mean)))
        events, size, is_missing = await self._reader.some(run.stream_id, version, count)
        end = version + len(events)
        if events:
            self._place(feed_id, run, events, found)
            self._mean += (size / len(events) + 1 - self._mean) / 8
        if len(events) == count:
            return end, size
        if is_missing:
            deadline = Deadline(self._seconds)
            await self._reader.extent(run.stream_id, deadline, serial=True)
            after = self._pass_over(run, end, found)
            if after > end:
                return after, size
        return await self._fetch_one(feed_id, run, end, found), size

    def _pass_over(self, run: _Run, version: int, found: _Found) -> int:
        """Note which events of a run are known to be gone; return the first that may be there."""
        kept_from = self._reader.beginnings.get(run.stream_id)
        if version >= kept_from:
            return version
        for part, each in run.between(version, min(kept_from, run.last + 1)):
            found[part.place + each - part.first] = _GONE
        return kept_from

    async def _fetch_one(self, feed_id: UUID, run: _Run, version: int, found: _Found) -> int:
        """
        Fetch an event that a quorum read did not show, or that cannot be decoded.

        What is in the log is committed: a serial read shows it.
        """
        part = run.part_of(version)
        try:
            one = Range(run.stream_id, version, 1)
            async with aclosing(self._reader.read(one, serial=True)) as events:
                event = await anext(events, None)
            if event is None or event.version != version:
                raise StreamHole(run.stream_id, version)
            if part is not None:
                found[part.place + version - part.first] = FeedEvent.of(
                    event, part.position(feed_id, version), part.link.category
                )
        except StreamError as error:
            if part is not None:
                link = part.link
                found[part.place + version - part.first] = BrokenEvent(
                    part.position(feed_id, version),
                    run.stream_id,
                    version,
                    link.type_at(version - link.first),
                    link.category,
                    error,
                )
        return version + 1


def _runs(wanted: Sequence[Wanted]) -> Iterator[_Run]:
    """
    Yield the runs of wanted events, in the order of the first event of each.

    The versions of a run grow, also in a log that is wrong and holds an event twice.
    """
    open_runs: dict[int, _Run] = {}  # by UUID.int; a UUID is slow to hash
    runs: list[_Run] = []
    for part in wanted:
        stream_id = part.link.stream_id
        run = open_runs.get(stream_id.int)
        if run is None or not run.last < part.first <= run.last + _BETWEEN:
            run = _Run(stream_id, part.first, part.first)
            open_runs[stream_id.int] = run
            runs.append(run)
        run.last = part.first + part.events - 1
        run.parts.append(part)
    yield from runs
