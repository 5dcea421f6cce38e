"""Invalid arguments, refused before anything is sent."""

from uuid import UUID

from ..excerpt import excerpt
from .base import EventStoreError


class InvalidArgument(EventStoreError, ValueError):
    """An argument is not valid. Nothing was sent."""


class InvalidStreamId(InvalidArgument):
    """A stream id is not a `uuid.UUID`."""

    def __init__(self, stream_id: object) -> None:
        hint = "uuid.uuid5(namespace, name) makes a UUID of any str"
        super().__init__(
            f"a stream id must be a uuid.UUID, not {type(stream_id).__name__}",
            hint=hint if isinstance(stream_id, str) else None,
        )


class ForeignPosition(InvalidArgument):
    """
    A position in one feed was used with another.

    Attributes:
        feed_id: The feed of the position.
        wanted: The feed that it was used with.
    """

    def __init__(self, feed_id: UUID, wanted: UUID) -> None:
        super().__init__(
            f"a position in feed {feed_id} was used with feed {wanted}",
            hint="a feed that is built again has new positions: read it from the beginning",
        )
        self.feed_id = feed_id
        self.wanted = wanted


class InvalidExpectedVersion(InvalidArgument):
    """
    An expected version is not valid.

    Attributes:
        expected_version: The value that was refused.
    """

    def __init__(self, expected_version: object, reason: str, *, hint: str | None = None) -> None:
        super().__init__(f"expected version {excerpt(expected_version)}: {reason}", hint=hint)
        self.expected_version = expected_version


class InvalidEvent(InvalidArgument):
    """
    An event cannot be stored.

    Attributes:
        index: Its position in the append, from 0; None if the list itself is wrong. The message
            counts from 1.
    """

    def __init__(self, index: int | None, reason: str, *, hint: str | None = None) -> None:
        where = "" if index is None else f"event {index + 1}: "
        super().__init__(f"{where}{reason}", hint=hint)
        self.index = index


class PayloadNotEncodable(InvalidEvent):
    """The codec refuses a payload, or JSON cannot hold the metadata."""


class LossyPayload(PayloadNotEncodable):
    """
    A typed event would be read back as another: its type does not store all of it.

    Attributes:
        path: The first field that differs, like ``"lines[0].card"``; empty for the event itself.
        name: The path without indexes, as ``EventType(…, lossy=[…])`` takes it.
    """

    def __init__(self, index: int, path: str, name: str, reason: str) -> None:
        super().__init__(
            index,
            f"{path or 'the event'} would not be stored as it was given: {reason}",
            hint="store it in a form that is read back as it is"
            + (f", or allow the loss: EventType(…, lossy=[{name!r}])" if name else ""),
        )
        self.path = path
        self.name = name


class AppendTooLarge(InvalidArgument):
    """
    An append has too many bytes or events.

    Attributes:
        unit: ``"bytes"`` or ``"events"``.
        size: How many the append has; for an iterator that is too long, one above the limit.
        limit: How many it may have.
    """

    def __init__(self, unit: str, size: int, limit: int) -> None:
        super().__init__(
            f"an append of {size:,} {unit} is above the limit of {limit:,}",
            hint="split it into several appends, store large content elsewhere, or raise "
            f"Settings.max_append_{unit}",
        )
        self.unit = unit
        self.size = size
        self.limit = limit


class InvalidSnapshot(InvalidArgument):
    """
    A snapshot cannot be stored: it is none, or the codec refuses it, or it is too large.

    Attributes:
        stream_id: The stream.
        kind: The kind that it was given.
    """

    def __init__(self, stream_id: UUID, kind: str, reason: str, *, hint: str | None = None) -> None:
        super().__init__(f"a snapshot of {kind!r}, stream {stream_id}: {reason}", hint=hint)
        self.stream_id = stream_id
        self.kind = kind


class InvalidIdentifier(InvalidArgument):
    """
    A name is not safe in CQL.

    Attributes:
        kind: What it names: ``"keyspace"``, ``"table"`` or ``"datacenter"``.
    """

    def __init__(self, kind: str, name: object, rule: str) -> None:
        super().__init__(f"{excerpt(name)} is not a valid {kind} name: {rule}")
        self.kind = kind
