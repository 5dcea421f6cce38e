"""Reading: a stream's pages, fetched ahead, checked for holes."""

from collections.abc import AsyncGenerator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Generic, Protocol
from uuid import UUID

from ...errors import StreamHole, UndecodableEvent
from ...events import RecordedEvent
from ...hooks import SerialRepair
from ...hooks.observer import Observer, Stopwatch
from ...hooks.read_watch import ReadWatch
from ...retry import Deadline
from ...settings import Settings
from ..driver.port import Page, Row
from ..driver.session import Session
from ..schema.statements import StatementCache
from .gap_check import GapCheck, Range
from .page_sizer import PageSizer
from .pages import Pages
from .rows import EVENT_ID, PAYLOAD

if TYPE_CHECKING:
    from typing_extensions import TypeVar

    T = TypeVar("T", default=RecordedEvent)
else:
    from typing import TypeVar

    T = TypeVar("T")


DECODED_AT_ONCE: Final = 128
"""
Rows. As many objects as a page's events are at once would have Python's garbage collector go
through all of them, again and again: with fewer than it waits for, a quarter of a read's CPU is
spared, and a page's beginning comes sooner (``make bench ONLY=replay``).
"""


class Decoder(Protocol[T]):
    """Makes events of rows, of whatever kind the reader hands out."""

    def decode(
        self, stream_id: UUID, rows: Iterable[Row]
    ) -> tuple[list[T], UndecodableEvent | None]:
        """Return the events of a page's rows, up to the first that cannot be decoded."""


@dataclass(slots=True)
class Reader(Generic[T]):
    """Reads rows and events; retries what a read may retry."""

    session: Session
    statements: StatementCache
    decoder: Decoder[T]
    settings: Settings
    observer: Observer | None = None

    async def read(
        self,
        wanted: Range,
        *,
        page_size: int | None,
        serial: bool,
        watch: ReadWatch | None = None,
    ) -> AsyncGenerator[T, None]:
        """
        Iterate over the events of a range.

        Where a quorum read shows a hole (an append may be half-way through its commit), the rest
        is read again at the serial level, which finishes the commit; a hole that remains is real.

        Raises:
            StreamHole, UndecodableEvent, StoreUnavailable, SchemaError, MisuseError
        """
        if not wanted.count:
            return
        sizer = PageSizer(self.settings.page_bytes, page_size)
        progress = GapCheck(wanted)
        while True:
            pages = await self._pages(progress.wanted, sizer, watch, serial=serial)
            try:
                while progress.hole is None:
                    coming = pages.take()
                    page = await (coming if watch is None else watch.wait_for(coming))
                    if page is None:
                        break
                    rows = progress.accept(page.rows, last_page=page.state is None)
                    for some in _batches(rows):
                        events, undecodable = self.decoder.decode(wanted.stream_id, some)
                        for event in events:
                            yield event
                        if undecodable is not None:
                            raise undecodable
            finally:
                pages.stop()
            if progress.hole is None:
                return
            if serial:
                raise StreamHole(wanted.stream_id, progress.hole)
            serial = True
            if watch is not None:
                watch.repair_started(progress.hole)
            progress = GapCheck(progress.wanted, progress.head)

    async def read_exactly(
        self, stream_id: UUID, first: int, event_ids: tuple[UUID, ...], deadline: Deadline
    ) -> tuple[T, ...] | None:
        """
        Return these very events if they stand there, None if not; at the serial level.

        Others are not decoded: whether these stand there does not hang on them.

        Args:
            stream_id: The stream.
            first: The version of the first.
            event_ids: Their ids, in order.
            deadline: Until when.

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

    async def head(self, stream_id: UUID, deadline: Deadline, *, serial: bool = False) -> int:
        """
        Return a stream's version, 0 where there is none.

        Raises:
            StoreUnavailable, SchemaError, MisuseError
        """
        page = await self._page("read_head", (stream_id,), deadline, serial=serial, page_size=1)
        return next((row[0] for row in page.rows if row[0]), 0)

    async def recent_ids(
        self, stream_id: UUID, head: int, count: int, deadline: Deadline, *, serial: bool = False
    ) -> tuple[int, dict[int, UUID]]:
        """
        Return a stream's version, and the ids of its last *count* events by their versions.

        What a quorum read leaves open (an append may be half-way through its commit) a serial one
        decides.

        Args:
            stream_id: The stream.
            head: The version that it had reached at least.
            count: How many events to look at.
            deadline: Until when.
            serial: Ask at the serial level at once.

        Raises:
            StoreUnavailable, SchemaError, MisuseError
        """
        above = max(0, head - count)
        page = await self._page(
            "read_ids", (stream_id, above, count), deadline, serial=serial, page_size=count
        )
        version = next((row[2] for row in page.rows if row[2]), head)
        whole = range(version, max(above, version - count), -1)
        found = [row[0] for row in page.rows]
        if not serial and found != list(whole):
            if self.observer is not None:
                missing = min(set(whole).difference(found), default=version)
                self.observer.report(SerialRepair(self.observer.source, stream_id, missing))
            return await self.recent_ids(stream_id, head, count, deadline, serial=True)
        return version, {row[0]: UUID(row[1]) for row in page.rows if row[1] is not None}

    async def _pages(
        self,
        wanted: Range,
        sizer: PageSizer,
        watch: ReadWatch | None,
        *,
        serial: bool,
    ) -> Pages:
        name = "read_backward" if wanted.backward else "read_forward"
        # Prepared before the first page is asked for, so that a watch times the page alone.
        await self.statements.get(name, Deadline(self.settings.timeout))
        values = (wanted.stream_id, wanted.first, wanted.count)

        async def fetch(state: bytes | None) -> Page:
            asked = None if watch is None else Stopwatch()
            page = await self._page(
                name,
                values,
                Deadline(self.settings.timeout),
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
        return await self.session.read(prepared, values, deadline, doing=doing, **options)


def _batches(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    for start in range(0, len(rows), DECODED_AT_ONCE):
        yield rows[start : start + DECODED_AT_ONCE]
