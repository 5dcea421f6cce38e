"""Recent: the end of a feed, and places in it by the number of the event."""

from collections import deque
from dataclasses import dataclass
from typing import Any, Final

import anyio

from ..feeds import BrokenEvent, Feed, FeedEvent, FeedReader, Position, Selection

Item = FeedEvent[Any] | BrokenEvent
"""What a page of a feed holds."""

_AT_ONCE: Final = 250
_SECONDS: Final = 4.0


@dataclass(frozen=True)
class Recent:
    """
    The last events of a feed that are wanted.

    Attributes:
        items: The events, the oldest first.
        first: The number of the first event that was looked at, wanted or not.
        head: The end of the feed.
    """

    items: list[Item]
    first: int
    head: Position


async def recent(feed: Feed[Any], count: int, looked: int) -> Recent:
    """
    Return the last events of a feed.

    Args:
        feed: The feed; of one that is narrowed, only the last *looked* events are looked at.
        count: The most events.
        looked: The most events of the whole feed that are looked at. If that takes too long, those
            nearest to the beginning of this window are returned.

    Raises:
        EventStoreError: as `FeedReader.read_page` does.
    """
    head = await feed.head()
    if feed.selection == Selection():
        looked = count
    first = max(head.ordinal - looked, 0)
    position = await position_at(feed.reader, head, first)
    items: deque[Item] = deque(maxlen=count)
    with anyio.move_on_after(_SECONDS):
        while position < head:
            page = await feed.page(position, min(_AT_ONCE, looked))
            items.extend(item for item in page.events if item.position <= head)
            if page.position == position:
                break  # the node that gave the page does not know the end yet
            position = page.position
    return Recent(list(items), first + 1, head)


async def position_at(reader: FeedReader[Any], head: Position, ordinal: int) -> Position:
    """
    Return the position after an event of a feed, by its number.

    It is looked for from the end, in entries that lie twice as far each time, and then between
    them: so the end of a feed is found in a few requests, and any place in some dozens.

    Args:
        reader: Reads the feed.
        head: The end of the feed.
        ordinal: The number of the event, from 1; 0 is the beginning.

    Raises:
        EventStoreError: as `FeedReader.read_page` does.
    """
    if ordinal >= head.ordinal:
        return head
    if ordinal <= 0:
        return Position.beginning(head.feed_id)
    before = head.ordinal - head.index  # events before the entry
    low, high, step = head.entry, head.entry + 1, 1
    found = before
    while found > ordinal and low > 1:
        high, low, step = low, max(low - step, 1), step * 2
        found = await _events_before(reader, head.feed_id, low)
    while high - low > 1:
        middle = (low + high) // 2
        events = await _events_before(reader, head.feed_id, middle)
        if events > ordinal:
            high = middle
        else:
            low, found = middle, events
    return Position(head.feed_id, low, max(ordinal - found, 0), ordinal)


async def _events_before(reader: FeedReader[Any], feed_id: Any, entry: int) -> int:
    """Return how many events come before an entry; more if its first events are erased."""
    page = await reader.read_page(Position(feed_id, entry, 0, 0), 1, Selection())
    if not page.events:
        return page.position.ordinal
    found = page.events[0].position
    return found.ordinal - found.index if found.entry == entry else found.ordinal - 1
