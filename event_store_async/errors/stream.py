"""Stored streams that are not what they must be."""

from typing import Any
from uuid import UUID

from .base import EventStoreError


class StreamError(EventStoreError):
    """What is stored is not what it must be."""


class StreamHole(StreamError):
    """
    Events are missing inside a stream, and a SERIAL read did not find them either.

    Attributes:
        stream_id: The stream.
        version: The first version that is missing.
    """

    def __init__(self, stream_id: UUID, version: int) -> None:
        super().__init__(
            f"stream {stream_id} has no event at version {version}, but has later ones",
            hint="rows were deleted by hand, expired, or lost; reading from a later version works",
        )
        self.stream_id = stream_id
        self.version = version


class StreamInconsistent(StreamError):
    """
    An event stands beyond the stream's own version: something wrote past the protocol.

    Attributes:
        stream_id: The stream.
        version: The stream's version, as its head says.
    """

    def __init__(self, stream_id: UUID, version: int) -> None:
        super().__init__(
            f"stream {stream_id} is at version {version}, but an event stands behind it",
            hint="only this library's appends may write to the table",
        )
        self.stream_id = stream_id
        self.version = version


class UndecodableEvent(StreamError):
    """
    An event that no codec of this store can decode; the rest of the stream stays readable.

    Attributes:
        stream_id: The stream.
        version: The event's version; reading on from the next one works.
        content_type: What the event says it is; None for an event of the Clojure original.
        data: The stored bytes.
    """

    def __init__(
        self, stream_id: UUID, version: int, content_type: str | None, data: bytes, reason: str
    ) -> None:
        super().__init__(
            f"stream {stream_id}, version {version} ({content_type or 'no content type'}): {reason}"
        )
        self.stream_id = stream_id
        self.version = version
        self.content_type = content_type
        self.data = data


class UnknownEventType(StreamError):
    """
    An event whose type is not registered; reading it raw works, and so does reading on.

    Attributes:
        stream_id: The stream.
        version: The event's version.
        type: The stored name of its type; None where it has none.
        revision: The revision that it was stored in, from 1.
        known: The highest revision that is registered here, 0 where the type is not.
    """

    def __init__(
        self, stream_id: UUID, version: int, name: str | None, revision: int, known: int
    ) -> None:
        what = f"revision {revision} of {name!r}" if known else f"the event type {name!r}"
        super().__init__(
            f"stream {stream_id}, version {version}: {what} is not registered",
            hint="a newer program wrote it" if known else "register it, or read with unknown='raw'",
        )
        self.stream_id = stream_id
        self.version = version
        self.type = name
        self.revision = revision
        self.known = known


class MistypedEvent(StreamError):
    """
    An event whose payload is not what its type says, or whose upcaster failed.

    Attributes:
        stream_id: The stream.
        version: The event's version.
        type: The stored name of its type.
        revision: The revision that it was stored in, from 1.
        payload: What is stored, as the codec reads it.
    """

    def __init__(
        self,
        stream_id: UUID,
        version: int,
        name: str,
        revision: int,
        payload: Any,
        reason: str,
    ) -> None:
        super().__init__(
            f"stream {stream_id}, version {version}, type {name!r}, revision {revision}: {reason}",
            hint="an upcaster may be missing, or the type may have changed without a new revision",
        )
        self.stream_id = stream_id
        self.version = version
        self.type = name
        self.revision = revision
        self.payload = payload
