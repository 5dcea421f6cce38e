"""Stored streams and events that are not valid."""

from typing import Any
from uuid import UUID

from .base import EventStoreError


class StreamError(EventStoreError):
    """
    A stored stream or event is not valid.

    Attributes:
        position: In a feed, the `Position` to read on from; None elsewhere.
    """

    position: Any = None


class StreamHole(StreamError):
    """
    Events are missing in the middle of a stream, and a SERIAL read did not find them either.

    Attributes:
        stream_id: The stream.
        version: The first missing version.
    """

    def __init__(self, stream_id: UUID, version: int) -> None:
        super().__init__(
            f"stream {stream_id} has no event at version {version}, but has later ones",
            hint="rows were deleted by hand, expired or lost; reading from a later version works",
        )
        self.stream_id = stream_id
        self.version = version


class StreamTruncated(StreamError):
    """
    The stream was truncated while it was read: the events that come next are gone.

    The events before them were returned already. They are not followed by later ones, since no read
    leaves out events in the middle.

    Attributes:
        stream_id: The stream.
        version: The version of the event that would have been next.
        kept_from: The version of the first event that is kept; a new read begins there.
    """

    def __init__(self, stream_id: UUID, version: int, kept_from: int) -> None:
        super().__init__(
            f"stream {stream_id} was truncated while it was read: version {version} is gone, "
            f"events are kept from version {kept_from} on",
            hint="read it again",
        )
        self.stream_id = stream_id
        self.version = version
        self.kept_from = kept_from


class StreamInconsistent(StreamError):
    """
    An event has a version above the stream's own: something else has written to the table.

    Attributes:
        stream_id: The stream.
        version: The version of the stream, as its head says.
    """

    def __init__(self, stream_id: UUID, version: int) -> None:
        super().__init__(
            f"stream {stream_id} is at version {version}, but has a later event",
            hint="only this library's appends may write to the table",
        )
        self.stream_id = stream_id
        self.version = version


class UndecodableEvent(StreamError):
    """
    No codec of this store can decode the event; the rest of the stream stays readable.

    Attributes:
        stream_id: The stream.
        version: The version of the event; reading from the next one on works.
        content_type: The stored content type; None for an event of the Clojure original.
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


class UndecodableSnapshot(StreamError):
    """
    A stored snapshot cannot be decoded. Its stream can be read from the beginning.

    Attributes:
        stream_id: The stream.
        kind: The kind of the snapshot.
        version: Its version.
        content_type: The stored content type, if any.
    """

    def __init__(
        self, stream_id: UUID, kind: str, version: int, content_type: str | None, reason: str
    ) -> None:
        super().__init__(
            f"a snapshot of {kind!r}, stream {stream_id}, version {version} "
            f"({content_type or 'no content type'}): {reason}"
        )
        self.stream_id = stream_id
        self.kind = kind
        self.version = version
        self.content_type = content_type


class UnknownEventType(StreamError):
    """
    The type of the event is not registered; it can be read raw, and later events can be read.

    Attributes:
        stream_id: The stream.
        version: The version of the event.
        type: The stored name of its type; None if it has none.
        revision: The revision of the type that it was stored with, from 1.
        known: The highest revision that is registered; 0 if the type is not registered.
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
    The payload of the event does not fit its type, or an upcaster failed.

    Attributes:
        stream_id: The stream.
        version: The version of the event.
        type: The stored name of its type.
        revision: The revision of the type that it was stored with, from 1.
        payload: The stored payload, decoded by the codec.
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
