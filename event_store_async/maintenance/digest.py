"""Digests: equal if two stores hold the same events, in whatever order they are read. No I/O."""

import hashlib
import re
from typing import Final, Self
from uuid import UUID

from ..checks import check_instance, check_int, check_stream_id
from ..errors import InvalidArgument
from ..excerpt import excerpt
from ..stored import StoredEvent, check_stored
from ..versions import MAX_VERSION

_MODULUS: Final = 2**256
_SIZE: Final = 32
_HEX: Final = re.compile(r"[0-9a-f]{1,64}")
_NULL: Final = b"\x00"


def event_bytes(event: StoredEvent) -> bytes:
    """
    Return every stored field of an event in one unambiguous byte string.

    The fields are version, timestamp, event id, type, content type, metadata and payload, in this
    order. Each is the byte 0 for null, or the byte 1, the length as four bytes, and the bytes.
    Numbers are eight bytes, signed. Numbers and lengths are big-endian.

    Raises:
        InvalidArgument: it is not a `StoredEvent`.
    """
    check_stored(event)
    parts = []
    for value in (
        event.version.to_bytes(8, "big", signed=True),
        None if event.timestamp is None else event.timestamp.to_bytes(8, "big", signed=True),
        None if event.event_id is None else event.event_id.bytes,
        None if event.type is None else event.type.encode(),
        None if event.content_type is None else event.content_type.encode(),
        event.metadata,
        event.payload,
    ):
        parts.append(_NULL if value is None else b"\x01" + len(value).to_bytes(4, "big") + value)
    return b"".join(parts)


class StreamDigest:
    """
    The digest of a stream's events so far. It is a chain, so it can be continued later.

    It begins as the SHA-256 of the stream's id (16 bytes). Each event makes it the SHA-256 of
    the digest so far (32 bytes) followed by the event's bytes (`event_bytes`).

    Args:
        stream_id: The stream.
        events: How many events it covers already.
        value: The digest so far; None for a new one.

    Raises:
        InvalidArgument: an argument is of another kind.
    """

    __slots__ = ("events", "stream_id", "value")

    def __init__(self, stream_id: UUID, events: int = 0, value: bytes | None = None) -> None:
        stream_id = check_stream_id(stream_id)
        check_int("events", events, at_least=0, at_most=MAX_VERSION)
        if value is not None and not (isinstance(value, bytes) and len(value) == _SIZE):
            raise InvalidArgument(f"value must be {_SIZE} bytes or None, not {excerpt(value)}")
        self.stream_id = stream_id
        self.events = events
        self.value = hashlib.sha256(stream_id.bytes).digest() if value is None else value

    def add(self, event: StoredEvent) -> None:
        """Add the stream's next event; raises `InvalidArgument` for anything else."""
        self.value = hashlib.sha256(self.value + event_bytes(event)).digest()
        self.events += 1


class StoreDigest:
    """
    The digest of whole streams: the sum of their digests modulo 2^256, in any order.

    A stream without events does not count.

    Args:
        value: The digest so far, as `str` gives it.

    Raises:
        InvalidArgument: it is not a number in hex, of 64 digits at most.
    """

    __slots__ = ("_sum",)

    def __init__(self, value: str = "0") -> None:
        if not isinstance(value, str) or not _HEX.fullmatch(value):
            raise InvalidArgument(f"value must be a digest in hex, not {excerpt(value)}")
        self._sum = int(value, 16)

    def add(self, stream: StreamDigest) -> None:
        """Add a whole stream; raises `InvalidArgument` for anything else."""
        check_instance("stream", stream, StreamDigest, "a StreamDigest")
        if stream.events:
            self._sum = (self._sum + int.from_bytes(stream.value, "big")) % _MODULUS

    def merge(self, other: Self) -> None:
        """Add all streams of another digest; raises `InvalidArgument` for anything else."""
        check_instance("other", other, StoreDigest, "a StoreDigest")
        self._sum = (self._sum + other._sum) % _MODULUS

    def __str__(self) -> str:
        return f"{self._sum:064x}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, StoreDigest) and self._sum == other._sum

    def __hash__(self) -> int:
        return hash(self._sum)
