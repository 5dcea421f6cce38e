"""Bad input: refused before anything is sent."""

from .base import EventStoreError


class InvalidArgument(EventStoreError, ValueError):
    """An argument is not what it must be; nothing was sent."""


class InvalidStreamId(InvalidArgument):
    """A stream id that is no `uuid.UUID`."""

    def __init__(self, stream_id: object) -> None:
        hint = "uuid.uuid5(namespace, text) makes one of any text"
        super().__init__(
            f"a stream id must be a uuid.UUID, not {type(stream_id).__name__}",
            hint=hint if isinstance(stream_id, str) else None,
        )


class InvalidExpectedVersion(InvalidArgument):
    """
    An expected version that none can be.

    Attributes:
        expected_version: The value that was refused.
    """

    def __init__(self, expected_version: object, reason: str, *, hint: str | None = None) -> None:
        super().__init__(f"expected version {expected_version!r}: {reason}", hint=hint)
        self.expected_version = expected_version


class InvalidEvent(InvalidArgument):
    """
    An event that cannot be stored.

    Attributes:
        index: Its place in the append, from 0; None where the list itself is wrong.
    """

    def __init__(self, index: int | None, reason: str, *, hint: str | None = None) -> None:
        super().__init__(reason if index is None else f"event {index}: {reason}", hint=hint)
        self.index = index


class PayloadNotEncodable(InvalidEvent):
    """A payload or metadata that the codec refuses."""


class AppendTooLarge(InvalidArgument):
    """
    More bytes or more events than one append may hold.

    Attributes:
        unit: ``"bytes"`` or ``"events"``.
        size: What the append would hold.
        limit: What it may hold.
    """

    def __init__(self, unit: str, size: int, limit: int) -> None:
        super().__init__(
            f"an append of {size:,} {unit} is above the limit of {limit:,}",
            hint="split it into several appends, keep large content elsewhere, or raise "
            f"Settings.max_append_{unit}",
        )
        self.unit = unit
        self.size = size
        self.limit = limit


class InvalidIdentifier(InvalidArgument):
    """
    A name that is not safe to stand in CQL.

    Attributes:
        kind: What it should name: ``"keyspace"``, ``"table"`` or ``"datacenter"``.
    """

    def __init__(self, kind: str, name: object, rule: str) -> None:
        super().__init__(f"{name!r} is no valid {kind} name: {rule}")
        self.kind = kind
