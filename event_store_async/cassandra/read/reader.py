"""Reader: events, the head and the recent ids of a stream."""

from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, Protocol, TypeVar
from uuid import UUID

from ...errors import StreamHole, UndecodableEvent, WrongCategory
from ...hooks import SerialRepair
from ...hooks.observer import Observer, Stopwatch
from ...hooks.read_watch import ReadWatch
from ...retry import Deadline
from ...settings import Settings
from ..driver.port import Page, Row
from ..driver.session import Session
from ..schema.statements import StatementCache
from .gap_check import GapCheck, Range
from .pages import Pages, PageSizer
from .rows import EVENT_ID, PAYLOAD, VERSION

T = TypeVar("T")

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
            StreamHole, UndecodableEvent, StoreUnavailable, SchemaError, MisuseError
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
                    if page is None:
                        break
                    rows = check.accept(page.rows, last_page=page.state is None)
                    for some in _batches(rows):
                        events, undecodable = self.decoder.decode(wanted.stream_id, some)
                        for event in events:
                            yield event
                        if undecodable is not None:
                            raise undecodable
            finally:
                pages.stop()
            if check.hole is None:
                return
            if serial:
                raise StreamHole(wanted.stream_id, check.hole)
            serial = True
            if watch is not None:
                watch.repair_started(check.hole)
            # The events before the hole are with the caller already: only the rest is read again.
            # The head is kept, so that a stream that ends too early is noticed again.
            check = GapCheck(check.wanted, check.head)

    async def some(self, stream_id: UUID, first: int, count: int) -> tuple[list[T], int]:
        """
        Return events from a version on, in one request, and the bytes of their payloads.

        They may be fewer than *count*, or none: they end before a version that a quorum does not
        show, and before an event that cannot be decoded. `read` tells which of the two it is.

        Args:
            stream_id: The stream.
            first: The version of the first event.
            count: How many events.

        Raises:
            StoreUnavailable, SchemaError, MisuseError
        """
        deadline = Deadline(self.settings.timeout)
        values = (stream_id, first, count)
        page = await self._page("read_forward", values, deadline, page_size=count)
        rows = page.rows
        for index, row in enumerate(rows):
            if row[VERSION] != first + index:
                rows = rows[:index]
                break
        events, _ = self.decoder.decode(stream_id, rows)
        return events, sum(len(row[PAYLOAD] or b"") for row in rows)

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
            rows += page.rows
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
        if category is not None and version:
            _check_category(stream_id, page.rows, category)
        return version

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
        above = max(0, head - count)
        name = "read_ids" if category is None else "read_category_ids"
        page = await self._page(
            name, (stream_id, above, count), deadline, serial=serial, page_size=count
        )
        if category is not None and page.rows:
            _check_category(stream_id, page.rows, category)
        version = next((row[2] for row in page.rows if row[2]), head)
        expected = range(version, max(above, version - count), -1)
        found = [row[0] for row in page.rows]
        if not serial and found != list(expected):
            if self.observer is not None:
                missing = min(set(expected).difference(found), default=version)
                self.observer.report(SerialRepair(self.observer.source, stream_id, missing))
            return await self.recent_ids(
                stream_id, head, count, deadline, serial=True, category=category
            )
        return version, {row[0]: UUID(row[1]) for row in page.rows if row[1] is not None}

    async def _pages(
        self,
        wanted: Range,
        sizer: PageSizer,
        seconds: float,
        watch: ReadWatch | None,
        *,
        serial: bool,
    ) -> Pages:
        name = "read_backward" if wanted.backward else "read_forward"
        # Prepared before the first page is asked for, so that a watch times the page alone.
        first = Deadline(seconds)
        await self.statements.get(name, first)
        values = (wanted.stream_id, wanted.first, wanted.count)

        async def fetch(state: bytes | None) -> Page:
            asked = None if watch is None else Stopwatch()
            page = await self._page(
                name,
                values,
                first if state is None else Deadline(seconds),
                serial=serial,
                page_size=sizer.next_size(),
                page_state=state,
            )
            size = sum(len(row[PAYLOAD] or b"") for row in page.rows)
            sizer.saw(len(page.rows), size)
            if watch is not None and asked is not None:
                watch.page_arrived(asked, len(page.rows), size, serial=serial)
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
