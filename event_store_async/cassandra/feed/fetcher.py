"""Fetcher: the events of a page of the feed, from their streams."""

from collections.abc import Iterator, Sequence
from contextlib import aclosing
from functools import partial
from itertools import chain, islice
from typing import Any, Final

from ...errors import StreamError, StreamHole
from ...events import RecordedEvent
from ...feeds.page import LateEvents
from ...retry import Deadline
from ...settings import Settings
from ...tasks import task_group
from ..read.excerpts import Excerpt, Excerpts, VersionSpan
from ..read.gap_check import Range
from ..read.reader import Reader
from ..read.rows import RowDecoder
from .draft_page import DraftPage
from .quick_reads import QuickReads
from .recent import RecentAppends
from .wanted import Run, Wanted, runs_of, together

STREAMS_AT_ONCE: Final = 64
"""How many streams are read side by side."""

_REQUESTS_A_PAGE: Final = 8
"""How often the bytes of one request may be on a page, before it is cut."""

_WINDOW: Final = 256
"""Runs that may share requests. If the page is cut, what was read of the runs behind is lost."""

_EXPECTED: Final = 4096
"""Bytes of an event, before any was read."""


class Fetcher:
    """
    Fetches events, those of a stream together, and streams side by side.

    What is fetched is bounded by bytes: a page is cut where it becomes too large.

    Args:
        reader: Reads streams.
        excerpts: Reads short runs of them.
        decoder: Decodes what they hold.
        settings: The store's.
        recent: What needs no read.
    """

    def __init__(
        self,
        reader: Reader[RecordedEvent[Any]],
        excerpts: Excerpts,
        decoder: RowDecoder,
        settings: Settings,
        recent: RecentAppends,
    ) -> None:
        self._reader = reader
        self._excerpts = excerpts
        self._decoder = decoder
        self._recent = recent
        self._seconds = settings.timeout
        self._page_bytes = settings.page_bytes
        self._mean = float(_EXPECTED)

    async def fetch(self, wanted: Sequence[Wanted]) -> tuple[LateEvents, int]:
        """
        Return wanted events in their order: all of them, or the first ones if they are large.

        An event that cannot be read is a value. One that is gone for good is left out.

        Returns:
            The events; and of how many of those that are wanted it is known what became of them:
            of at least one, if one is wanted.
        """
        page = DraftPage(wanted, self._page_bytes * _REQUESTS_A_PAGE, self._decoder)
        runs = runs_of(wanted)
        if not self._recent.is_empty:
            runs = [run for run in runs if not self._is_known(page, run)]
        if not runs:
            return page.finished()
        deadline = Deadline(self._seconds)
        await self._excerpts.prepare(deadline)
        groups = self._groups(page, runs)
        quick = QuickReads(
            self._excerpts, groups, partial(self._ask, page), partial(self._take, page), deadline
        )
        left = await quick.read(STREAMS_AT_ONCE)
        rest = chain(left, ((run, run.first) for group in groups for run in group))
        if (first := next(rest, None)) is not None:
            await self._read_carefully(page, chain([first], rest))
        return page.finished()

    def _groups(self, page: DraftPage, runs: Sequence[Run]) -> Iterator[Sequence[Run]]:
        """Yield runs that can be read in one request, about in order, as long as the page fits."""
        coming = iter(runs)
        while some := list(islice(coming, _WINDOW)):
            most = self._excerpts.most_together
            for group in together(some, most, int(self._page_bytes / self._mean)):
                if page.left <= 0:
                    return
                yield group

    def _is_known(self, page: DraftPage, run: Run) -> bool:
        """Take events of this store's own recent appends, if a run has no others."""
        if self._reader.beginnings.get(run.stream_id) > run.first:
            return False  # some of them are erased
        rows = self._recent.find(run.stream_id, run.first, run.last)
        if rows is not None:
            page.put(run, rows)
        return rows is not None

    def _ask(self, page: DraftPage, run: Run, version: int) -> VersionSpan:
        """Return what to ask for, of a run from a version on; no events if they are gone."""
        first = version
        kept_from = self._reader.beginnings.get(run.stream_id)
        if version < kept_from:
            first = kept_from
            page.leave_out(run, version, min(kept_from, run.last + 1))
        most = max(1, int(self._page_bytes / self._mean))
        return VersionSpan(run.stream_id, first, max(0, min(run.last - first + 1, most)))

    def _take(self, page: DraftPage, run: Run, excerpt: Excerpt) -> bool:
        """Put what was read on the page; return whether more fits there."""
        count = len(excerpt.rows)
        if count:
            page.put(run, excerpt.rows)
            page.left -= excerpt.size
            self._mean += (excerpt.size / count + 1 - self._mean) / 8
        return page.left > 0

    async def _read_carefully(self, page: DraftPage, rest: Iterator[tuple[Run, int]]) -> None:
        """Read runs from a version on; what a quorum does not show is looked for."""

        async def work() -> None:
            for run, start in rest:  # shared: each worker takes the next
                version = await self._read_some(page, run, start)
                while version <= run.last and page.left > 0:
                    version = await self._read_some(page, run, version)

        async with task_group() as group:
            for _ in range(STREAMS_AT_ONCE):
                group.start_soon(work)

    async def _read_some(self, page: DraftPage, run: Run, version: int) -> int:
        """Read events of a run from a version on; return the next version."""
        span = self._ask(page, run, version)
        if not span.length:
            return span.first
        excerpt = await self._excerpts.read(span)
        self._take(page, run, excerpt)
        end = span.first + len(excerpt.rows)
        if len(excerpt.rows) == span.length:
            return end
        await self._reader.extent(run.stream_id, Deadline(self._seconds), serial=True)
        after = self._ask(page, run, end).first
        if after > end:
            return after
        await self._read_one(page, run, end)
        return end + 1

    async def _read_one(self, page: DraftPage, run: Run, version: int) -> None:
        """
        Read an event that a quorum read did not show.

        What is in the log is committed: a serial read shows it.
        """
        try:
            one = Range(run.stream_id, version, 1)
            async with aclosing(self._reader.read(one, serial=True)) as events:
                event = await anext(events, None)
            if event is None or event.version != version:
                raise StreamHole(run.stream_id, version)
        except StreamError as error:
            page.put_broken(run, version, error)
        else:
            page.put_event(run, event)
