"""Wrapped reader: what the readers share that change the events of another reader."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from ..errors import StreamError
from ..events import with_payload
from .page import (
    BrokenEvent,
    FeedEvent,
    FeedPage,
    LateEvents,
    count_of,
    in_place_of,
    portions_of,
)
from .position import Position
from .reader import FeedReader

_AT_ONCE: Final = 200


class WrappedFeedReader:
    """
    Private. Passes on all but the pages of another reader.

    Args:
        reader: The other reader.
    """

    def __init__(self, reader: FeedReader[Any]) -> None:
        self._reader = reader

    async def head(self) -> Position:
        """Return the end of the feed; see `FeedReader.head`."""
        return await self._reader.head()

    async def changed(self, after: Position, timeout: float) -> bool:
        """Wait for events after a position; see `FeedReader.changed`."""
        return await self._reader.changed(after, timeout)

    async def locate(self, stream_id: UUID, version: int) -> Position | None:
        """Return a position at or after an event; see `FeedReader.locate`."""
        return await self._reader.locate(stream_id, version)


class ConvertedEvents(LateEvents):
    """
    Private. The events of a page, each converted when it is handed out.

    Args:
        page: The page.
        convert: Converts one event.
    """

    __slots__ = ("_convert", "_page")

    def __init__(
        self,
        page: FeedPage[Any],
        convert: Callable[[FeedEvent[Any] | BrokenEvent], FeedEvent[Any] | BrokenEvent],
    ) -> None:
        self._page = page
        self._convert = convert

    def __len__(self) -> int:
        return count_of(self._page)

    def portions(self) -> Iterator[Sequence[FeedEvent[Any] | BrokenEvent]]:
        """Convert the events, some at a time, in order."""
        for portion in portions_of(self._page):
            for at in range(0, len(portion), _AT_ONCE):
                yield list(map(self._convert, portion[at : at + _AT_ONCE]))


def converted(
    event: FeedEvent[Any], payload: Callable[[], Any], metadata: Mapping[str, Any] | None
) -> FeedEvent[Any] | BrokenEvent:
    """
    Return an event with another payload and other metadata; a broken one if it has none.

    Args:
        event: As the other reader gives it.
        payload: Returns the payload; a `StreamError` makes the event a broken one.
        metadata: The metadata.
    """
    try:
        made = with_payload(event, payload(), metadata)
    except StreamError as error:
        return BrokenEvent(
            event.position, event.stream_id, event.version, event.type, event.category, error
        )
    return in_place_of(event, made)
