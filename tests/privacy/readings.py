"""Readings: what stores hold and give, for comparison."""

from typing import Any
from uuid import UUID

from event_store_async import EventReader, MemoryEventStore


async def payloads(store: EventReader[Any], stream_id: UUID, **options: Any) -> list[Any]:
    """Return the payloads of a stream."""
    return [event.payload async for event in store.read_events(stream_id, **options)]


def stored_bytes(memory: MemoryEventStore) -> bytes:
    """Return all that a store in memory has encoded."""
    rows = [row for stream in memory._table._streams.values() for row in stream.rows]
    return b"".join(row.payload + (row.metadata or b"") for row in rows)
