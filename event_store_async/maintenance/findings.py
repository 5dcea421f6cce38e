"""Findings: what is wrong with a stream, as values."""

from enum import StrEnum
from uuid import UUID

from ..values import value


class FindingKind(StrEnum):
    """What can be wrong with a stream."""

    HOLE = "hole"
    """Events are missing before later ones."""

    HEAD = "head"
    """The stream's version is missing, or is not that of its last event."""

    UNDECODABLE = "undecodable"
    """A payload, metadata or timestamp cannot be decoded."""

    NO_CODEC = "no-codec"
    """The store has no codec for a content type, so the payload could not be checked."""

    REPEATED_ID = "repeated-id"
    """Two events of the stream have the same id."""

    LOST_KEY = "lost-key"
    """A value is encrypted with a key that is missing, although its subject was not forgotten."""

    CONFLICT = "conflict"
    """The stream holds other events already: it was not imported, or only in part."""

    DIFFERENT = "different"
    """The events that were read back are not the ones that were written."""


@value
class StreamFinding:
    """
    Something that is wrong with a stream.

    Attributes:
        stream_id: The stream.
        kind: What is wrong.
        version: The version at which it is; None if it is not at a version.
        detail: The facts, in words.
    """

    stream_id: UUID
    kind: FindingKind
    version: int | None
    detail: str

    def __str__(self) -> str:
        place = "" if self.version is None else f", version {self.version}"
        return f"stream {self.stream_id}{place}: {self.kind}: {self.detail}"
