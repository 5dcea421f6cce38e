"""Streams and events as they are stored: bit for bit, not decoded."""

from datetime import datetime
from uuid import UUID

from .checks import check_instance, check_int, check_stream_id, check_text
from .ring import ScanPosition
from .values import value


@value
class StoredEvent:
    """
    An event as its row holds it. If another program wrote the row, any optional field can be None.

    Attributes:
        stream_id: The stream that it belongs to.
        version: Its position in the stream.
        payload: The payload, encoded and perhaps compressed.
        timestamp: Milliseconds since the epoch.
        event_id: The identity of the event; None for events that the Clojure original wrote.
        type: The name of the type of event, if any.
        content_type: The codec of the payload; None for the store's default.
        metadata: An encoded JSON object, if any.
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
        """Bytes of payload and metadata as they are stored."""
        return len(self.payload or b"") + len(self.metadata or b"")


@value
class StreamSummary:
    """
    A stream as a scan sees it.

    Attributes:
        stream_id: The stream.
        token: Its place on the ring.
        version: The version of the stream, from its head; of a closed one, that of its last event.
            None if it has no head; this library always writes one.
        first_version: The version of its first event: 1, unless the stream is damaged. None if no
            event is left, or if the stream is truncated.
        first_timestamp: The timestamp of that event, in milliseconds since the epoch; None if there
            is none, or the stream is truncated.
        category: Its category; None if it has none.
        kept_from: The version of the first event that is kept; 1 unless the stream is truncated.
        closed: Whether it is closed for ever.
    """

    stream_id: UUID
    token: int
    version: int | None
    first_version: int | None
    first_timestamp: int | None
    category: str | None = None
    kept_from: int = 1
    closed: bool = False

    @property
    def position(self) -> ScanPosition:
        """The position of this stream; a scan can continue after it."""
        return ScanPosition(self.token, self.stream_id)


@value
class StreamTail:
    """
    The end of a stream at one moment.

    In a sound stream `head` and `version` are equal, unless no event of it is left.

    Attributes:
        head: The version of the stream, from its head; of a closed one, that of its last event.
            None if it has no head.
        version: The version of its last event; None if no event is left.
        timestamp: The timestamp of the last event, in milliseconds since the epoch; it stays also
            if that event is gone.
        kept_from: The version of the first event that is kept; 1 unless the stream is truncated.
        closed: Whether it is closed for ever.
    """

    head: int | None
    version: int | None
    timestamp: int | None
    kept_from: int = 1
    closed: bool = False


@value
class Restored:
    """
    Events are in their stream, bit for bit as they were given.

    Attributes:
        stream_id: The stream.
        version: The version of the last of these events.
        stored: How many of them this call stored; an earlier call had stored the others.
    """

    stream_id: UUID
    version: int
    stored: int


def check_stored(event: object) -> None:
    """Refuse what no row can hold; raises `InvalidArgument`."""
    check_instance("event", event, StoredEvent, "a StoredEvent")
    assert isinstance(event, StoredEvent)  # noqa: S101 - for the type checker
    check_stream_id(event.stream_id)
    check_int("version", event.version, at_least=-(2**63), at_most=2**63 - 1)
    if event.timestamp is not None:
        check_int("timestamp", event.timestamp, at_least=-(2**63), at_most=2**63 - 1)
    check_instance("event_id", event.event_id, UUID, "a uuid.UUID", optional=True)
    check_instance("payload", event.payload, bytes, "bytes", optional=True)
    check_instance("metadata", event.metadata, bytes, "bytes", optional=True)
    for name, text in (("type", event.type), ("content_type", event.content_type)):
        if text is not None:
            check_text(name, text)


@value
class SnapshotSummary:
    """
    A stored snapshot as a scan sees it, without the aggregate.

    Attributes:
        stream_id: The stream.
        kind: The kind of the snapshot.
        version: Its version.
        timestamp: The timestamp of the event at that version; None if another program wrote it.
    """

    stream_id: UUID
    kind: str
    version: int
    timestamp: datetime | None
