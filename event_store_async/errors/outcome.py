"""What an append or a read can come to, other than success."""

from uuid import UUID

from ..events import NewEvent
from ..versions import ExpectedVersion
from .base import EventStoreError


class ConcurrentModification(EventStoreError):
    """
    The stream is not where the append expected it; nothing was stored.

    Raised by `persist_events` and returned, as a value, by `try_persist_events`.

    Attributes:
        stream_id: The stream.
        expected_version: What the append expected.
        actual_version: Where the stream was instead, at some moment during the call.
    """

    __match_args__ = ("stream_id", "expected_version", "actual_version")

    def __init__(
        self, stream_id: UUID, expected_version: ExpectedVersion, actual_version: int
    ) -> None:
        super().__init__(
            f"stream {stream_id} is at version {actual_version}, expected {expected_version!r}"
        )
        self.stream_id = stream_id
        self.expected_version = expected_version
        self.actual_version = actual_version

    def _facts(self) -> tuple[UUID, ExpectedVersion, int]:
        return self.stream_id, self.expected_version, self.actual_version

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ConcurrentModification):
            return NotImplemented
        return self._facts() == other._facts()

    def __hash__(self) -> int:
        return hash(self._facts())


class AppendOutcomeUnknown(EventStoreError):
    """
    No quorum answered before the deadline: the append may be stored, now or a little later.

    Append `events` again, with the same expected version, from this process or another: that
    settles it, and stores them once. With `ANY` or `STREAM_EXISTS` they are looked for in the
    stream's last `Settings.look_back` versions, so do it before the stream has moved on by more.

    Attributes:
        stream_id: The stream.
        expected_version: What the append expected.
        events: The events with their ids, ready to be handed to the next call.
        event_ids: Their ids, in order.
    """

    def __init__(
        self,
        stream_id: UUID,
        expected_version: ExpectedVersion,
        events: tuple[NewEvent, ...],
    ) -> None:
        super().__init__(
            f"it is unknown whether {len(events)} event(s) were appended to stream {stream_id}",
            hint="append the error's `events` again, with the same expected version",
        )
        self.stream_id = stream_id
        self.expected_version = expected_version
        self.events = events

    @property
    def event_ids(self) -> tuple[UUID, ...]:
        """The ids of the events whose fate is unknown, in order."""
        return tuple(event.event_id for event in self.events)


class StoreUnavailable(EventStoreError):
    """No quorum of replicas could be reached in time; it is certain that nothing was stored."""


class StoreOverloaded(EventStoreError):
    """Too many appends wait already, or one waited out its deadline; nothing was stored."""


class RequestRefused(EventStoreError):
    """The server or the driver refused the request for good; nothing was stored."""


class RestoreOutcomeUnknown(EventStoreError):
    """
    No quorum answered before the deadline: the events may be restored, now or a little later.

    Restoring them again settles it, from any process.

    Attributes:
        stream_id: The stream.
        first: The version of the first of the events.
        last: The version of the last.
    """

    def __init__(self, stream_id: UUID, first: int, last: int) -> None:
        super().__init__(
            f"it is unknown whether versions {first} to {last} of stream {stream_id} were restored",
            hint="restore them again: what is stored already is recognised",
        )
        self.stream_id = stream_id
        self.first = first
        self.last = last
