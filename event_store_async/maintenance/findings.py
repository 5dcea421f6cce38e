"""Findings: what is wrong with a stream, as values."""

from enum import StrEnum
from uuid import UUID

from ..values import value


class FindingKind(StrEnum):
    """What may be wrong with a stream."""

    HOLE = "hole"
    """Events are missing, and later ones are there."""

    HEAD = "head"
    """The stream's version is not that of its last event, or it has none."""

    UNDECODABLE = "undecodable"
    """A payload, metadata or timestamp that its codec does not understand."""

    NO_CODEC = "no-codec"
    """A content type that no codec here is for: whether the payload is sound is not known."""

    REPEATED_ID = "repeated-id"
    """Two events of the stream have the same id."""

    CONFLICT = "conflict"
    """The stream has other events already: it was not imported, or only in part."""

    DIFFERENT = "different"
    """What was read back is not what was written."""


@value
class StreamFinding:
    """
    Something that is wrong with a stream.

    Attributes:
        stream_id: The stream.
        kind: What is wrong.
        version: The version at which it is, where it is at one.
        detail: The facts, in words.
    """

    stream_id: UUID
    kind: FindingKind
    version: int | None
    detail: str

    def __str__(self) -> str:
        place = "" if self.version is None else f", version {self.version}"
        return f"stream {self.stream_id}{place}: {self.kind}: {self.detail}"
