"""The storage beneath a store: all its streams, and their events bit for bit."""

from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Any
from uuid import UUID

from ...checks import check_number, check_stream_id, check_timeout
from ...errors import (
    AppendTooLarge,
    ConcurrentModification,
    InvalidArgument,
    InvalidEvent,
)
from ...events import RecordedEvent
from ...retry import Deadline
from ...ring import RING, ScanPosition, TokenRange
from ...settings import Settings
from ...stored import (
    Restored,
    StoredEvent,
    StreamSummary,
    StreamTail,
)
from ..driver.session import Session
from ..read.gap_check import Range
from ..read.reader import Reader
from ..read.rows import RowDecoder
from ..read.stored_rows import StoredRows, row_of
from ..schema.statements import StatementCache
from .restorer import Restorer
from .scanner import Scanner


class Storage:
    """
    All streams of a store, and their events as they are stored.

    For tools that look after whole stores, as `event_store_async.moving` does, not for
    applications. `EventStore.storage` is one.

    Args:
        session: The store's.
        statements: The store's.
        decoder: The store's codecs.
        settings: The store's.
        keyspace: Its name, checked.
        table: Its name, checked.
        check_open: Refuses work where there can be none.
    """

    def __init__(
        self,
        session: Session,
        statements: StatementCache,
        decoder: RowDecoder,
        settings: Settings,
        keyspace: str,
        table: str,
        check_open: Callable[[], object],
    ) -> None:
        self.table = f"{keyspace}.{table}"
        """The table, as ``keyspace.table``."""
        self._decoder = decoder
        self._settings = settings
        self._check_open = check_open
        self._scanner = Scanner(session, statements, settings)
        self._reader: Reader[StoredEvent] = Reader(session, statements, StoredRows(), settings)
        self._restorer = Restorer(session, statements, self._reader, settings)

    def scan_streams(
        self,
        tokens: TokenRange = RING,
        *,
        after: ScanPosition | None = None,
        page_size: int | None = None,
    ) -> AsyncGenerator[StreamSummary, None]:
        """
        Iterate over the streams of a part of the ring, in the ring's order.

        A stream that stood before the scan began is met exactly once; one that begins while it
        runs is met or not. Memory is bounded by two pages.

        Args:
            tokens: The part of the ring; scans of several parts may run at once.
            after: Go on behind this stream (`StreamSummary.position`), in any process.
            page_size: Streams fetched at once.

        Raises:
            InvalidArgument: at the call, before anything is sent.
            StoreUnavailable: no quorum answered in time.
            MisuseError: the store is closed, or belongs to another loop or process.
            SchemaError: the table is missing or of another version.
        """
        check_number("page_size", page_size, at_least=1)
        if after is not None and after.token not in tokens:
            raise InvalidArgument(f"token {after.token} is not in {tokens}")
        self._check_open()
        return self._scanner.scan(tokens, after, page_size)

    def read_stored(
        self, stream_id: UUID, from_version: int = 1, max_count: int | None = None
    ) -> AsyncGenerator[StoredEvent, None]:
        """
        Iterate over a stream's events as they are stored, in version order.

        The promises are those of `EventReader.read_events`: a contiguous run, a hole is an error
        that a serial read has confirmed, memory is bounded. Nothing is decoded.

        Raises:
            InvalidArgument: at the call, before anything is sent.
            StreamHole: an event is missing.
            StoreUnavailable, MisuseError, SchemaError
        """
        check_stream_id(stream_id)
        check_number("from_version", from_version, at_least=1)
        check_number("max_count", max_count, at_least=0)
        self._check_open()
        wanted = Range.of(stream_id, from_version, max_count, backward=False)
        return self._reader.read(wanted, page_size=None, serial=False)

    async def tail(self, stream_id: UUID, *, serial: bool = False) -> StreamTail | None:
        """
        Return where a stream ends, None where there is no stream.

        Args:
            stream_id: The stream.
            serial: At the serial level, which finishes an append that is half-way through its
                commit: what it shows then is the truth of one moment.

        Raises:
            InvalidStreamId, StoreUnavailable, MisuseError, SchemaError
        """
        check_stream_id(stream_id)
        self._check_open()
        return await self._scanner.tail(stream_id, serial=serial)

    async def next_version(self, stream_id: UUID, from_version: int) -> int | None:
        """
        Return the version of the first event at *from_version* or above, None if there is none.

        At the serial level; for reading on behind a hole.

        Raises:
            InvalidStreamId, StoreUnavailable, MisuseError, SchemaError
        """
        check_stream_id(stream_id)
        self._check_open()
        return await self._scanner.next_version(stream_id, from_version)

    def decode(self, event: StoredEvent) -> RecordedEvent[Any]:
        """
        Return an event as the store's readers get it.

        Raises:
            UndecodableEvent: no codec of the store understands it.
        """
        events, undecodable = self._decoder.decode(event.stream_id, [row_of(event)])
        if undecodable is not None:
            raise undecodable
        return events[0]

    async def restore(
        self, events: Sequence[StoredEvent], *, timeout: float | None = None
    ) -> Restored | ConcurrentModification:
        """
        Store events of one stream bit for bit, at the versions that they have, all or nothing.

        Safe to repeat, also in parts of other sizes: events that stand there already, alike in
        every field, are not stored again. A conflict is returned where the stream is elsewhere, or
        holds other events at these versions; then nothing of them is stored, or only those in
        front that stood there before.

        Args:
            events: Events of one stream, at consecutive versions.
            timeout: Seconds until the truth must be known; None is the store's setting.

        Raises:
            InvalidEvent: they are none, of several streams, or not consecutive; nothing is sent.
            AppendTooLarge: more events or bytes than an append may have; nothing is sent.
            RestoreOutcomeUnknown: no quorum answered in time; restoring again settles it.
            StreamInconsistent: an event stands beyond the stream's head.
            StoreUnavailable: no quorum could be asked in time; nothing is stored.
            RequestRefused: the server refuses for good; nothing is stored.
            MisuseError, SchemaError
        """
        _check(events, self._settings)
        check_timeout(timeout)
        self._check_open()
        deadline = Deadline(self._settings.timeout if timeout is None else timeout)
        return await self._restorer.restore(events[0].stream_id, events, deadline)


def _check(events: Sequence[StoredEvent], settings: Settings) -> None:
    if not events:
        raise InvalidEvent(None, "there is no event to restore")
    for index, event in enumerate(events):
        if event.stream_id != events[0].stream_id:
            raise InvalidEvent(index, "events of one stream are restored at a time")
        if event.version != events[0].version + index or event.version < 1:
            raise InvalidEvent(index, f"version {event.version} is not the next one")
        if event.payload is None and event.timestamp is None:
            raise InvalidEvent(index, "an event without payload and timestamp is none")
    size = sum(event.size for event in events)
    # One event that stands in a store was within the limits of whoever appended it.
    if len(events) > 1 and size > settings.max_append_bytes:
        raise AppendTooLarge("bytes", size, settings.max_append_bytes)
    if len(events) > settings.max_append_events:
        raise AppendTooLarge("events", len(events), settings.max_append_events)
