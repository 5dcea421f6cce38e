"""A logbook: the state of an aircraft's stream, and the order in which events may be recorded."""

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
"""The event that must come directly before each event; None for a flight's first event."""


class OutOfOrder(Exception):
    """An event cannot be recorded after the flight's last event."""


class Logbook:
    """
    The state of an aircraft's stream, as far as it has been read.

    Args:
        stream_id: The aircraft's stream.
        version: The version to start after; earlier events are not read.

    Attributes:
        version: The last version that was read; appends expect it.
    """

    def __init__(self, stream_id: UUID, version: int = 0) -> None:
        self.stream_id = stream_id
        self.version = version
        self._seen: set[UUID | None] = set()
        self._last: dict[str, str | None] = {}

    async def catch_up(self, reader: EventReader) -> None:
        """Read the events that have been appended since."""
        async for event in reader.read_events(self.stream_id, from_version=self.version + 1):
            self.apply([event])

    def apply(self, events: Iterable[RecordedEvent]) -> None:
        """Update the state with the stream's next events."""
        for event in events:
            self.version = event.version
            self._seen.add(event.event_id)
            self._last[event.payload["flight"]] = event.type

    def unrecorded(self, events: Sequence[NewEvent]) -> list[NewEvent]:
        """
        Return those of these events that are not recorded yet.

        Raises:
            OutOfOrder: one of them cannot follow the flight's last event.
        """
        missing = [event for event in events if event.event_id not in self._seen]
        last = dict(self._last)
        for event in missing:
            flight = event.payload["flight"]
            if event.type not in _AFTER or _AFTER[event.type] != last.get(flight):
                raise OutOfOrder(f"{flight}: {event.type} after {last.get(flight, 'nothing')}")
            last[flight] = event.type
        return missing
