"""Pages of a feed, and the events on them."""

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from typing import Any, Generic
from uuid import UUID

from .._typevars import P_co
from ..errors import StreamError
from ..events import RecordedEvent
from ..values import setters, value
from .position import Position


@value
class FeedEvent(RecordedEvent[P_co]):
    """
    An event as a feed delivers it: a `RecordedEvent` with its place in the feed.

    Attributes:
        position: The position after this event: reading after it continues with the next one.
        category: The category of its stream, if any.
    """

    position: Position = field(kw_only=True)
    category: str | None = field(default=None, kw_only=True)

    @classmethod
    def of(
        cls, event: RecordedEvent[P_co], position: Position, category: str | None = None
    ) -> "FeedEvent[P_co]":
        """Return an event of a stream with its place in a feed."""
        made = unplaced(event)
        place(made, position, category)
        return made


_new = object.__new__
(
    _set_stream_id,
    _set_version,
    _set_payload,
    _set_timestamp,
    _set_event_id,
    _set_type,
    _set_metadata,
    _set_position,
    _set_category,
) = setters(FeedEvent)


def unplaced_event(
    stream_id: UUID,
    version: int,
    payload: Any,
    timestamp: datetime,
    event_id: UUID | None,
    type_: str | None,
    metadata: Mapping[str, Any] | None,
) -> FeedEvent[Any]:
    """
    Make an event of a feed that lacks its place: `place` gives it, before anybody sees it.

    Without the cost of its constructor: see `recorded_event`.
    """
    made: FeedEvent[Any] = _new(FeedEvent)
    _set_stream_id(made, stream_id)
    _set_version(made, version)
    _set_payload(made, payload)
    _set_timestamp(made, timestamp)
    _set_event_id(made, event_id)
    _set_type(made, type_)
    _set_metadata(made, metadata)
    return made


def unplaced(event: RecordedEvent[P_co]) -> FeedEvent[P_co]:
    """Return an event of a stream as one of a feed that lacks its place."""
    return unplaced_event(
        event.stream_id,
        event.version,
        event.payload,
        event.timestamp,
        event.event_id,
        event.type,
        event.metadata,
    )


def place(event: FeedEvent[Any], position: Position, category: str | None) -> None:
    """Give an event of `unplaced_event` its place in the feed."""
    _set_position(event, position)
    _set_category(event, category)


@value
class BrokenEvent:
    """
    An event of the feed that cannot be read here. The events after it can.

    Attributes:
        position: The position after this event.
        stream_id: The stream that it belongs to.
        version: Its position in the stream.
        type: The name of its type, if any.
        category: The category of its stream, if any.
        error: What `read_events` would raise: `UndecodableEvent`, for one.
    """

    position: Position
    stream_id: UUID
    version: int
    type: str | None
    category: str | None
    error: StreamError


@value
class FeedPage(Generic[P_co]):
    """
    Consecutive events of a feed that a reader selected.

    Attributes:
        events: The events, in the order of the feed.
        position: Every event up to here was looked at, selected or not. Read on after it.
        head: The end of the feed when the page was read.
    """

    events: tuple[FeedEvent[P_co] | BrokenEvent, ...]
    position: Position
    head: Position

    @property
    def caught_up(self) -> bool:
        """Whether the page reaches the end of the feed."""
        return self.position == self.head
