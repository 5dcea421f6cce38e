"""The spool: the one place that writes an export's file and its checkpoint, frame by frame."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Final, Self
from uuid import uuid4

from anyio import to_thread
from anyio.streams.memory import MemoryObjectReceiveStream

from ..cassandra import SchemaState
from ..checks import check_optional_int
from ..errors import InvalidArchive, InvalidArgument
from ..maintenance.checkpoint import Checkpoint
from ..maintenance.progress import Progress
from ..maintenance.walk import Walk
from .export_state import Chunk, ExportState
from .frame_reader import LARGEST_FRAME
from .frame_writer import FrameWriter
from .lines import ArchiveEnd, Header, write_line


@dataclass(frozen=True, slots=True)
class Frames:
    """
    When a frame of an export's file ends.

    Attributes:
        bytes: Behind so many bytes of lines, 32 MiB at most,
        events: or behind so many events.

    Raises:
        InvalidArgument: they are no such numbers.
    """

    bytes: int = 8 * 1024 * 1024
    events: int = 20_000

    def __post_init__(self) -> None:
        """Refuse frames that an import would refuse."""
        check_optional_int("bytes", self.bytes, at_least=1)
        check_optional_int("events", self.events, at_least=1)
        if self.bytes > LARGEST_FRAME // 2:
            raise InvalidArgument(f"a frame has {LARGEST_FRAME // 2:,} bytes at most")


FRAMES: Final = Frames()
"""The frames of most exports: a few seconds of work, and small enough to be done again."""


def export_checkpoint(path: Path) -> Path:
    """Return the file beside an archive that says how far its export has come."""
    return path.with_name(path.name + ".checkpoint")


class ExportFile:
    """
    An export's file while it is written. Made by `open`.

    Attributes:
        state: What is in the file.
        resumed: Whether another run began it.
        resumed_at: How much of the ring was done then, from 0 to 1.
    """

    def __init__(
        self, state: ExportState, writer: FrameWriter, checkpoint: Checkpoint | None, frames: Frames
    ) -> None:
        self.state = state
        self.resumed = state.size > 0
        self.resumed_at = state.ring.fraction
        self._writer = writer
        self._checkpoint = checkpoint
        self._frames = frames

    @classmethod
    async def open(
        cls, target: Path | BinaryIO, table: SchemaState, ranges: int, frames: Frames
    ) -> Self:
        """
        Begin a file, or go on with one.

        Raises:
            InvalidArchive: the file is there, and no export of this table to be gone on with.
        """
        now = datetime.now(UTC).isoformat(timespec="seconds")
        state = ExportState(uuid4(), now, Walk.begin(ranges))
        if not isinstance(target, Path):
            return cls(state, FrameWriter(None, stream=target), None, frames)
        subject = {"table": table.table, "table_id": str(table.table_id)}
        checkpoint = Checkpoint(export_checkpoint(target), "export", subject)
        found = await checkpoint.load()
        if found is not None:
            try:
                state = ExportState.from_json(found)
            except (KeyError, TypeError, ValueError) as error:
                raise InvalidArchive(checkpoint.path, None, f"it is damaged: {error!r}") from error
        elif await to_thread.run_sync(target.exists):
            raise InvalidArchive(
                target, None, "there is such a file already", hint="name another one"
            )
        else:
            # Before the file: one that has no checkpoint is never taken for ours.
            await checkpoint.save(state.to_json())
        writer = await to_thread.run_sync(FrameWriter, target, state.size)
        return cls(state, writer, checkpoint, frames)

    @property
    def size(self) -> int:
        """The file's size, in bytes."""
        return self._writer.size

    async def begin(self, table: str) -> None:
        """Write the header, if it is not there yet."""
        if not self.state.size:
            await self._write(write_line(Header(self.state.archive_id, table, self.state.begun)))
            await self._save()

    async def take_all(
        self,
        chunks: MemoryObjectReceiveStream[Chunk],
        on_progress: Callable[[Progress], None],
    ) -> None:
        """Write what comes, until no more does."""
        size = events = 0
        async with chunks:
            async for chunk in chunks:
                await self._write(b"".join(chunk.lines))
                self.state.take(chunk)
                size += chunk.size
                events += chunk.totals.events
                due = size >= self._frames.bytes or events >= self._frames.events
                if due:
                    await self._save()
                    size = events = 0
                on_progress(self._progress(saved=due))
        if size:
            await self._save()

    async def end(self) -> None:
        """Write the last line; the file is whole then, and has no checkpoint any more."""
        totals = self.state.totals
        await self._write(write_line(ArchiveEnd(totals.streams, totals.events, str(totals.digest))))
        await to_thread.run_sync(self._writer.finish_frame)
        if self._checkpoint is not None:
            await self._checkpoint.remove()

    async def close(self) -> None:
        """Close the file."""
        await to_thread.run_sync(self._writer.close)

    async def _write(self, data: bytes) -> None:
        if data:
            await to_thread.run_sync(self._writer.write, data)

    async def _save(self) -> None:
        await to_thread.run_sync(self._writer.finish_frame)
        self.state.size = self._writer.size
        if self._checkpoint is not None:
            await self._checkpoint.save(self.state.to_json())

    def _progress(self, *, saved: bool) -> Progress:
        totals = self.state.totals
        return Progress(
            self.state.ring.fraction, totals.streams, totals.events, self.resumed_at, saved
        )
