"""Pages of a feed, and the events on them."""

from dataclasses import field
from typing import Final, Generic
from uuid import UUID

from .._typevars import P_co
from ..errors import StreamError
from ..events import RecordedEvent
from ..values import draft_of, value
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
        draft = _Draft()
        draft.stream_id = event.stream_id
        draft.version = event.version
        draft.payload = event.payload
        draft.timestamp = event.timestamp
        draft.event_id = event.event_id
        draft.type = event.type
        draft.metadata = event.metadata
        draft.position = position
        draft.category = category
        draft.__class__ = cls
        made: FeedEvent[P_co] = draft
        return made


_Draft: Final = draft_of(FeedEvent)


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
