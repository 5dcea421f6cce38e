"""Given events: what a feed would deliver, for functions of events alone."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid5

from ..checks import check_category, check_stream_id
from ..events import NewEvent
from ..feeds import FeedEvent, Position

_SPACE: Final = UUID("6c2f5d0e-7f7b-5f0e-9b55-3a1d6f0f8f11")
_BEGINNING: Final = datetime(2026, 1, 1, tzinfo=UTC)


def given_events(
    *events: object, stream_id: UUID | None = None, category: str | None = None
) -> list[FeedEvent[Any]]:
    """
    Return events as a feed delivers them: the first events of one stream, in a feed of their own.

    For tests of pure functions of events, like those of `reacting`. The same payloads get the same
    ids, positions and timestamps; a `NewEvent` keeps its own id.

    Args:
        events: Payloads or `NewEvent`s.
        stream_id: The stream; one of their own by default.
        category: The category of the stream, if any.

    Raises:
        InvalidArgument: an id or a name is not valid.
    """
    stream = uuid5(_SPACE, "stream") if stream_id is None else check_stream_id(stream_id)
    if category is not None:
        category = check_category(category)
    feed_id = uuid5(_SPACE, "feed")
    found = []
    for version, given in enumerate(events, 1):
        event = (
            given
            if isinstance(given, NewEvent)
            else NewEvent(given, event_id=uuid5(stream, str(version)))
        )
        found.append(
            FeedEvent(
                stream,
                version,
                event.payload,
                _BEGINNING + timedelta(seconds=version),
                event.event_id,
                event.type,
                event.metadata,
                position=Position(feed_id, version, 1, version),
                category=category,
            )
        )
    return found
