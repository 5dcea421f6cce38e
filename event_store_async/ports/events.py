"""The ports: what an application asks of an event store, whichever one it is."""

from collections.abc import AsyncGenerator, Iterable
from typing import TYPE_CHECKING, Any, Literal, Protocol
from uuid import UUID

from .._typevars import P_co
from ..events import NewEvent, RecordedEvent
from ..results import AppendResult, Persisted
from ..versions import ANY, ExpectedVersion

if TYPE_CHECKING:
    from typing_extensions import TypeVar

    E = TypeVar("E", default=Any)
else:
    from typing import TypeVar

    E = TypeVar("E")

ReadConsistency = Literal["serial"]
"""``"serial"``: see every append acknowledged to anybody before the read began, and finish any
that a dead coordinator left half-way. None, the default of reads, is a quorum read: it sees every
append acknowledged before it began, and may or may not see one that is in flight."""


class EventReader(Protocol[P_co]):
    """
    Reads streams, whose events carry payloads of one type; of any, where none is said.

    What a read gives is always a contiguous run of versions that stands in the stream; a hole is
    an error, never skipped.
    """

    def read_events(
        self,
        stream_id: UUID,
        from_version: int | None = None,
        max_count: int | None = None,
        *,
        backward: bool = False,
        page_size: int | None = None,
        consistency: ReadConsistency | None = None,
    ) -> AsyncGenerator[RecordedEvent[P_co], None]:
        """
        Iterate over the stream's events in version order, or backward from its end.

        Args:
            stream_id: The stream; one without events gives nothing.
            from_version: The version to begin with, inclusive. None is the stream's beginning,
                or its end when reading backward. 0 is the same as 1.
            max_count: At most so many events; None is no limit.
            backward: Newest first.
            page_size: Events fetched at once; None lets the store choose by their size.
            consistency: See `ReadConsistency`.

        Raises:
            InvalidArgument: at the call, before anything is sent.
            StreamHole: an event is missing.
            UndecodableEvent: no codec understands an event; reading on behind it works.
            StoreUnavailable: no quorum answered in time.
            MisuseError: the store is closed, or belongs to another loop or process.
            SchemaError: the table is missing or of another version.
        """

    async def current_version(self, stream_id: UUID) -> int:
        """
        Return the version of the stream's last event, 0 for a stream without events.

        Raises:
            InvalidStreamId: before anything is sent.
            StoreUnavailable: no quorum answered in time.
            MisuseError: the store is closed, or belongs to another loop or process.
            SchemaError: the table is missing or of another version.
        """


class EventWriter(Protocol[E]):
    """
    Appends to streams, whose events carry payloads of one type; of any, where none is said.

    An append is all or nothing: its events stand in the stream at consecutive versions, in the
    order given, or none of them does. Appends of one writer to one stream are stored in the
    order of the calls.
    """

    async def persist_events(
        self,
        stream_id: UUID,
        events: Iterable[E | NewEvent[E]],
        expected_version: ExpectedVersion = ANY,
        *,
        timeout: float | None = None,
    ) -> Persisted[E]:
        """
        Append events to a stream and return them as recorded.

        Args:
            stream_id: The stream; it begins with its first event.
            events: Payloads, or `NewEvent`s. None at all is allowed: a stated expectation is
                still checked.
            expected_version: What must be true of the stream: `ANY`, `NO_STREAM`,
                `STREAM_EXISTS` or an exact version.
            timeout: Seconds until the truth must be known; None is the store's setting.

        Raises:
            InvalidArgument: before anything is sent; nothing is stored.
            ConcurrentModification: the expectation is not met; nothing is stored.
            AppendOutcomeUnknown: no quorum answered in time; appending the same events again
                settles it.
            StoreUnavailable: no quorum could be asked in time; nothing is stored.
            StoreOverloaded: too many appends wait already; nothing is stored.
            RequestRefused: the server refuses for good (permissions, limits); nothing is stored.
            UndecodableEvent: an earlier call stored these events, and no codec here reads them.
            MisuseError: the store is closed, or belongs to another loop or process.
            SchemaError: the table is missing or of another version.
        """

    async def try_persist_events(
        self,
        stream_id: UUID,
        events: Iterable[E | NewEvent[E]],
        expected_version: ExpectedVersion = ANY,
        *,
        timeout: float | None = None,
    ) -> AppendResult[E]:
        """
        Do as `persist_events` does, but return a `ConcurrentModification` as a value.

        Raises:
            EventStoreError: as `persist_events` does, `ConcurrentModification` excepted.
        """


class EventReaderWriter(EventReader[E], EventWriter[E], Protocol[E]):
    """Reads streams and appends to them."""
