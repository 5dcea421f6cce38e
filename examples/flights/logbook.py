"""What a dispatcher knows of an aircraft's stream, and what may be recorded next."""

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
"""The one event that each event may follow."""


class OutOfTurn(Exception):
    """An event that its flight is not ready for."""


class Logbook:
    """
    A stream as far as it has been read.

    Args:
        stream_id: The aircraft's stream.
        version: Where to begin; what stands before is not looked at.

    Attributes:
        version: The last version that has been seen: what an append expects.
    """

    def __init__(self, stream_id: UUID, version: int = 0) -> None:
        self.stream_id = stream_id
        self.version = version
        self._seen: set[UUID | None] = set()
        self._last: dict[str, str | None] = {}

    async def catch_up(self, reader: EventReader) -> None:
        """Read what has been appended since."""
        async for event in reader.read_events(self.stream_id, from_version=self.version + 1):
            self.follow([event])

    def follow(self, events: Iterable[RecordedEvent]) -> None:
        """Take note of the stream's next events."""
        for event in events:
            self.version = event.version
            self._seen.add(event.event_id)
            self._last[event.payload["flight"]] = event.type

    def still_due(self, events: Sequence[NewEvent]) -> list[NewEvent]:
        """
        Decide which of these events are still to be recorded.

        Raises:
            OutOfTurn: an event that would not follow the one it must.
        """
        due = [event for event in events if event.event_id not in self._seen]
        last = dict(self._last)
        for event in due:
            flight = event.payload["flight"]
            if event.type not in _AFTER or _AFTER[event.type] != last.get(flight):
                raise OutOfTurn(f"{flight}: {event.type} after {last.get(flight, 'nothing')}")
            last[flight] = event.type
        return due
