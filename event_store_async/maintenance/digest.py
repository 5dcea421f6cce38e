"""Digests: whether two stores hold the same events, whatever order they were read in. No I/O."""

import hashlib
from typing import Final, Self
from uuid import UUID

from ..stored import StoredEvent

_MODULUS: Final = 2**256
_NULL: Final = b"\x00"


def event_bytes(event: StoredEvent) -> bytes:
    """
    Return all that is stored of an event, unambiguously.

    The fields in the order version, timestamp, event id, type, content type, metadata, payload:
    each is the byte 0 for null, or the byte 1, the length as four bytes, and the bytes; numbers
    are eight bytes, signed, big-endian as the lengths are.
    """
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
    The digest of a stream's events so far: a chain, so that it can be gone on with.

    It begins with the SHA-256 of the stream's id (16 bytes); each event makes it the SHA-256 of
    what it was (32 bytes) and of the event's bytes (`event_bytes`).

    Args:
        stream_id: The stream.
        events: How many events are in it already.
        value: The digest so far; None begins one.
    """

    __slots__ = ("events", "stream_id", "value")

    def __init__(self, stream_id: UUID, events: int = 0, value: bytes | None = None) -> None:
        self.stream_id = stream_id
        self.events = events
        self.value = hashlib.sha256(stream_id.bytes).digest() if value is None else value

    def add(self, event: StoredEvent) -> None:
        """Take the stream's next event in."""
        self.value = hashlib.sha256(self.value + event_bytes(event)).digest()
        self.events += 1


class StoreDigest:
    """
    The digest of whole streams: the sum of theirs, modulo 2^256, whatever their order.

    A stream without events counts as none.
    """

    __slots__ = ("_sum",)

    def __init__(self, value: str = "0") -> None:
        self._sum = int(value, 16)

    def add(self, stream: StreamDigest) -> None:
        """Take a whole stream in."""
        if stream.events:
            self._sum = (self._sum + int.from_bytes(stream.value, "big")) % _MODULUS

    def merge(self, other: Self) -> None:
        """Take in all the streams of another digest."""
        self._sum = (self._sum + other._sum) % _MODULUS

    def __str__(self) -> str:
        return f"{self._sum:064x}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, StoreDigest) and self._sum == other._sum

    def __hash__(self) -> int:
        return hash(self._sum)
