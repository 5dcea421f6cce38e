"""Reader: events, the head and the recent ids of a stream."""

from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Generic, Protocol, TypeVar
from uuid import UUID

from ...errors import StreamHole, UndecodableEvent, WrongCategory
from ...hooks import SerialRepair
from ...hooks.observer import Observer, Stopwatch
from ...hooks.read_watch import ReadWatch
from ...retry import Deadline
from ...settings import Settings
from ...versions import MAX_VERSION
from ..driver.port import Page, Row
from ..driver.session import Session
from ..schema.statements import StatementCache
from .gap_check import GapCheck, Range
from .pages import Pages, PageSizer
from .rows import EVENT_ID, payload_bytes, with_kept_from
from .slices import KnownBeginnings, Slice, SlicePage, Slices

T = TypeVar("T")

_BEGINNINGS: Final = 10_000
"""Truncated streams of which a reader remembers where they begin: some 2 MB."""

DECODED_AT_ONCE: Final = 128
"""
Rows decoded at a time. The objects of a whole page would make Python's garbage collector examine
them again and again. Fewer than its threshold do not: that saves a quarter of the CPU time of a
read, and the first events of a page come sooner (``make bench ONLY=replay``).
"""


class Decoder(Protocol[T]):
    """Converts rows to the events that a reader returns."""

    def decode(
        self, stream_id: UUID, rows: Sequence[Row]
    ) -> tuple[list[T], UndecodableEvent | None]:
        """Return the events of some rows, up to the first that cannot be decoded."""


@dataclass(slots=True)
class Reader(Generic[T]):
    """Reads streams. Requests are repeated until they are answered or time is up."""

    session: Session
    statements: StatementCache
    decoder: Decoder[T]
    settings: Settings
    observer: Observer | None = None
    beginnings: KnownBeginnings = field(default_factory=lambda: KnownBeginnings(_BEGINNINGS))

    async def read(
        self,
        wanted: Range,
        *,
        page_size: int | None = None,
        serial: bool = False,
        timeout: float | None = None,
        watch: ReadWatch | None = None,
    ) -> AsyncGenerator[T, None]:
        """
        Iterate over the events of a range.

        If a version is missing in a quorum read, an append may be half-way through its commit. The
        rest is then read again at SERIAL, which completes the commit. A version that is missing
        even then is lost.

        Args:
            wanted: The range.
            page_size: Events fetched at once; None chooses by their size.
            serial: Read at SERIAL from the beginning.
            timeout: Seconds in which each page must be answered; None is `Settings.timeout`.
            watch: Receives the facts of the read for the hooks.

        Raises:
            StreamHole, StreamTruncated, UndecodableEvent: see `EventReader.read_events`.
            StoreUnavailable, SchemaError, MisuseError
        """
        if not wanted.count:
            return
        seconds = self.settings.timeout if timeout is None else timeout
        sizer = PageSizer(self.settings.page_bytes, page_size)
        check = GapCheck(wanted)
        # One round at the most for each level: a quorum read, then a serial read of the rest.
        while True:
            pages = await self._pages(check.wanted, sizer, seconds, watch, serial=serial)
            try:
                while check.hole is None:
                    coming = pages.take()
                    page = await (coming if watch is None else watch.wait_for(coming))
                    if page is None or page.wrong_hint:
                        break
                    last_page = page.state is None
                    rows = check.accept(
                        page.rows, last_page=last_page, kept_from=page.kept_from, head=page.head
                    )
                    for some in _batches(rows):
                        events, undecodable = self.decoder.decode(wanted.stream_id, some)
                        for event in events:
                            yield event
                        if undecodable is not None:
                            raise undecodable
            finally:
                pages.stop()
            if page is not None and page.wrong_hint:  # of the first page: nothing was returned yet
                self.beginnings.forget(wanted.stream_id)
            elif check.hole is None:
                return
            else:
                check, serial = await self._again(check, check.hole, seconds, watch, serial=serial)

    async def _again(
        self,
        check: GapCheck,
        hole: int,
        seconds: float,
        watch: ReadWatch | None,
        *,
        serial: bool,
    ) -> tuple[GapCheck, bool]:
        """Return the check of the next round, and whether it is serial; raises `StreamHole`."""
        stream_id = check.wanted.stream_id
        if not serial:
            if watch is not None:
                watch.repair_started(hole)
            # The events before the hole are with the caller already: only the rest is read again.
            # The head is kept, so that a stream that ends too early is noticed again.
            return GapCheck(check.wanted, check.head, begun=check.begun), True
        if await self.statements.look_for_truncation(Deadline(seconds)):
            return GapCheck(check.wanted, begun=check.begun), True
        raise StreamHole(stream_id, hole)

    async def read_exactly(
        self, stream_id: UUID, first: int, event_ids: tuple[UUID, ...], deadline: Deadline
    ) -> tuple[T, ...] | None:
        """
        Return the events from a version on if they have these ids, otherwise None. At SERIAL.

        Events with other ids are not decoded, so they cannot raise an error.

        Args:
            stream_id: The stream.
            first: The version of the first event.
            event_ids: The ids, in order.
            deadline: The deadline of the call.

        Raises:
            UndecodableEvent, StoreUnavailable
        """
        count = len(event_ids)
        rows: list[Row] = []
        state: bytes | None = None
        while True:
            page = await self._page(
                "read_forward",
                (stream_id, first, count),
                deadline,
                serial=True,
                page_size=count,
                page_state=state,
            )
            rows += with_kept_from(page)
            state = page.state
            if state is None:
                break
        if [row[EVENT_ID] for row in rows] != [str(event_id) for event_id in event_ids]:
            return None
        events, undecodable = self.decoder.decode(stream_id, rows)
        if undecodable is not None:
            raise undecodable
        return tuple(events)

    async def head(
        self,
        stream_id: UUID,
        deadline: Deadline,
        *,
        serial: bool = False,
        category: str | None = None,
    ) -> int:
        """
        Return the version of a stream, 0 for a stream without events.

        Args:
            stream_id: The stream.
            deadline: The deadline of the call.
            serial: Read at SERIAL.
            category: The category that the stream must have if it has events; None for any.

        Raises:
            WrongCategory: it is of another category.
            StoreUnavailable, SchemaError, MisuseError
        """
        name = "read_head" if category is None else "read_category_head"
        page = await self._page(name, (stream_id,), deadline, serial=serial, page_size=1)
        version: int = next((row[0] for row in page.rows if row[0]), 0)
        if category is not None and version and version != MAX_VERSION:
            _check_category(stream_id, page.rows, category)
        return version

    async def extent(
        self, stream_id: UUID, deadline: Deadline, *, serial: bool = False
    ) -> tuple[int, int]:
        """
        Return where a stream begins, and its version; (1, 0) if there is no such stream.

        The version of a closed stream is `MAX_VERSION`.

        Args:
            stream_id: The stream.
            deadline: The deadline of the call.
            serial: Read at SERIAL.

        Raises:
            StoreUnavailable, SchemaError, MisuseError
        """
        page = await self._page("read_head", (stream_id,), deadline, serial=serial, page_size=1)
        for version, kept_from in with_kept_from(page):
            if kept_from:
                self.beginnings.put(stream_id, kept_from)
            return kept_from or 1, version or 0
        return 1, 0

    async def recent_ids(
        self,
        stream_id: UUID,
        head: int,
        count: int,
        deadline: Deadline,
        *,
        serial: bool = False,
        category: str | None = None,
    ) -> tuple[int, dict[int, UUID]]:
        """
        Return the version of a stream, and the ids of its last *count* events by version.

        A closed stream has the version `MAX_VERSION`, and no ids.

        If a version is missing in a quorum read, an append may be half-way through its commit. Then
        the ids are read again at SERIAL.

        Args:
            stream_id: The stream.
            head: A version that the stream has reached.
            count: How many events to look at.
            deadline: The deadline of the call.
            serial: Read at SERIAL at once.
            category: The category that the stream must have if events of it are found; None for
                any.

        Raises:
            WrongCategory: it is of another category.
            StoreUnavailable, SchemaError, MisuseError
        """
        # From the mark of a truncated stream on, if so many: it says that the stream is closed.
        above = head - count if head > count else -1
        name = "read_ids" if category is None else "read_category_ids"
        page = await self._page(
            name, (stream_id, above, count + 1), deadline, serial=serial, page_size=count + 1
        )
        version = next((row[2] for row in page.rows if row[2]), head)
        if version == MAX_VERSION:
            return version, {}
        if category is not None and page.rows:
            _check_category(stream_id, page.rows, category)
        kept_from = 1
        if "kept_from" in page.columns and page.rows:
            kept_from = page.rows[0][3] or 1
        lowest = max(above + 1, version - count + 1, kept_from, 1)
        rows = [row for row in page.rows if row[0] >= lowest]
        expected = range(version, lowest - 1, -1)
        found = [row[0] for row in rows]
        if not serial and found != list(expected):
            if self.observer is not None:
                missing = min(set(expected).difference(found), default=version)
                self.observer.report(SerialRepair(self.observer.source, stream_id, missing))
            return await self.recent_ids(
                stream_id, head, count, deadline, serial=True, category=category
            )
        return version, {row[0]: UUID(row[1]) for row in rows if row[1] is not None}

    async def _pages(
        self,
        wanted: Range,
        sizer: PageSizer,
        seconds: float,
        watch: ReadWatch | None,
        *,
        serial: bool,
    ) -> Pages[SlicePage]:
        # Prepared before the first page is asked for, so that a watch times the page alone.
        first = Deadline(seconds)
        slices = Slices(wanted, self.beginnings.get(wanted.stream_id))
        begin = slices.first(sizer.next_size())
        await self.statements.get(begin.name, first)
        if not wanted.backward:
            await self.statements.get("read_forward", first)  # of the second page, if it has one

        async def fetch(state: Slice | None) -> SlicePage:
            stopwatch = None if watch is None else Stopwatch()
            asked = begin if state is None else state
            answer = await self._page(
                asked.name,
                asked.values,
                first if state is None else Deadline(seconds),
                serial=serial,
                page_size=asked.size,
                page_state=asked.state,
            )
            rows = with_kept_from(answer)
            size = payload_bytes(rows)
            sizer.saw(len(rows), size)
            page = slices.page(asked, rows, answer.state, sizer.next_size())
            if page.kept_from > 1:
                self.beginnings.put(wanted.stream_id, page.kept_from)
            if watch is not None and stopwatch is not None:
                watch.page_arrived(stopwatch, len(page.rows), size, serial=serial)
            return page

        return Pages(fetch)

    async def _page(
        self, name: str, values: tuple[Any, ...], deadline: Deadline, **options: Any
    ) -> Page:
        prepared = await self.statements.get(name, deadline)
        doing = f"reading stream {values[0]}"
        explain = self.statements.explain
        return await self.session.read(
            prepared, values, deadline, doing=doing, explain=explain, **options
        )


def _check_category(stream_id: UUID, rows: Sequence[Row], category: str) -> None:
    """Raise `WrongCategory` if the last column of rows of a stream shows another category."""
    actual = next((row[-1] for row in rows if row[-1]), None)
    if actual != category:
        raise WrongCategory(stream_id, category, actual)


def _batches(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    for start in range(0, len(rows), DECODED_AT_ONCE):
        yield rows[start : start + DECODED_AT_ONCE]
