"""`EventStore.storage`: all streams of a store, and their events bit for bit."""

from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Any
from uuid import UUID

from ...checks import (
    check_bool,
    check_category,
    check_instance,
    check_int,
    check_optional_int,
    check_stream_id,
    check_timeout,
)
from ...errors import (
    AppendTooLarge,
    ConcurrentModification,
    InvalidArgument,
    InvalidEvent,
)
from ...events import RecordedEvent
from ...excerpt import excerpt
from ...moments import MAX_TIMESTAMP, MIN_TIMESTAMP
from ...retry import Deadline
from ...ring import LARGEST, RING, SMALLEST, ScanPosition, TokenRange
from ...settings import Settings
from ...snapshot import check_kind
from ...stored import (
    Restored,
    SnapshotSummary,
    StoredEvent,
    StreamSummary,
    StreamTail,
    check_stored,
)
from ...versions import MAX_VERSION
from ..driver.session import Session
from ..read.gap_check import Range
from ..read.reader import Reader
from ..read.rows import RowDecoder, StoredRowDecoder
from ..schema.statements import StatementCache
from ..snapshots.table import SnapshotTable
from .categoriser import Categoriser
from .eraser import Eraser
from .restorer import Restorer
from .scanner import Scanner


class Storage:
    """
    All streams of a store, and their events as they are stored.

    `EventStore.storage` is one. It is for tools that work on whole stores, such as
    `event_store_async.maintenance` and `event_store_async.archive`, not for applications.

    Args:
        session: The store's.
        statements: The store's.
        decoder: The store's codecs.
        restorer: Writes stored events back.
        categoriser: Gives streams their categories.
        eraser: Restores where truncated streams begin.
        snapshots: The table of snapshots.
        settings: The store's.
        keyspace: Its name, checked.
        table: Its name, checked.
        check_open: Raises if the store cannot be used.
    """

    def __init__(
        self,
        session: Session,
        statements: StatementCache,
        decoder: RowDecoder,
        restorer: Restorer,
        categoriser: Categoriser,
        eraser: Eraser,
        snapshots: SnapshotTable,
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
        self._reader = Reader(session, statements, StoredRowDecoder(), settings)
        self._restorer = restorer
        self._categoriser = categoriser
        self._eraser = eraser
        self._snapshots = snapshots

    def scan_streams(
        self,
        tokens: TokenRange = RING,
        *,
        after: ScanPosition | None = None,
        page_size: int | None = None,
    ) -> AsyncGenerator[StreamSummary, None]:
        """
        Iterate over the streams of a part of the ring, in the ring's order.

        A stream that existed before the scan began is given exactly once; one that begins during
        the scan may or may not be given. Memory is bounded by two pages.

        Args:
            tokens: The part of the ring. Scans of several parts may run at once.
            after: Continue after this stream (`StreamSummary.position`), in any process.
            page_size: Streams fetched at once.

        Raises:
            InvalidArgument: at the call, before anything is sent.
            StoreUnavailable: no quorum answered in time.
            MisuseError: the store is closed, or belongs to another loop or process.
            SchemaError: the table is missing or of another version.
        """
        check_instance("tokens", tokens, TokenRange, "a TokenRange")
        check_instance("after", after, ScanPosition, "a ScanPosition", optional=True)
        check_optional_int("page_size", page_size, at_least=1)
        if after is not None:
            check_int("the token of after", after.token, at_least=SMALLEST, at_most=LARGEST)
            check_stream_id(after.stream_id)
        if after is not None and after.token not in tokens:
            raise InvalidArgument(f"token {after.token} is not in {tokens}")
        self._check_open()
        return self._scanner.scan(tokens, after, page_size)

    def read_stored(
        self, stream_id: UUID, from_version: int = 1, max_count: int | None = None
    ) -> AsyncGenerator[StoredEvent, None]:
        """
        Iterate over a stream's events as they are stored, in version order.

        The promises are those of `EventReader.read_events`: a contiguous run; a hole, confirmed by
        a serial read, is an error; memory is bounded. Nothing is decoded.

        Raises:
            InvalidArgument: at the call, before anything is sent.
            StreamHole: an event is missing.
            StoreUnavailable, MisuseError, SchemaError: as a read does.
        """
        stream_id = check_stream_id(stream_id)
        check_int("from_version", from_version, at_least=1, at_most=MAX_VERSION)
        check_optional_int("max_count", max_count, at_least=0)
        self._check_open()
        wanted = Range.of(stream_id, from_version, max_count, backward=False)
        return self._reader.read(wanted)

    async def tail(self, stream_id: UUID, *, serial: bool = False) -> StreamTail | None:
        """
        Return where a stream ends, or None if there is no stream.

        Args:
            stream_id: The stream.
            serial: Read at the serial level, which completes an append whose commit is half done.
                The result is then the state at one moment.

        Raises:
            InvalidStreamId, StoreUnavailable, MisuseError, SchemaError: as a read does.
        """
        stream_id = check_stream_id(stream_id)
        check_bool("serial", serial)
        self._check_open()
        return await self._scanner.tail(stream_id, serial=serial)

    async def next_version(self, stream_id: UUID, from_version: int) -> int | None:
        """
        Return the version of the first event at *from_version* or above, or None.

        It reads at the serial level; it is for reading on after a hole.

        Raises:
            InvalidArgument: an argument is not valid.
            StoreUnavailable, MisuseError, SchemaError: as a read does.
        """
        stream_id = check_stream_id(stream_id)
        check_int("from_version", from_version, at_least=1, at_most=MAX_VERSION)
        self._check_open()
        return await self._scanner.next_version(stream_id, from_version)

    def decode(self, event: StoredEvent) -> RecordedEvent[Any]:
        """
        Return an event as the store's readers get it.

        Raises:
            InvalidArgument: *event* is not a `StoredEvent`.
            UndecodableEvent: no codec of the store can decode it.
        """
        check_stored(event)
        return self._decoder.decode_stored(event)

    async def restore(
        self,
        events: Sequence[StoredEvent],
        *,
        category: str | None = None,
        timeout: float | None = None,
    ) -> Restored | ConcurrentModification:
        """
        Store events of one stream bit for bit, at the versions that they have, all or nothing.

        It is safe to repeat, also in parts of other sizes: events that are there already, equal in
        every field, are not stored again. A conflict is returned if the stream is elsewhere or
        holds other events at these versions. Then this call has stored nothing.

        Args:
            events: Events of one stream, at consecutive versions.
            category: The category of the stream. It gets it with its first event; later events are
                stored only if it has it. None leaves it as it is, and a new stream without one.
            timeout: Seconds until the outcome must be known; None is the store's setting.

        Raises:
            InvalidArgument: *category* is not the name of a category; nothing is sent.
            WrongCategory: the stream exists, and is not of that category; this call stored nothing.
            InvalidEvent: there are none, or they belong to several streams, or their versions are
                not consecutive, or a timestamp is outside the years 1 to 9999; nothing is sent.
            AppendTooLarge: more events or bytes than an append may have; nothing is sent.
            RestoreOutcomeUnknown: no quorum answered in time; restoring again settles it.
            StreamInconsistent: an event stands after the stream's own version.
            StoreUnavailable: no quorum could be asked in time; this call stored nothing.
            RequestRefused: the server refuses for good; this call stored nothing.
            MisuseError, SchemaError: this call stored nothing.
        """
        _check(events, self._settings)
        category = None if category is None else check_category(category)
        deadline = self._deadline(timeout)
        stream_id = check_stream_id(events[0].stream_id)
        return await self._restorer.restore(stream_id, events, category, deadline)

    async def restore_beginning(
        self,
        stream_id: UUID,
        kept_from: int,
        *,
        category: str | None = None,
        closed: bool = False,
        timeout: float | None = None,
    ) -> ConcurrentModification | None:
        """
        Begin a stream of which the first events are gone, or all; `restore` stores the others.

        It is safe to repeat: a stream that can hold the events from there on is left as it is. One
        that begins with version 1, and is not closed, needs no beginning: nothing is sent.

        Args:
            stream_id: The stream.
            kept_from: The version of its first event; if there is none, of the next one.
            category: The category that it gets; None for none.
            closed: Whether it is closed for ever.
            timeout: Seconds until the outcome must be known; None is the store's setting.

        Returns:
            None; or a conflict, if the stream is there and does not reach that version, or begins
            later, or is closed and should not be, or the other way round.

        Raises:
            InvalidArgument: an argument is not valid; nothing is sent.
            RestoreOutcomeUnknown: no quorum answered in time; restoring again settles it.
            StoreUnavailable, RequestRefused, MisuseError, SchemaError: this call stored nothing.
        """
        stream_id = check_stream_id(stream_id)
        check_int("kept_from", kept_from, at_least=1, at_most=MAX_VERSION)
        check_bool("closed", closed)
        category = None if category is None else check_category(category)
        deadline = self._deadline(timeout)
        if kept_from == 1 and not closed:
            return None
        return await self._eraser.begin(stream_id, kept_from, category, deadline, closed=closed)

    async def categorise(
        self, stream_id: UUID, category: str, *, timeout: float | None = None
    ) -> bool:
        """
        Give a category to a stream that has events and none: one that began without a view.

        It is safe to repeat: a stream has one category for ever.

        Args:
            stream_id: The stream.
            category: The name of the category.
            timeout: Seconds until the outcome must be known; None is the store's setting.

        Returns:
            True if this call set it. False if it was set already: by another call, or by a request
            of this one whose answer was lost.

        Raises:
            InvalidArgument: an argument is not valid; nothing is sent.
            WrongCategory: the stream has another category, and keeps it.
            AlreadyPublished: events of the stream are in the feed of the table, without a category.
            ConcurrentModification: the stream has no events, so it has no category either.
            CategoryOutcomeUnknown: no quorum answered in time; categorising again settles it.
            CategoriesMissing: the table has no column for categories yet.
            StoreUnavailable: no quorum could be asked in time; this call changed nothing.
            RequestRefused: the server refuses for good; this call changed nothing.
            MisuseError, SchemaError: this call changed nothing.
        """
        stream_id = check_stream_id(stream_id)
        name = check_category(category)
        deadline = self._deadline(timeout)
        return await self._categoriser.categorise(stream_id, name, deadline)

    def scan_snapshots(
        self, stream_id: UUID | None = None
    ) -> AsyncGenerator[SnapshotSummary, None]:
        """
        Iterate over the stored snapshots of a stream, or of all streams, the newest first.

        Args:
            stream_id: The stream; None for all of them, in no order.

        Raises:
            InvalidArgument: at the call, before anything is sent.
            StoreUnavailable: no quorum answered in time.
            MisuseError: the store is closed, or belongs to another loop or process.
            SchemaError: the table of snapshots is missing or of another version.
        """
        stream_id = None if stream_id is None else check_stream_id(stream_id)
        self._check_open()
        return self._snapshots.scan(stream_id)

    async def drop_snapshots(self, stream_id: UUID, kind: str) -> None:
        """
        Delete all stored snapshots of a stream and kind. It is safe to repeat.

        Raises:
            InvalidArgument: an argument is not valid; nothing is sent.
            StoreUnavailable, RequestRefused, MisuseError, SchemaError: as `SnapshotStore.forget`.
        """
        stream_id, kind = check_stream_id(stream_id), check_kind(kind)
        self._check_open()
        await self._snapshots.remove_kind(stream_id, kind)

    def _deadline(self, timeout: float | None) -> Deadline:
        check_timeout(timeout)
        self._check_open()
        return Deadline(self._settings.timeout if timeout is None else timeout)


def _check(events: object, settings: Settings) -> None:
    if not isinstance(events, Sequence) or isinstance(events, str | bytes):
        raise InvalidEvent(None, f"events must be a list of StoredEvents, not {excerpt(events)}")
    for index, event in enumerate(events):
        if not isinstance(event, StoredEvent):
            raise InvalidEvent(index, f"a StoredEvent is needed, not {excerpt(event)}")
        try:
            check_stored(event)
        except InvalidArgument as error:
            raise InvalidEvent(index, error.message, hint=error.hint) from error
    if not events:
        raise InvalidEvent(None, "there are no events to restore")
    for index, event in enumerate(events):
        if event.stream_id != events[0].stream_id:
            raise InvalidEvent(index, "all events must belong to one stream")
        if event.version != events[0].version + index or event.version < 1:
            raise InvalidEvent(index, f"version {event.version} is not the next version")
        if event.payload is None and event.timestamp is None:
            raise InvalidEvent(index, "a payload or a timestamp is required")
        if event.timestamp is not None and not MIN_TIMESTAMP <= event.timestamp <= MAX_TIMESTAMP:
            raise InvalidEvent(index, f"timestamp {event.timestamp} is not in the years 1 to 9999")
    size = sum(event.size for event in events)
    # A single event was within the limits of the store that it comes from.
    if len(events) > 1 and size > settings.max_append_bytes:
        raise AppendTooLarge("bytes", size, settings.max_append_bytes)
    if len(events) > settings.max_append_events:
        raise AppendTooLarge("events", len(events), settings.max_append_events)
