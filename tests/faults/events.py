"""Events: payloads that can be told from an event's id alone, in every process."""

from typing import Any
from uuid import UUID

from event_store_async import NewEvent, RecordedEvent


def payload_of(event_id: UUID) -> dict[str, Any]:
    """Return an event's payload: mostly small, one in sixty-four some ten kilobytes."""
    bits = event_id.bytes
    size = bits[1] * 64 + bits[2] if bits[0] % 64 == 0 else bits[1]
    return {"of": str(event_id), "filling": "x" * size}


def event_of(event_id: UUID) -> NewEvent:
    """Return the event of an id."""
    return NewEvent(payload_of(event_id), type="chaos", event_id=event_id)


def check_payload(event: RecordedEvent) -> None:
    """
    Refuse an event whose payload is not the one of its id.

    Raises:
        ValueError: it is another.
    """
    if event.event_id is None or event.payload != payload_of(event.event_id):
        raise ValueError(f"another payload stands at version {event.version}: {event.payload!r}")
