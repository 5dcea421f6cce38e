"""The state of an import: how far the file was read, and what came of it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from uuid import UUID

from ..cassandra import SchemaState
from ..errors import InvalidArchive
from ..maintenance.checkpoint import Checkpoint
from ..maintenance.digest import StreamDigest
from ..maintenance.progress import Totals
from .lines import Header


class OpenStream:
    """
    A stream whose lines are being read.

    Attributes:
        digest: Over the lines read so far.
        failed: Whether the store refused it: its other events are passed over.
    """

    __slots__ = ("digest", "failed")

    def __init__(self, stream_id: UUID, events: int = 0, digest: bytes | None = None) -> None:
        self.digest = StreamDigest(stream_id, events, digest)
        self.failed = False


@dataclass(slots=True)
class ImportState:
    """
    How far an import has come. Made by `begin`.

    Attributes:
        checkpoint: Where it is kept; None where it is not.
        offset: Where the first frame begins that is not done, in bytes; 0 before the first one.
        line: The number of its first line.
        read: What was read.
        open: The streams that are being read.
        stored: Events that were stored.
        checked: Streams that were read back, and are alike.
        findings: Streams that were refused, or are different.
        ended: Whether the last line was read.
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
        Return the state of a new import, or of one to be gone on with.

        Raises:
            InvalidCheckpoint: the checkpoint is none, or of another file or table.
        """
        if path is None:
            return cls(None)
        subject = {
            "archive": str(header.archive_id),
            "table": table.table,
            "table_id": str(table.table_id),
        }
        state = cls(Checkpoint(path, "import", subject))
        assert state.checkpoint is not None  # noqa: S101 - just made
        found = await state.checkpoint.load()
        if found is not None:
            try:
                state._load(found)
            except (KeyError, TypeError, ValueError) as error:
                raise InvalidArchive(path, None, f"it is damaged: {error!r}") from error
        return state

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
                [str(stream_id), stream.digest.events, stream.digest.value.hex(), stream.failed]
                for stream_id, stream in self.open.items()
            ],
            "stored": self.stored,
            "checked": self.checked,
            "findings": self.findings,
            "ended": self.ended,
        }

    def _load(self, data: dict[str, Any]) -> None:
        self.offset, self.line = int(data["offset"]), int(data["line"])
        self.read = Totals.from_json(data["read"])
        for text, events, digest, failed in data["open"]:
            stream = OpenStream(UUID(text), events, bytes.fromhex(digest))
            stream.failed = bool(failed)
            self.open[UUID(text)] = stream
        self.stored, self.checked = int(data["stored"]), int(data["checked"])
        self.findings, self.ended = int(data["findings"]), bool(data["ended"])
