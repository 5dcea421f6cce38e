"""Logbook: what a dispatcher knows of an aircraft's stream, and which events may come next."""

from collections.abc import Iterable, Sequence
from typing import Final
from uuid import UUID

from event_store_async import EventReader, NewEvent, RecordedEvent

from .events import ARRIVED, CANCELLED, DEPARTED, NOT_ARRIVED, SCHEDULED

_AFTER: Final = {
    SCHEDULED: None,
    DEPARTED: SCHEDULED,
    CANCELLED: SCHEDULED,
    ARRIVED: DEPARTED,
    NOT_ARRIVED: DEPARTED,
}
"""The event that must come directly before each event; None: it is the first."""


class OutOfTurn(Exception):
    """A flight is not ready for an event."""


class Logbook:
    """
    A stream as far as it has been read.

    Args:
        stream_id: The aircraft's stream.
        version: The version to start after; the events up to it are not read.

    Attributes:
        version: The last version read or appended; an append expects it.
    """

    def __init__(self, stream_id: UUID, version: int = 0) -> None:
        self.stream_id = stream_id
        self.version = version
        self._seen: set[UUID | None] = set()
        self._last: dict[str, str | None] = {}

    async def catch_up(self, reader: EventReader) -> None:
        """Read the events after the last known version."""
        async for event in reader.read_events(self.stream_id, from_version=self.version + 1):
            self.follow([event])

    def follow(self, events: Iterable[RecordedEvent]) -> None:
        """Take over the stream's next events."""
        for event in events:
            self.version = event.version
            self._seen.add(event.event_id)
            self._last[event.payload["flight"]] = event.type

    def still_due(self, events: Sequence[NewEvent]) -> list[NewEvent]:
        """
        Return those of the events that are not recorded yet.

        Raises:
            OutOfTurn: an event would not come after the event that it must follow.
        """
        due = [event for event in events if event.event_id not in self._seen]
        last = dict(self._last)
        for event in due:
            flight = event.payload["flight"]
            if event.type not in _AFTER or _AFTER[event.type] != last.get(flight):
                raise OutOfTurn(f"{flight}: {event.type} after {last.get(flight, 'nothing')}")
            last[flight] = event.type
        return due
