"""Pages of a feed, and the events on them."""

from dataclasses import field
from typing import Generic
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
        # Without the cost of its constructor: see `recorded_event`.
        made: FeedEvent[P_co] = _new(cls)
        _set_stream_id(made, event.stream_id)
        _set_version(made, event.version)
        _set_payload(made, event.payload)
        _set_timestamp(made, event.timestamp)
        _set_event_id(made, event.event_id)
        _set_type(made, event.type)
        _set_metadata(made, event.metadata)
        _set_position(made, position)
        _set_category(made, category)
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
