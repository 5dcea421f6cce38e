"""Streams and events as they are stored: undecoded, bit for bit."""

from uuid import UUID

from .ring import ScanPosition
from .values import value


@value
class StoredEvent:
    """
    An event as its row holds it. Every field can be None in a row that something else wrote.

    Attributes:
        stream_id: The stream it belongs to.
        version: Its place in the stream.
        payload: The encoded payload, perhaps compressed.
        timestamp: Epoch milliseconds.
        event_id: Its identity; None for events that the Clojure original wrote.
        type: The name given to its kind, if any.
        content_type: Which codec wrote the payload; None for the store's default.
        metadata: A JSON object, encoded, if any.
    """

    stream_id: UUID
    version: int
    payload: bytes | None
    timestamp: int | None
    event_id: UUID | None = None
    type: str | None = None
    content_type: str | None = None
    metadata: bytes | None = None

    @property
    def size(self) -> int:
        """Bytes of payload and metadata, as stored."""
        return len(self.payload or b"") + len(self.metadata or b"")


@value
class StreamSummary:
    """
    What a scan shows of a stream.

    Attributes:
        stream_id: The stream.
        token: Its place on the ring.
        version: The stream's version, as its head says; None where it has no head, which no
            append of this library leaves behind.
        first_version: The version of its first event: 1, unless it is damaged; None where it has
            no event left.
        first_timestamp: That event's timestamp, in epoch milliseconds.
    """

    stream_id: UUID
    token: int
    version: int | None
    first_version: int | None
    first_timestamp: int | None

    @property
    def position(self) -> ScanPosition:
        """Where a scan that goes on behind this stream continues."""
        return ScanPosition(self.token, self.stream_id)


@value
class StreamTail:
    """
    A stream's end, as one moment saw it. In a sound stream `head` and `version` are equal.

    Attributes:
        head: The stream's version, as its head says; None where it has none.
        version: The version of its last event; None where it has none.
        timestamp: That event's timestamp, in epoch milliseconds.
    """

    head: int | None
    version: int | None
    timestamp: int | None


@value
class Restored:
    """
    Events stand in their stream, bit for bit as they were handed over.

    Attributes:
        stream_id: The stream.
        version: The version of the last of them.
        stored: How many of them this call stored; an earlier one had stored the others.
    """

    stream_id: UUID
    version: int
    stored: int
