"""An export's file and its checkpoint, both written here only, a frame at a time."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Self
from uuid import uuid4

from anyio import to_thread
from anyio.streams.memory import MemoryObjectReceiveStream

from ..cassandra import SchemaState
from ..errors import InvalidArchive
from ..maintenance.checkpoint import Checkpoint
from ..maintenance.progress import Earlier, Progress
from ..maintenance.walk import Walk
from .export_state import Chunk, ExportState
from .frames import Frames, FrameWriter
from .lines import ArchiveEnd, Header, write_line


def export_checkpoint(path: Path) -> Path:
    """Return the path of the checkpoint beside an archive."""
    return path.with_name(path.name + ".checkpoint")


class ExportFile:
    """
    The file of an export that is under way. Made by `open`.

    Attributes:
        state: What the file holds.
        resumed: Whether an earlier run began it.
        earlier: What that run had counted; None if there was none.
        resumed_at: How much of the ring was done then, from 0 to 1.
    """

    def __init__(
        self, state: ExportState, writer: FrameWriter, checkpoint: Checkpoint | None, frames: Frames
    ) -> None:
        self.state = state
        self.resumed = state.size > 0
        totals = state.totals
        self.earlier = Earlier(totals.streams, totals.events) if self.resumed else None
        self.resumed_at = state.walk.fraction
        self._writer = writer
        self._checkpoint = checkpoint
        self._frames = frames

    @classmethod
    async def open(
        cls, target: Path | BinaryIO, table: SchemaState, ranges: int, frames: Frames
    ) -> Self:
        """
        Create a file, or resume one.

        Raises:
            InvalidArchive: the file exists and has no checkpoint, or cannot be written.
            InvalidCheckpoint: the checkpoint belongs to another job or table, is damaged, or
                cannot be read or written.
        """
        now = datetime.now(UTC).isoformat(timespec="seconds")
        state = ExportState(uuid4(), now, Walk.begin(ranges))
        if not isinstance(target, Path):
            return cls(state, FrameWriter(None, stream=target), None, frames)
        if not target.name:  # "." and "/"
            raise InvalidArchive(target, None, "it is a folder", hint="name a file in it")
        subject = {"table": table.table, "table_id": str(table.table_id)}
        checkpoint = Checkpoint(export_checkpoint(target), "export", subject)
        found = await checkpoint.load(ExportState.from_json)
        if found is not None:
            state = found
        elif await to_thread.run_sync(os.path.lexists, target):  # a link to nowhere, too
            raise InvalidArchive(target, None, "the file exists already", hint="name another one")
        else:
            # The checkpoint comes before the file, and goes after it is complete: a file without
            # one is complete or not ours, and is never written to.
            await checkpoint.save(state.to_json())
        # This cuts off what an interrupted run wrote after its last checkpoint.
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
        """Write chunks until their senders have closed the stream."""
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
        """Write the last line; the file is complete then, and its checkpoint is removed."""
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
        # First the frame, then the checkpoint: a checkpoint never promises bytes that are not on
        # the disk. Bytes that it does not know of are cut off on resuming, and written again.
        await to_thread.run_sync(self._writer.finish_frame)
        self.state.size = self._writer.size
        if self._checkpoint is not None:
            await self._checkpoint.save(self.state.to_json())

    def _progress(self, *, saved: bool) -> Progress:
        totals = self.state.totals
        return Progress(
            self.state.walk.fraction, totals.streams, totals.events, self.resumed_at, saved
        )
