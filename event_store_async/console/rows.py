"""Rows: events as they are shown in a list, and events that cannot be read."""

from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from ..correlation import CAUSATION_ID, CORRELATION_ID
from ..errors import EventStoreError, PrivacyError, StreamError, StreamTruncated
from ..events import RecordedEvent
from ..feeds import BrokenEvent, FeedEvent, Position
from ..ports import EventReader
from .budget import CALL_SECONDS
from .payload import SHOWN, PayloadText, one_line, payload_text

_MOST_BROKEN: Final = 10


@dataclass(frozen=True)
class EventRow:
    """
    An event as it is shown.

    Attributes:
        stream_id: Its stream.
        version: Its version.
        type: Its type, if any.
        time: When it was appended; None if it cannot be read.
        event_id: Its id, if any.
        payload: Its payload; None if it cannot be read.
        line: The payload as one line.
        metadata: Its metadata, if any.
        correlation: The id of what it belongs to, if any.
        causation: The id of what caused it, if any.
        category: The category of its stream, if it is known and has one.
        position: Its place in the feed, if it was read there.
        error: Why it cannot be read.
    """

    stream_id: UUID
    version: int
    type: str | None = None
    time: datetime | None = None
    event_id: UUID | None = None
    payload: PayloadText | None = None
    line: str = ""
    metadata: PayloadText | None = None
    correlation: str | None = None
    causation: str | None = None
    category: str | None = None
    position: Position | None = None
    error: str | None = None


def event_row(event: RecordedEvent[Any] | BrokenEvent, limit: int = SHOWN) -> EventRow:
    """
    Return an event as it is shown.

    Args:
        event: The event, also one that cannot be read.
        limit: The most characters of its payload.
    """
    if isinstance(event, BrokenEvent):
        return EventRow(
            event.stream_id,
            event.version,
            event.type,
            category=event.category,
            position=event.position,
            error=event.error.message,
        )
    of_feed = event if isinstance(event, FeedEvent) else None
    return EventRow(
        event.stream_id,
        event.version,
        event.type,
        event.timestamp,
        event.event_id,
        payload_text(event.payload, limit),
        one_line(event.payload),
        payload_text(event.metadata, limit) if event.metadata else None,
        id_of(event.metadata, CORRELATION_ID),
        id_of(event.metadata, CAUSATION_ID),
        of_feed.category if of_feed else None,
        of_feed.position if of_feed else None,
    )


def id_of(metadata: Mapping[str, Any] | None, key: str) -> str | None:
    """Return an id that metadata holds; None if it holds none, or something else."""
    found = (metadata or {}).get(key)
    return found if isinstance(found, str) and 0 < len(found) <= 200 else None


async def read_rows(
    store: EventReader[Any],
    stream_id: UUID,
    start: int | None,
    count: int,
    *,
    backward: bool,
    limit: int = SHOWN,
) -> list[EventRow]:
    """
    Return some events of a stream, with a row for each that cannot be read.

    Args:
        store: The store.
        stream_id: The stream.
        start: The first version; None for the beginning, or for the end if *backward*.
        count: The most events.
        backward: Whether the newest come first.
        limit: The most characters of a payload.

    Raises:
        EventStoreError: as `EventReader.read_events` does, but for events that cannot be read.
    """
    rows: list[EventRow] = []
    broken = 0
    while len(rows) < count and broken < _MOST_BROKEN and start != 0:
        events = store.read_events(
            stream_id, start, count - len(rows), backward=backward, timeout=CALL_SECONDS
        )
        try:
            async with aclosing(events):
                async for event in events:
                    rows.append(event_row(event, limit))
            break
        except StreamTruncated as error:
            broken += 1
            start = error.kept_from
        except (StreamError, PrivacyError) as error:
            version = version_of(error, stream_id)
            if version is None:
                raise
            broken += 1
            rows.append(EventRow(stream_id, version, error=error.message))
            start = version - 1 if backward else version + 1
    return rows


def version_of(error: EventStoreError, stream_id: UUID) -> int | None:
    """Return the version of the event that an error is about; None if it is about another thing."""
    version = getattr(error, "version", None)
    is_own = getattr(error, "stream_id", None) == stream_id
    return version if is_own and isinstance(version, int) else None
