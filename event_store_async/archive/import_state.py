"""The state of an import: how far the file has been read, and what was stored."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from uuid import UUID

from ..cassandra import SchemaState
from ..maintenance.checkpoint import Checkpoint, checked_bool, checked_digest, checked_int
from ..maintenance.digest import StreamDigest
from ..maintenance.progress import Totals
from ..versions import MAX_VERSION
from .lines import Header


class OpenStream:
    """
    A stream whose last line has not been read yet.

    Attributes:
        digest: The digest over its lines so far.
        failed: Whether the store refused it: its other events are skipped.
        category: Its category, if this run has read its first line; None if it has none.
        first: The version of its first event.
        closed: Whether it is closed for ever, if this run has read its first line.
    """

    __slots__ = ("category", "closed", "digest", "failed", "first")

    def __init__(
        self, stream_id: UUID, events: int = 0, digest: bytes | None = None, first: int = 1
    ) -> None:
        self.first = first
        self.closed = False
        self.digest = StreamDigest(stream_id, events, digest)
        self.failed = False
        self.category: str | None = None


@dataclass(slots=True)
class ImportState:
    """
    How far an import has come. Made by `begin`.

    Attributes:
        checkpoint: The file that keeps it; None if it is not kept.
        offset: The offset in bytes of the first frame that is not done; 0 before the first one.
        line: The number of that frame's first line.
        read: The counts over all lines read.
        open: The streams whose last line has not been read yet.
        stored: Events that were stored.
        checked: Streams that were read back and are equal to the file's.
        findings: Streams that were refused, or are different.
        ended: Whether the archive's last line was read; such a state is not saved.
    """

    checkpoint: Checkpoint | None
    offset: int = 0
    line: int = 1
    read: Totals = field(default_factory=Totals)
    open: dict[UUID, OpenStream] = field(default_factory=dict)
    stored: int = 0
    checked: int = 0
    findings: int = 0
    ended: bool = False

    @classmethod
    async def begin(cls, header: Header, table: SchemaState, path: Path | None) -> Self:
        """
        Return the state of a new import, or of the one whose checkpoint is there.

        Args:
            header: The archive's.
            table: The table to import into.
            path: The checkpoint; None for none.

        Raises:
            InvalidCheckpoint: the file is not a checkpoint of this import into this table, is
                damaged, or cannot be read.
        """
        if path is None:
            return cls(None)
        subject = {
            "archive": str(header.archive_id),
            "table": table.table,
            "table_id": str(table.table_id),
        }
        checkpoint = Checkpoint(path, "import", subject)
        found = await checkpoint.load(lambda data: cls._from_json(checkpoint, data))
        return cls(checkpoint) if found is None else found

    async def save(self) -> None:
        """Write the checkpoint."""
        if self.checkpoint is not None:
            await self.checkpoint.save(self._to_json())

    async def end(self) -> None:
        """Remove the checkpoint."""
        if self.checkpoint is not None:
            await self.checkpoint.remove()

    def _to_json(self) -> dict[str, Any]:
        return {
            "offset": self.offset,
            "line": self.line,
            "read": self.read.to_json(),
            "open": [
                [
                    str(stream_id),
                    stream.digest.events,
                    stream.digest.value.hex(),
                    stream.failed,
                    stream.first,
                ]
                for stream_id, stream in self.open.items()
            ],
            "stored": self.stored,
            "checked": self.checked,
            "findings": self.findings,
            "ended": self.ended,
        }

    @classmethod
    def _from_json(cls, checkpoint: Checkpoint, data: dict[str, Any]) -> Self:
        if checked_bool(data["ended"]):
            # Nothing would be left to read, and all that is reported would be the checkpoint's
            # word. This version saves no such state; one that earlier ones saved begins anew.
            return cls(checkpoint)
        opened = {}
        for text, events, digest, failed, *others in data["open"]:
            count = checked_int(events, at_most=MAX_VERSION)
            # Checkpoints of releases that know no truncated streams have no more.
            first = checked_int(others[0], at_least=1, at_most=MAX_VERSION) if others else 1
            stream = OpenStream(UUID(text), count, checked_digest(digest), first)
            stream.failed = checked_bool(failed)
            opened[UUID(text)] = stream
        if sum(stream.failed for stream in opened.values()) > checked_int(data["findings"]):
            raise ValueError("more streams have failed than there are findings")
        return cls(
            checkpoint,
            checked_int(data["offset"], at_least=1),
            checked_int(data["line"], at_least=1),
            Totals.from_json(data["read"]),
            opened,
            checked_int(data["stored"]),
            checked_int(data["checked"]),
            checked_int(data["findings"]),
        )
