"""How appends, restores and reads end without success."""

from collections.abc import Mapping
from uuid import UUID

from ..counts import counted
from ..events import NewEvent
from ..versions import ANY, STREAM_EXISTS, ExpectedVersion
from .base import EventStoreError


class ConcurrentModification(EventStoreError):
    """
    The stream is not at the expected version; certain: nothing was stored.

    `persist_events` raises it; `try_persist_events` returns it as a value.

    Attributes:
        stream_id: The stream.
        expected_version: The expected version that the caller gave.
        actual_version: The version of the stream at some moment during the call.
        found: Those of the append's event ids that are in the stream already, each with the highest
            version at which it was found. Empty if none was found, or none was searched for.
    """

    __match_args__ = ("stream_id", "expected_version", "actual_version")

    def __init__(
        self,
        stream_id: UUID,
        expected_version: ExpectedVersion,
        actual_version: int,
        found: Mapping[UUID, int] | None = None,
    ) -> None:
        text = f"stream {stream_id} is at version {actual_version}"
        is_as_expected = expected_version is ANY or expected_version is STREAM_EXISTS
        if not found or not is_as_expected:
            text += f", expected {expected_version!r}"
        if found:
            places = ", ".join(f"{event_id} at version {at}" for event_id, at in found.items())
            text += f"; some of the events are stored already: {places}"
        super().__init__(
            text,
            hint="repeat an append with the same event ids in the same order" if found else None,
        )
        self.stream_id = stream_id
        self.expected_version = expected_version
        self.actual_version = actual_version
        self.found: Mapping[UUID, int] = dict(found or {})

    def _facts(self) -> tuple[UUID, ExpectedVersion, int]:
        return self.stream_id, self.expected_version, self.actual_version

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ConcurrentModification):
            return NotImplemented
        return self._facts() == other._facts()

    def __hash__(self) -> int:
        return hash(self._facts())


class WrongCategory(EventStoreError):
    """
    The stream is not of the view's category; certain: this call stored nothing.

    A stream gets its category with its first event, and keeps it for ever. So another attempt ends
    in the same way, unless the stream has no category and gets one meanwhile.

    Attributes:
        stream_id: The stream.
        expected: The category of the view that was appended through, or that was to be set.
        actual: The category of the stream; None if it has none.
    """

    __match_args__ = ("stream_id", "expected", "actual")

    def __init__(self, stream_id: UUID, expected: str, actual: str | None) -> None:
        what = "has no category" if actual is None else f"is of category {actual!r}"
        hint = f"`event-store streams categorise --category {expected} {stream_id}` gives it one, "
        hint += "unless a feed holds its events already"
        super().__init__(
            f"stream {stream_id} {what}, expected {expected!r}",
            hint=hint if actual is None else None,
        )
        self.stream_id = stream_id
        self.expected = expected
        self.actual = actual


class StreamClosed(EventStoreError):
    """
    The stream is closed for ever; certain: this append stored nothing.

    No later attempt ends otherwise: see `StreamEraser.close_stream`.

    Attributes:
        stream_id: The stream.
    """

    def __init__(self, stream_id: UUID) -> None:
        super().__init__(
            f"stream {stream_id} is closed for ever",
            hint="begin another stream, with another id",
        )
        self.stream_id = stream_id


class AppendOutcomeUnknown(EventStoreError):
    """
    No quorum answered before the deadline. The append may be stored, now or a little later.

    Append `events` again, with the same expected version, from this process or another. That call
    settles the outcome: it finds the events, stores them, or reports a conflict, and never stores
    them twice. With `ANY` or `STREAM_EXISTS`, repeat it before the stream has grown by more than
    `Settings.look_back` versions: only those are searched for the events.

    Attributes:
        stream_id: The stream.
        expected_version: The expected version that the caller gave.
        events: The events with their ids, ready to be passed to the next call.
        event_ids: Their ids, in order.
    """

    def __init__(
        self,
        stream_id: UUID,
        expected_version: ExpectedVersion,
        events: tuple[NewEvent, ...],
    ) -> None:
        super().__init__(
            f"it is unknown whether {counted(len(events), 'event')} "
            f"{'was' if len(events) == 1 else 'were'} appended to stream {stream_id}",
            hint="append the error's `events` again, with the same expected version",
        )
        self.stream_id = stream_id
        self.expected_version = expected_version
        self.events = events

    @property
    def event_ids(self) -> tuple[UUID, ...]:
        """The ids of the events that may be stored, in order."""
        return tuple(event.event_id for event in self.events)


class StoreUnavailable(EventStoreError):
    """A quorum of replicas could not be reached in time; certain: nothing was stored."""


class StoreOverloaded(EventStoreError):
    """
    Too many appends are queued, or one was queued until its deadline; certain: nothing was stored.

    The server may be well: this process gives it more than it can do in time.
    """


class RequestRefused(EventStoreError):
    """The server or the driver refused the request for good; certain: nothing was stored."""


class RestoreOutcomeUnknown(EventStoreError):
    """
    No quorum answered before the deadline. The events may be stored, now or a little later.

    Restore the same events again, from any process: those already stored are recognised.

    Attributes:
        stream_id: The stream.
        first: The version of the first event.
        last: The version of the last event.
    """

    def __init__(self, stream_id: UUID, first: int, last: int) -> None:
        super().__init__(
            f"it is unknown whether versions {first} to {last} of stream {stream_id} were restored",
            hint="restore the same events again; those already stored are recognised",
        )
        self.stream_id = stream_id
        self.first = first
        self.last = last


class CategoryOutcomeUnknown(EventStoreError):
    """
    No quorum answered before the deadline. The stream may have the category, now or a little later.

    Categorise the stream again, from any process: a category that it has already is recognised.

    Attributes:
        stream_id: The stream.
        category: The category that was to be set.
    """

    def __init__(self, stream_id: UUID, category: str) -> None:
        super().__init__(
            f"it is unknown whether stream {stream_id} has been given the category {category!r}",
            hint="categorise it again; a category that it has already is recognised",
        )
        self.stream_id = stream_id
        self.category = category


class ErasureOutcomeUnknown(EventStoreError):
    """
    No quorum answered before the deadline. The events may be gone, now or a little later.

    Repeat the call, from any process: what is gone already is recognised.

    Attributes:
        stream_id: The stream.
        before: Events below this version may be gone.
        closes: Whether the stream may be closed, too.
    """

    def __init__(self, stream_id: UUID, before: int, closes: bool = False) -> None:
        what = "closed" if closes else f"truncated before version {before}"
        super().__init__(
            f"it is unknown whether stream {stream_id} has been {what}",
            hint="repeat the call; what is gone already is recognised",
        )
        self.stream_id = stream_id
        self.before = before
        self.closes = closes
