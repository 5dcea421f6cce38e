"""Memory row: an event as the store in memory keeps it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from .codec import Codecs
from .encoding import decode_metadata
from .errors import UndecodableEvent
from .events import RecordedEvent


@dataclass(frozen=True, slots=True)
class MemoryRow:
    """An event as it is stored. Its position in its stream's list is its version, less one."""

    payload: bytes
    content_type: str
    metadata: bytes | None
    type: str | None
    event_id: UUID
    timestamp: datetime

    def recorded(self, stream_id: UUID, version: int, codecs: Codecs) -> RecordedEvent:
        """Return the event decoded; raises `UndecodableEvent` if no codec can decode it."""
        try:
            return RecordedEvent(
                stream_id,
                version,
                codecs.decode(self.content_type, self.payload),
                self.timestamp,
                self.event_id,
                self.type,
                decode_metadata(self.metadata),
            )
        except Exception as error:
            raise UndecodableEvent(
                stream_id, version, self.content_type, self.payload, str(error)
            ) from error
