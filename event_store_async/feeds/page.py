"""Pages of a feed, and the events on them."""

from collections.abc import Iterable
from dataclasses import field
from typing import Any, Final, Generic
from uuid import UUID

from .._typevars import P_co
from ..errors import StreamError
from ..events import RecordedEvent, RecordedFields, filled_drafts
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
        made = unplaced(event)
        place(made, position, category)
        return made


_Draft: Final = draft_of(FeedEvent)


def unplaced_events(stream_id: UUID, events: Iterable[RecordedFields]) -> list[FeedEvent[Any]]:
    """
    Make events of a feed that lack their places: `place` gives each its own, before it is seen.

    Without the cost of their constructor: see `recorded_events`.
    """
    return filled_drafts(_Draft, _Draft, stream_id, events)


def unplaced(event: RecordedEvent[P_co]) -> FeedEvent[P_co]:
    """Return an event of a stream as one of a feed that lacks its place."""
    fields = (
        event.version,
        event.payload,
        event.timestamp,
        event.event_id,
        event.type,
        event.metadata,
    )
    (made,) = unplaced_events(event.stream_id, (fields,))
    return made


def place(event: FeedEvent[Any], position: Position, category: str | None) -> None:
    """Give an event that lacks it its place in the feed, once."""
    draft: Any = event
    draft.position = position
    draft.category = category
    draft.__class__ = FeedEvent


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
