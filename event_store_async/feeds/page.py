"""Pages of a feed, and the events on them."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import field
from itertools import chain
from typing import Any, Final, Generic
from uuid import UUID

from .._typevars import P_co
from ..errors import StreamError
from ..events import EventFields, RecordedEvent, fields_of
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
        return _placed(event, position, category)


_position: Final = make_late(
    FeedEvent, "position", tuple, lambda event, places: position_at(places, event.version)
)
_Draft: Final = draft_of(FeedEvent)


def placed_events(
    stream_id: UUID,
    position: Position | Places,
    category: str | None,
    events: Iterable[EventFields],
) -> list[FeedEvent[Any]]:
    """
    Make events of a feed, of one stream, without the cost of their constructor.

    See `recorded_events`.

    Args:
        stream_id: The stream.
        position: The position of a single event, or the places of several.
        category: The category of the stream.
        events: What the events hold.
    """
    made: list[FeedEvent[Any]] = []
    for version, payload, timestamp, event_id, type_, metadata in events:
        draft = _Draft()
        draft.stream_id = stream_id
        draft.version = version
        draft.payload = payload
        draft.timestamp = timestamp
        draft.event_id = event_id
        draft.type = type_
        draft.metadata = metadata
        draft.position = position
        draft.category = category
        draft.__class__ = FeedEvent
        made.append(draft)
    return made


def in_place_of(event: FeedEvent[Any], other: RecordedEvent[P_co]) -> FeedEvent[P_co]:
    """Return another event with the place of an event in its feed."""
    return _placed(other, _position.held(event), event.category)


def _placed(
    event: RecordedEvent[P_co], position: Position | Places, category: str | None
) -> FeedEvent[P_co]:
    """Return an event of a stream as one of a feed."""
    (made,) = placed_events(event.stream_id, position, category, (fields_of(event),))
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
        events: The events, in the order of the feed. Those of a page that was read from Cassandra
            are decoded when this is asked for first.
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


class LateEvents(ABC):
    """
    Private. The events of a page, each made when it is handed out.

    A page holds thousands of events. As objects they would be looked at again and again by the
    garbage collector while they wait, which took a fifth of the time of a read.
    """

    __slots__ = ()

    @abstractmethod
    def __len__(self) -> int:
        """Return how many they are."""

    @abstractmethod
    def portions(self) -> Iterator[Sequence[FeedEvent[Any] | BrokenEvent]]:
        """Make the events, some at a time, in order."""


_events: Final = make_late(
    FeedPage, "events", LateEvents, lambda _, late: tuple(chain.from_iterable(late.portions()))
)
_PageDraft: Final = draft_of(FeedPage)


def late_page(events: LateEvents, position: Position, head: Position) -> FeedPage[Any]:
    """Return a page whose events are made when somebody asks for them."""
    draft = _PageDraft()
    draft.events = events
    draft.position = position
    draft.head = head
    draft.__class__ = FeedPage
    page: FeedPage[Any] = draft
    return page


def portions_of(page: FeedPage[P_co]) -> Iterable[Sequence[FeedEvent[P_co] | BrokenEvent]]:
    """Return the events of a page to hand them out once: some at a time, if they are made late."""
    events = _held(page)
    return events.portions() if isinstance(events, LateEvents) else (events,)


def events_of(page: FeedPage[P_co]) -> Iterator[FeedEvent[P_co] | BrokenEvent]:
    """Return the events of a page one by one, to hand them out once; see `portions_of`."""
    return chain.from_iterable(portions_of(page))


def count_of(page: FeedPage[Any]) -> int:
    """Return how many events a page has, without making them."""
    return len(_held(page))


def _held(page: FeedPage[Any]) -> Any:
    # A class below `FeedPage` may have events of its own.
    return _events.held(page) if type(page) is FeedPage else page.events
