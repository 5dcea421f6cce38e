"""Pages of a feed, and the events on them."""

from collections.abc import Iterable
from dataclasses import field
from typing import Any, Final, Generic
from uuid import UUID

from .._typevars import P_co
from ..errors import StreamError
from ..events import RecordedEvent, RecordedFields, fields_of, filled_drafts
from ..values import draft_of, make_late, value
from .position import Places, Position, position_at


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
        place((made,), position, category)
        return made


_position: Final = make_late(
    FeedEvent, "position", tuple, lambda event, places: position_at(places, event.version)
)
_Draft: Final = draft_of(FeedEvent)


def unplaced_events(events: Iterable[RecordedFields]) -> list[FeedEvent[Any]]:
    """
    Make events of a feed that lack their places: `place` gives them, before they are seen.

    Without the cost of their constructor: see `recorded_events`.
    """
    return filled_drafts(_Draft, _Draft, events)


def unplaced(event: RecordedEvent[P_co]) -> FeedEvent[P_co]:
    """Return an event of a stream as one of a feed that lacks its place."""
    (made,) = unplaced_events((fields_of(event),))
    return made


def place(
    events: Iterable[FeedEvent[Any]], position: Position | Places, category: str | None
) -> None:
    """
    Give events of one stream that lack them their places in the feed, once.

    Args:
        events: The events.
        position: The position of a single event, or the places of several.
        category: The category of the stream.
    """
    draft: Any
    for draft in events:
        draft.position = position
        draft.category = category
        draft.__class__ = FeedEvent


def in_place_of(event: FeedEvent[Any], other: RecordedEvent[P_co]) -> FeedEvent[P_co]:
    """Return another event with the place of an event in its feed."""
    made = unplaced(other)
    place((made,), _position.held(event), event.category)
    return made


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
