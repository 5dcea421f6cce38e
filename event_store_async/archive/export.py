"""Exporting: all events of a store into one file, which an interruption never harms."""

from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

import anyio
from anyio.streams.memory import MemoryObjectSendStream

from ..cassandra import EventStore, Storage
from ..errors import StreamHole
from ..maintenance.callbacks import Callback, notify
from ..maintenance.digest import StreamDigest
from ..maintenance.findings import FindingKind, StreamFinding
from ..maintenance.progress import Progress
from ..maintenance.walk import (
    RANGES,
    WORKERS,
    check_workers,
    walk,
)
from ..ring import ScanPosition
from ..stored import StreamSummary
from ..tasks import first_error
from .export_file import FRAMES, ExportFile, Frames
from .export_state import Chunk, ExportState, Partial
from .frame_writer import check_zstd
from .lines import StreamEnd, write_line

_CHUNK_BYTES: Final = 256 * 1024
_CHUNK_EVENTS: Final = 1000


@dataclass(frozen=True, slots=True)
class ExportReport:
    """
    What an export came to.

    Attributes:
        streams: Streams in the file.
        events: Events in the file.
        bytes: Bytes of payload and metadata of these events, as stored.
        digest: The digest over all of them, in hex.
        findings: How many streams are damaged: of these, what stands in front of the damage is in
            the file.
        size: The file's size, in bytes.
        resumed: Whether this run went on with what another one began.
    """

    streams: int
    events: int
    bytes: int
    digest: str
    findings: int
    size: int
    resumed: bool


async def export_events(
    store: EventStore,
    target: Path | BinaryIO,
    *,
    ranges: int = RANGES,
    workers: int = WORKERS,
    frames: Frames = FRAMES,
    on_progress: Callable[[Progress], None] = lambda _: None,
    on_finding: Callback[StreamFinding] = lambda _: None,
) -> ExportReport:
    """
    Write all events of a store into a file.

    Every stream is written from its first event up to the version that it was met at: always a
    contiguous run from version 1, also while others append. Streams are not written as of one
    common moment; one that begins while the export runs is in the file or not.

    The file is written in frames; with each one a checkpoint beside it (`export_checkpoint`)
    is replaced. Where there is one, the export it belongs to is gone on with: what was written
    behind the last whole frame is cut off, and no event is lost or doubled, however the process
    ended.

    Args:
        store: The store.
        target: The file; or a stream, as a pipe, which cannot be gone on with.
        ranges: Into how many parts the ring is cut.
        workers: How many of them are read at once.
        frames: When a frame ends, and a checkpoint is written.
        on_progress: Told of each step.
        on_finding: Told of each damaged stream; an async function is waited for.

    Raises:
        InvalidArgument: there is no zstd, or no worker.
        InvalidArchive: there is a file already that is not an export of this very table to be gone
            on with, or it cannot be written.
        StoreUnavailable, MisuseError, SchemaError
    """
    check_zstd()
    check_workers(workers)
    table = await store.schema_state()
    table.check_usable()
    spool = await ExportFile.open(target, table, ranges, frames)
    try:
        await spool.begin(table.table)
        send, receive = anyio.create_memory_object_stream[Chunk](workers)
        export = _Export(store.storage, spool.state, send, on_finding)
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(spool.take_all, receive, on_progress)
                async with send:
                    await walk(store.storage, spool.state.ring, export, workers)
        except BaseExceptionGroup as errors:
            error = first_error(errors)
            raise error from error.__cause__
        await spool.end()
    finally:
        await spool.close()
    totals = spool.state.totals
    return ExportReport(
        totals.streams,
        totals.events,
        totals.bytes,
        str(totals.digest),
        spool.state.findings,
        spool.size,
        spool.resumed,
    )


class _Export:
    """Visits the streams, and passes their lines on to the spool."""

    def __init__(
        self,
        storage: Storage,
        state: ExportState,
        send: MemoryObjectSendStream[Chunk],
        on_finding: Callback[StreamFinding],
    ) -> None:
        self._storage = storage
        self._state = state
        self._send = send
        self._on_finding = on_finding
        self._chunks: dict[int, Chunk] = {}

    async def enter(self, index: int) -> ScanPosition | None:
        self._chunks[index] = Chunk(index)
        partial = self._state.partials.get(index)
        if partial is None:
            return self._state.ring.spans[index].position
        stream_id = partial.position.stream_id
        tail = await self._storage.tail(stream_id)
        digest = StreamDigest(stream_id, partial.events, partial.digest)
        await self._write_stream(index, partial.position, tail.head if tail else None, digest)
        return partial.position

    async def visit(self, index: int, summary: StreamSummary) -> None:
        digest = StreamDigest(summary.stream_id)
        await self._write_stream(index, summary.position, summary.version, digest)

    async def leave(self, index: int) -> None:
        self._chunks[index].done = True
        await self._pass_on(index)
        del self._chunks[index]

    async def _write_stream(
        self, index: int, position: ScanPosition, head: int | None, digest: StreamDigest
    ) -> None:
        """Write a stream's events from where its digest is, up to its head."""
        stream_id = position.stream_id
        problem = "it has events, but no version of its own" if head is None else None
        wanted = None if head is None else max(0, head - digest.events)
        try:
            async with aclosing(
                self._storage.read_stored(stream_id, digest.events + 1, wanted)
            ) as events:
                async for event in events:
                    chunk = self._chunks[index]
                    chunk.add(write_line(event))
                    digest.add(event)
                    chunk.totals.events += 1
                    chunk.totals.bytes += event.size
                    if chunk.size >= _CHUNK_BYTES or chunk.totals.events >= _CHUNK_EVENTS:
                        chunk.partial = Partial(position, digest.events, digest.value)
                        await self._pass_on(index)
        except StreamHole:
            problem = f"version {digest.events + 1} is missing; what is in front of it is written"
        if problem is None and head is not None and digest.events < head:
            problem = f"its version is {head}, and it has {digest.events} events"
        chunk = self._chunks[index]
        if digest.events:
            chunk.add(write_line(StreamEnd(stream_id, digest.events, digest.value.hex())))
        chunk.totals.add_stream(digest)
        chunk.position, chunk.partial = position, None
        if problem is not None:
            chunk.findings += 1
            kind = FindingKind.HEAD if head is None else FindingKind.HOLE
            finding = StreamFinding(stream_id, kind, digest.events + 1, problem)
            await notify(self._on_finding, finding)

    async def _pass_on(self, index: int) -> None:
        chunk, self._chunks[index] = self._chunks[index], Chunk(index)
        await self._send.send(chunk)
