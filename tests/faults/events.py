"""Events whose payloads follow from their ids, so that every process can check them."""

from typing import Any, Final
from uuid import UUID

from event_store_async import NewEvent, RecordedEvent

TYPES: Final = ("odd", "even")
"""The types of events."""


def payload_of(event_id: UUID) -> dict[str, Any]:
    """Return an event's payload: mostly small, one in 64 up to 16 kilobytes."""
    bits = event_id.bytes
    size = bits[1] * 64 + bits[2] if bits[0] % 64 == 0 else bits[1]
    return {"of": str(event_id), "filling": "x" * size}


def type_of(event_id: UUID) -> str:
    """Return an event's type: half of the events have each."""
    return TYPES[event_id.bytes[3] % 2]


def event_of(event_id: UUID) -> NewEvent:
    """Return the event with an id."""
    return NewEvent(payload_of(event_id), type=type_of(event_id), event_id=event_id)


def check_payload(event: RecordedEvent) -> None:
    """
    Check that an event's payload is the one that belongs to its id.

    Raises:
        ValueError: it is another payload.
    """
    if event.event_id is None or event.payload != payload_of(event.event_id):
        raise ValueError(f"the payload at version {event.version} is wrong: {event.payload!r}")
