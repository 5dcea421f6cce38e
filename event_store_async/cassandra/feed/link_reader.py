"""Link reader: the links of the log as they stand there, for those who look into a feed."""

from collections.abc import AsyncGenerator
from datetime import datetime
from typing import Final
from uuid import UUID

from ...feeds.position import Position
from ...feeds.selection import Selection
from ...moments import from_milliseconds
from ...values import value
from .log import Log

_AT_ONCE: Final = 50


@value
class FeedLink:
    """
    A link of the feed's log: consecutive events of a stream, usually those of one append.

    Attributes:
        position: The position after the last of its events. Its ``entry`` is the entry of the log.
        stream_id: The stream.
        first: The version of its first event.
        last: The version of its last event.
        category: The category of the stream, if any.
        types: The types of its events, each once; None for events without a type.
        published: When the entry was appended, by the clock of the sequencer.
    """

    position: Position
    stream_id: UUID
    first: int
    last: int
    category: str | None
    types: tuple[str | None, ...]
    published: datetime


async def read_links(
    log: Log, after: Position | None, selection: Selection
) -> AsyncGenerator[FeedLink, None]:
    """
    Iterate over the selected links up to the end of the log as it was when it was opened.

    A link with an event of a selected type is given whole.

    Raises:
        ForeignPosition: *after* is a position in another feed.
        FeedInconsistent: an entry is missing.
        EventStoreError: as a read of the feed does.
    """
    beginning = log.beginning
    position = after or beginning
    position.check_feed(beginning.feed_id)
    number = max(position.entry, 1)
    while entries := await log.entries(number, _AT_ONCE):
        for entry in entries:
            published = from_milliseconds(entry.published)
            skipped = position.index if position.entry == entry.number else 0
            end = 0  # events of the entry up to the link's last one
            for link in entry.links:
                end += link.events
                if end <= skipped:
                    continue
                types = tuple(dict.fromkeys(map(link.type_at, range(link.events))))
                if not selection.wants_stream(link.stream_id, link.category):
                    continue
                if not any(map(selection.wants_type, types)):
                    continue
                yield FeedLink(
                    Position(beginning.feed_id, entry.number, end, entry.ordinal + end - 1),
                    link.stream_id,
                    link.first,
                    link.last,
                    link.category,
                    types,
                    published,
                )
        number += len(entries)
