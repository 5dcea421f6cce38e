"""An event as a store in memory keeps it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from .codec import Codecs
from .encoding import decode_metadata
from .errors import UndecodableEvent
from .events import RecordedEvent


@dataclass(frozen=True, slots=True)
class MemoryRow:
    """
    An event as it is stored. Its position in the list of its stream is its version, less one.

    Attributes:
        payload: The payload, encoded.
        content_type: What it is encoded as.
        metadata: The metadata, encoded.
        type: The type.
        event_id: The id.
        timestamp: When it was stored.
    """

    payload: bytes
    content_type: str
    metadata: bytes | None
    type: str | None
    event_id: UUID
    timestamp: datetime

    def recorded(self, stream_id: UUID, version: int, codecs: Codecs) -> RecordedEvent:
        """
        Return the event as it is read.

        Args:
            stream_id: The stream.
            version: The version of the event.
            codecs: Decode the payload.

        Raises:
            UndecodableEvent: no codec can decode it.
        """
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
