"""The state of an export: what its file holds, and how far each range has come. No I/O."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from ..maintenance.checkpoint import checked_digest, checked_int
from ..maintenance.progress import Totals
from ..maintenance.walk import Walk, saved_position
from ..ring import ScanPosition
from ..versions import MAX_VERSION


@dataclass(frozen=True, slots=True)
class Partial:
    """
    A stream of which only the beginning is in the file.

    Attributes:
        position: The stream.
        events: How many of its events are in the file.
        digest: The digest over them.
        first: The version of the first of them.
    """

    position: ScanPosition
    events: int
    digest: bytes
    first: int = 1


@dataclass(slots=True)
class Chunk:
    """
    Lines of one range, and how far the range has come with them.

    Attributes:
        index: The range.
        lines: The lines.
        size: Their bytes.
        totals: What they add to the totals.
        findings: How many damaged streams are among them.
        position: The last stream that they complete.
        partial: The stream after it, if they hold its beginning.
        done: Whether they are the range's last ones.
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
    What an export's file holds.

    Attributes:
        archive_id: Identifies this export.
        begun: When it began, ISO 8601.
        walk: How far each range has come.
        size: The file's size in bytes at the end of its last complete frame.
        totals: The counts over all lines.
        findings: How many damaged streams there were.
        partials: The streams of which only the beginning is in the file, by range.
    """

    archive_id: UUID
    begun: str
    walk: Walk
    size: int = 0
    totals: Totals = field(default_factory=Totals)
    findings: int = 0
    partials: dict[int, Partial] = field(default_factory=dict)

    def take(self, chunk: Chunk) -> None:
        """Note that a chunk is in the file."""
        span = self.walk.spans[chunk.index]
        self.totals.merge(chunk.totals)
        self.findings += chunk.findings
        span.position = chunk.position or span.position
        span.done = chunk.done
        if chunk.partial is None:
            self.partials.pop(chunk.index, None)
        else:
            self.partials[chunk.index] = chunk.partial

    def to_json(self) -> dict[str, Any]:
        """Return the state for a checkpoint."""
        return {
            "archive": str(self.archive_id),
            "begun": self.begun,
            "size": self.size,
            "totals": self.totals.to_json(),
            "findings": self.findings,
            "ring": self.walk.to_json(),
            "partials": [
                [
                    index,
                    partial.position.token,
                    str(partial.position.stream_id),
                    partial.events,
                    partial.digest.hex(),
                    partial.first,
                ]
                for index, partial in self.partials.items()
            ],
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "ExportState":
        """Return the state of a checkpoint; raises what `Checkpoint.load` allows."""
        walk = Walk.from_json(data["ring"])
        partials = {}
        for index, token, stream_id, events, digest, *others in data["partials"]:
            position = saved_position(token, stream_id)
            if position.token not in walk.spans[checked_int(index)].tokens:
                raise ValueError("a position is outside its range")
            count = checked_int(events, at_most=MAX_VERSION)
            # Checkpoints of releases that know no truncated streams end with the digest.
            first = checked_int(others[0], at_least=1, at_most=MAX_VERSION) if others else 1
            partials[index] = Partial(position, count, checked_digest(digest), first)
        return cls(
            UUID(data["archive"]),
            str(data["begun"]),
            walk,
            checked_int(data["size"]),
            Totals.from_json(data["totals"]),
            checked_int(data["findings"]),
            partials,
        )
