"""Closure: whether a stream is closed, and what is said of it."""

from uuid import UUID

from ..ports import EventReader
from ..versions import MAX_VERSION


async def is_closed(store: EventReader, stream: UUID) -> bool:
    """Return whether a stream is closed for ever; raises as `EventReader.current_version`."""
    return await store.current_version(stream) == MAX_VERSION


def closed_note(stream: UUID) -> str:
    """Return what is said of a closed stream."""
    return f"stream {stream} is closed: it has no events, and nothing can be appended to it"
