"""An export: all events of a store into one file, safe to interrupt at any moment."""

from collections.abc import Callable, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

import anyio
from anyio.streams.memory import MemoryObjectSendStream

from ..cassandra import EventStore, Storage
from ..checks import check_instance, check_methods
from ..counts import counted
from ..errors import StreamHole, StreamTruncated
from ..maintenance.callbacks import Callback, notify
from ..maintenance.digest import StreamDigest
from ..maintenance.findings import FindingKind, StreamFinding
from ..maintenance.job import check_run
from ..maintenance.progress import Earlier, Progress
from ..maintenance.walk import RANGES, WORKERS, check_workers
from ..ring import ScanPosition
from ..stored import StoredEvent, StreamSummary
from ..tasks import task_group
from .export_file import ExportFile
from .export_state import Chunk, ExportState, Partial
from .frames import FRAMES, Frames, check_zstd
from .lines import FirstEvent, Line, StreamEnd, StreamStart, write_line

_CHUNK_BYTES: Final = 256 * 1024
_CHUNK_EVENTS: Final = 1000

_TRUNCATED: Final = "it was truncated while it was read; the events before version {} are written"


@dataclass(frozen=True, slots=True)
class ExportReport:
    """
    The result of an export.

    Attributes:
        streams: Streams in the file.
        events: Events in the file.
        bytes: Bytes of payload and metadata of these events, as stored.
        digest: The digest over all of them, in hex.
        findings: How many streams are damaged: the file holds their events before the damage.
        size: The file's size, in bytes.
        resumed: Whether this run resumed an earlier one.
        earlier: What the counts, the digest and the findings take from its checkpoint; None if
            there was none.
    """

    streams: int
    events: int
    bytes: int
    digest: str
    findings: int
    size: int
    resumed: bool
    earlier: Earlier | None = None


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

    Of each stream, the file holds the events from the first one that is kept to the version that
    the stream had when the export came to it, without a gap, even if others append meanwhile. That
    a stream was truncated, or closed, is written, too. The streams are not
    written as of one common moment. A stream that begins while the export runs may be in the file
    or not.

    The file is written in frames. After each frame, the checkpoint beside the file (its name with
    ``.checkpoint`` added) is replaced. If there is a checkpoint, the export resumes from it: what
    was written after the last complete frame is cut off, and no event is lost or duplicated,
    however the process ended.

    Args:
        store: The store.
        target: The file; or a binary stream, for example a pipe, which cannot be resumed.
        ranges: How many parts the ring is split into.
        workers: How many of them are read at once.
        frames: When a frame ends and a checkpoint is written.
        on_progress: Called after each chunk of events.
        on_finding: Receives each damaged stream; an async function is awaited.

    Raises:
        InvalidArgument: zstd is not installed, or there is not at least one worker and one range.
        InvalidArchive: the file exists and has no checkpoint, is shorter than its checkpoint says,
            cannot be written, or another process is writing it.
        InvalidCheckpoint: the checkpoint belongs to another table, is damaged, or cannot be read
            or written.
        StoreUnavailable, MisuseError, SchemaError: as a read does.
    """
    called = {"on_progress": on_progress, "on_finding": on_finding}
    check_run(store, workers, ranges=ranges, **called)
    if not isinstance(target, Path):
        check_methods("target", target, "a pathlib.Path or a binary file", "write")
    check_instance("frames", frames, Frames, "a Frames")
    check_zstd()
    check_workers(workers)
    table = await store.schema_state()
    table.check_usable()
    file = await ExportFile.open(target, table, ranges, frames)
    try:
        await file.begin(table.table)
        # Many readers, one writer. The readers may be ahead of it by one chunk each.
        send, receive = anyio.create_memory_object_stream[Chunk](workers)
        exporter = _Exporter(store.storage, file.state, send, on_finding)
        async with task_group() as group:
            group.start_soon(file.take_all, receive, on_progress)
            async with send:
                await file.state.walk.run(store.storage, exporter, workers)
        await file.end()
    finally:
        await file.close()
    totals = file.state.totals
    return ExportReport(
        totals.streams,
        totals.events,
        totals.bytes,
        str(totals.digest),
        file.state.findings,
        file.size,
        file.resumed,
        file.earlier,
    )


@dataclass(slots=True)
class _Stream:
    """
    A stream that is being written.

    Attributes:
        position: Its place on the ring.
        head: Its version; None if it has none.
        digest: The digest over the events that are written.
        first: The version of its first event; if there is none, of the next one.
        category: Its category; None if it has none, or if its first line is written.
        closed: Whether it is closed for ever.
    """

    position: ScanPosition
    head: int | None
    digest: StreamDigest
    first: int = 1
    category: str | None = None
    closed: bool = False

    @property
    def is_erased(self) -> bool:
        """Whether events before its first one are gone, or it is closed."""
        return self.first > 1 or self.closed

    @property
    def start(self) -> StreamStart:
        """The line before its first event, if it is erased."""
        return StreamStart(self.position.stream_id, self.first, self.closed, self.category)


def _lines(stream: _Stream, event: StoredEvent) -> Iterator[Line]:
    """Yield the lines of the next event."""
    if stream.digest.events:
        yield event
    elif stream.is_erased:
        yield stream.start
        yield event
    else:
        yield event if stream.category is None else FirstEvent(event, stream.category)


class _Exporter:
    """
    Visits the streams, and sends their lines to the file.

    The spans of the walk are updated by the file, once it holds the lines.
    """

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
        """The chunk that each range is filling."""

    async def enter(self, index: int) -> ScanPosition | None:
        self._chunks[index] = Chunk(index)
        partial = self._state.partials.get(index)
        if partial is None:
            return self._state.walk.spans[index].position
        # An interrupted run has written the beginning of this stream: write the rest, up to the
        # version that the stream has by now.
        stream_id = partial.position.stream_id
        tail = await self._storage.tail(stream_id)
        digest = StreamDigest(stream_id, partial.events, partial.digest)
        stream = _Stream(partial.position, tail.head if tail else None, digest, partial.first)
        await self._write_stream(index, stream)
        return partial.position

    async def visit(self, index: int, summary: StreamSummary) -> None:
        stream = _Stream(summary.position, summary.version, StreamDigest(summary.stream_id))
        stream.category = summary.category
        stream.first = summary.kept_from
        stream.closed = summary.closed
        await self._write_stream(index, stream)

    async def leave(self, index: int) -> None:
        self._chunks[index].done = True
        await self._send_chunk(index)
        del self._chunks[index]

    async def _write_stream(self, index: int, stream: _Stream) -> None:
        """Write a stream's events from where its digest ends, up to its head."""
        stream_id, head, digest = stream.position.stream_id, stream.head, stream.digest
        problem = "it has events, but no version of its own" if head is None else None
        next_version = stream.first + digest.events
        max_count = None if head is None else max(0, head - next_version + 1)
        try:
            async with aclosing(
                self._storage.read_stored(stream_id, next_version, max_count)
            ) as events:
                async for event in events:
                    if not digest.events:
                        stream.first = event.version  # it may have been truncated since the scan
                    elif event.version != stream.first + digest.events:
                        raise StreamTruncated(
                            stream_id, stream.first + digest.events, event.version
                        )
                    if head is not None and event.version > head:
                        break
                    chunk = self._chunks[index]
                    for line in _lines(stream, event):
                        chunk.add(write_line(line))
                    digest.add(event)
                    chunk.totals.events += 1
                    chunk.totals.bytes += event.size
                    if chunk.size >= _CHUNK_BYTES or chunk.totals.events >= _CHUNK_EVENTS:
                        # The chunk ends inside the stream: say how to go on from here.
                        chunk.partial = Partial(
                            stream.position, digest.events, digest.value, stream.first
                        )
                        await self._send_chunk(index)
        except StreamHole as hole:
            problem = f"version {hole.version} is missing; the events before it are written"
        except StreamTruncated as truncated:
            problem = _TRUNCATED.format(truncated.version)
        written = stream.first + digest.events - 1
        if problem is None and head is not None and written < head:
            problem = await self._shortfall(stream, head, written)
        chunk = self._chunks[index]
        if not digest.events and stream.is_erased:
            chunk.add(write_line(stream.start))
        if digest.events or stream.is_erased:
            chunk.add(write_line(StreamEnd(stream_id, digest.events, digest.value.hex())))
        chunk.totals.add_stream(digest)
        chunk.position, chunk.partial = stream.position, None
        if problem is not None:
            chunk.findings += 1
            kind = FindingKind.HEAD if head is None else FindingKind.HOLE
            finding = StreamFinding(stream_id, kind, written + 1, problem)
            await notify(self._on_finding, finding)

    async def _shortfall(self, stream: _Stream, head: int, written: int) -> str | None:
        """Return why a stream ends before its head; None if all its events are gone since."""
        tail = await self._storage.tail(stream.position.stream_id, serial=True)
        events = stream.digest.events
        if tail is not None and tail.kept_from > written + 1:
            if events:
                return _TRUNCATED.format(written + 1)
            if tail.kept_from > head:
                stream.first, stream.closed = tail.kept_from, tail.closed
                return None
        return f"its version is {head}, and it has {counted(events, 'event')}"

    async def _send_chunk(self, index: int) -> None:
        chunk, self._chunks[index] = self._chunks[index], Chunk(index)
        await self._send.send(chunk)
