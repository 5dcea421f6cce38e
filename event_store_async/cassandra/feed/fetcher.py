"""Fetcher: the events of a page of the feed, from their streams."""

from collections.abc import Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple
from uuid import UUID

from ...errors import StreamError, StreamHole
from ...events import RecordedEvent
from ...feeds.page import BrokenEvent, FeedEvent
from ...feeds.position import Position
from ...tasks import task_group
from ..read.gap_check import Range
from ..read.reader import Reader
from .entry import Link

STREAMS_AT_ONCE: Final = 32
"""How many streams are read side by side."""

_REQUESTS_A_PAGE: Final = 8
"""How often the bytes of one request may be on a page, before it is cut."""

_BETWEEN: Final = 16
"""Events of a stream that nobody wants, read all the same if they stand between wanted ones."""

_EXPECTED: Final = 4096
"""Bytes of an event, before any was read."""


class Wanted(NamedTuple):
    """
    An event that is to be fetched.

    Attributes:
        link: The link that it belongs to.
        version: Its version.
        position: The position after it.
    """

    link: Link
    version: int
    position: Position


@dataclass(slots=True)
class _Run:
    """Wanted events of one stream, read together: where each stands on the page, by version."""

    stream_id: UUID
    first: int
    last: int
    places: dict[int, int] = field(default_factory=dict)


class Fetcher:
    """
    Fetches events, those of a stream together, and streams side by side.

    What is fetched is bounded by bytes: a page is cut where it becomes too large.

    Args:
        reader: Reads streams.
        page_bytes: The most bytes of payload that one request should return.
    """

    def __init__(self, reader: Reader[RecordedEvent[Any]], page_bytes: int) -> None:
        self._reader = reader
        self._page_bytes = page_bytes
        self._mean = float(_EXPECTED)

    async def fetch(self, wanted: Sequence[Wanted]) -> list[FeedEvent[Any] | BrokenEvent]:
        """
        Return wanted events in their order: all of them, or the first ones if they are large.

        An event that cannot be read is a value. There is at least one event, if one is wanted.
        """
        found: list[FeedEvent[Any] | BrokenEvent | None] = [None] * len(wanted)
        runs = list(_runs(wanted))
        coming = iter(runs)
        left = self._page_bytes * _REQUESTS_A_PAGE

        async def work() -> None:
            nonlocal left
            for run in coming:  # shared: each worker takes the next
                if left <= 0:
                    return
                version = run.first
                while version <= run.last:
                    version, size = await self._fetch_some(run, version, wanted, found)
                    left -= size
                    if left <= 0 and version <= run.last:
                        return

        if len(runs) < 2:  # a lone append: no task for it
            await work()
        else:
            async with task_group() as group:
                for _ in range(min(STREAMS_AT_ONCE, len(runs))):
                    group.start_soon(work)
        whole: list[FeedEvent[Any] | BrokenEvent] = []
        for item in found:
            if item is None:
                break
            whole.append(item)
        return whole

    async def _fetch_some(
        self,
        run: _Run,
        version: int,
        wanted: Sequence[Wanted],
        found: list[FeedEvent[Any] | BrokenEvent | None],
    ) -> tuple[int, int]:
        """Fetch events of a run from a version on; return the next version, and their bytes."""
        count = max(1, min(run.last - version + 1, int(self._page_bytes / self._mean)))
        events, size = await self._reader.some(run.stream_id, version, count)
        places = run.places
        for event in events:
            at = places.get(event.version)
            if at is not None:
                found[at] = FeedEvent.of(event, wanted[at].position, wanted[at].link.category)
        if events:
            self._mean += (size / len(events) + 1 - self._mean) / 8
        version += len(events)
        if len(events) < count:
            version = await self._fetch_one(run, version, wanted, found)
        return version, size

    async def _fetch_one(
        self,
        run: _Run,
        version: int,
        wanted: Sequence[Wanted],
        found: list[FeedEvent[Any] | BrokenEvent | None],
    ) -> int:
        """
        Fetch an event that a quorum read did not show, or that cannot be decoded.

        What is in the log is committed: a serial read shows it.
        """
        at = run.places.get(version)
        try:
            one = Range(run.stream_id, version, 1)
            async with aclosing(self._reader.read(one, serial=True)) as events:
                event = await anext(events, None)
            if event is None or event.version != version:
                raise StreamHole(run.stream_id, version)
            if at is not None:
                found[at] = FeedEvent.of(event, wanted[at].position, wanted[at].link.category)
        except StreamError as error:
            if at is not None:
                link = wanted[at].link
                type_ = link.type_at(version - link.first)
                found[at] = BrokenEvent(
                    wanted[at].position, run.stream_id, version, type_, link.category, error
                )
        return version + 1


def _runs(wanted: Sequence[Wanted]) -> Iterator[_Run]:
    """
    Yield the runs of wanted events, in the order of the first event of each.

    The versions of a run grow, also in a log that is wrong and holds an event twice.
    """
    open_runs: dict[int, _Run] = {}  # by UUID.int; a UUID is slow to hash
    runs: list[_Run] = []
    for at, (link, version, _) in enumerate(wanted):
        run = open_runs.get(link.stream_id.int)
        if run is None or not run.last < version <= run.last + _BETWEEN:
            run = _Run(link.stream_id, version, version)
            open_runs[link.stream_id.int] = run
            runs.append(run)
        run.last = version
        run.places[version] = at
    yield from runs
