"""The state of an export: what is in its file, and how far each range has come. No I/O."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from ..maintenance.progress import Totals
from ..maintenance.walk import Walk
from ..ring import ScanPosition


@dataclass(frozen=True, slots=True)
class Partial:
    """
    A stream whose beginning is written.

    Attributes:
        position: The stream.
        events: How many of its events are written.
        digest: The digest over them.
    """

    position: ScanPosition
    events: int
    digest: bytes


@dataclass(slots=True)
class Chunk:
    """
    Lines of one range, and how far it has been gone through with them.

    Attributes:
        index: The range.
        lines: The lines.
        size: Their bytes.
        totals: What they add.
        findings: How many damaged streams are among them.
        position: The last stream that is whole with them.
        partial: The stream behind it, if its beginning is among them.
        done: They are the range's last ones.
    """

    index: int
    lines: list[bytes] = field(default_factory=list)
    size: int = 0
    totals: Totals = field(default_factory=Totals)
    findings: int = 0
    position: ScanPosition | None = None
    partial: Partial | None = None
    done: bool = False

    def add(self, line: bytes) -> None:
        """Add a line."""
        self.lines.append(line)
        self.size += len(line)


@dataclass(slots=True)
class ExportState:
    """
    What is in an export's file.

    Attributes:
        archive_id: What tells this export from any other.
        begun: When it began, ISO 8601.
        ring: The ranges, and how far they have been gone through.
        size: The file's size at the end of its last whole frame, in bytes.
        totals: What is in it.
        findings: How many damaged streams were met.
        partials: The streams of which only the beginning is in it, by their ranges.
    """

    archive_id: UUID
    begun: str
    ring: Walk
    size: int = 0
    totals: Totals = field(default_factory=Totals)
    findings: int = 0
    partials: dict[int, Partial] = field(default_factory=dict)

    def take(self, chunk: Chunk) -> None:
        """Note that a chunk is in the file."""
        span = self.ring.spans[chunk.index]
        self.totals.merge(chunk.totals)
        self.findings += chunk.findings
        span.position = chunk.position or span.position
        span.done = chunk.done
        if chunk.partial is None:
            self.partials.pop(chunk.index, None)
        else:
            self.partials[chunk.index] = chunk.partial

    def to_json(self) -> dict[str, Any]:
        """Return the state, for a checkpoint."""
        return {
            "archive": str(self.archive_id),
            "begun": self.begun,
            "size": self.size,
            "totals": self.totals.to_json(),
            "findings": self.findings,
            "ring": self.ring.to_json(),
            "partials": [
                [
                    index,
                    partial.position.token,
                    str(partial.position.stream_id),
                    partial.events,
                    partial.digest.hex(),
                ]
                for index, partial in self.partials.items()
            ],
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "ExportState":
        """Return the state of a checkpoint; raises KeyError, TypeError, ValueError."""
        return cls(
            UUID(data["archive"]),
            data["begun"],
            Walk.from_json(data["ring"]),
            data["size"],
            Totals.from_json(data["totals"]),
            data["findings"],
            {
                index: Partial(ScanPosition(token, UUID(stream)), events, bytes.fromhex(digest))
                for index, token, stream, events, digest in data["partials"]
            },
        )
