"""An import: the events of an archive into a store, at the versions that they had."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from anyio import to_thread

from ..cassandra import EventStore
from ..checks import check_bool, check_methods
from ..counts import counted
from ..errors import InvalidArchive, InvalidArgument, InvalidCheckpoint
from ..maintenance.callbacks import Callback
from ..maintenance.findings import StreamFinding
from ..maintenance.job import check_run
from ..maintenance.progress import Earlier, Progress
from ..maintenance.walk import WORKERS, check_workers
from ..stored import StoredEvent
from .export_file import export_checkpoint
from .file_end import missing_end
from .frames import RECOMPRESSED_HINT, FrameReader, check_zstd
from .import_state import ImportState, OpenStream
from .import_writer import ImportWriter
from .lines import (
    ArchiveEnd,
    FirstEvent,
    Header,
    Line,
    StreamEnd,
    StreamStart,
    read_line,
)

_INCOMPLETE: Final = (
    "the export was interrupted, or the copy is not complete: run the export again, or copy the "
    "file again"
)


@dataclass(frozen=True, slots=True)
class EarlierImport(Earlier):
    """
    What an import's report takes from the checkpoint of earlier runs. This run did not check it.

    Attributes:
        stored: Events that they stored.
        checked: Streams that they read back.
        findings: Streams that they found refused, or different.
    """

    stored: int
    checked: int
    findings: int


@dataclass(frozen=True, slots=True)
class ImportReport:
    """
    The result of an import.

    Attributes:
        streams: Streams in the file.
        events: Events in the file.
        digest: The digest over all of them, in hex; it equals the one that the file states.
        stored: How many of the events this import stored, including runs before an interruption.
            The others were in the store already, or an interrupted run stored them after its last
            checkpoint.
        checked: How many streams were read back and have the file's digest.
        findings: How many streams were refused, or differed when they were read back.
        resumed: Whether this run resumed an earlier one.
        earlier: What the counts take from its checkpoint; None if there was none. The difference is
            what this run did.
    """

    streams: int
    events: int
    digest: str
    stored: int
    checked: int
    findings: int
    resumed: bool
    earlier: EarlierImport | None = None


async def import_events(
    store: EventStore,
    source: Path | BinaryIO,
    *,
    checkpoint: Path | None = None,
    check: bool = True,
    workers: int = 2 * WORKERS,
    on_progress: Callable[[Progress], None] = lambda _: None,
    on_finding: Callback[StreamFinding] = lambda _: None,
) -> ImportReport:
    """
    Store the events of a file that `export_events` wrote, bit for bit, with their ids and times.

    Every batch is conditional on the stream's exact version. Events that are in the store already,
    equal in every field, are skipped: an import may be repeated, and importing a later export of
    the same streams adds what is new. A stream that holds other events is a finding; the import
    continues with the other streams.

    Args:
        store: The store.
        source: The file; or a binary stream, for example a pipe, which cannot be resumed.
        checkpoint: A file to save progress in, after each frame; or after several, until they have
            as many lines as there are streams whose end is still to come. None means a file beside
            the source, named after it and the table. If it exists, the import resumes from it. It
            is removed at the end.
        check: Read every stream back at its end, and compare its digest.
        workers: How many streams are written at once.
        on_progress: Called after each frame.
        on_finding: Receives each stream that was refused or is different; an async function is
            awaited.

    Raises:
        InvalidArgument: zstd is not installed, the number of workers is below 1, or a checkpoint
            is given for a stream.
        InvalidArchive: the file is not an archive, is damaged or incomplete; names the line.
            Events before that line may be stored; nothing is, if the end of a file is missing.
        InvalidCheckpoint: the file is not a checkpoint of this import into this table, is damaged,
            or cannot be read or written.
        RestoreOutcomeUnknown, StoreUnavailable: no quorum answered; repeat the import.
        RequestRefused, MisuseError, SchemaError: as a read does.
    """
    called = {"on_progress": on_progress, "on_finding": on_finding}
    check_run(store, workers, path=checkpoint, **called)
    if not isinstance(source, Path):
        check_methods("source", source, "a pathlib.Path or a binary file", "read")
    check_bool("check", check)
    check_zstd()
    check_workers(workers)
    if checkpoint is not None and not isinstance(source, Path):
        raise InvalidArgument("an import through a pipe cannot have a checkpoint")
    table = await store.schema_state()
    table.check_usable()
    importer = _Importer(source, on_progress)
    header = await importer.open()
    try:
        path = checkpoint or _default_checkpoint(source, table.table)
        state = await ImportState.begin(header, table, path)
        writer = ImportWriter(store.storage, state, check, workers, on_finding)
        earlier = await importer.resume(state)
        await writer.run(lambda: importer.read_all(state, writer))
    finally:
        await importer.close()
    await state.end()
    return ImportReport(
        state.read.streams,
        state.read.events,
        str(state.read.digest),
        state.stored,
        state.checked,
        state.findings,
        earlier is not None,
        earlier,
    )


def _default_checkpoint(source: Path | BinaryIO, table: str) -> Path | None:
    if not isinstance(source, Path):
        return None
    return source.with_name(f"{source.name}.{table}.checkpoint")


class _Importer:
    """Reads the file, checks that its lines fit together, and hands the events to the writer."""

    def __init__(self, source: Path | BinaryIO, on_progress: Callable[[Progress], None]) -> None:
        self._path = source if isinstance(source, Path) else Path("-")
        self._stream = None if isinstance(source, Path) else source
        self._on_progress = on_progress
        self._resumed_at = 0.0
        self._reader: FrameReader

    async def open(self) -> Header:
        """Open the file, and return its header."""
        if not self._path.name:  # "." and "/", which have no neighbours to look for
            raise InvalidArchive(self._path, None, "it cannot be read: it is a folder")
        unfinished = export_checkpoint(self._path)
        if self._stream is None and await to_thread.run_sync(os.path.exists, unfinished):
            raise InvalidArchive(
                self._path, None, "its export is not finished", hint="run the export again"
            )
        self._reader = await to_thread.run_sync(FrameReader, self._path, 0, 1, self._stream)
        try:
            first = await to_thread.run_sync(self._reader.read)
            header = None if first is None else self._line(next(first.lines), 1)
            if not isinstance(header, Header) or first is None:
                raise InvalidArchive(self._path, 1, "it is not a file of exported events")
            # The header has a frame of its own, so that any other frame can be read without it.
            if first.count > 1:
                raise InvalidArchive(
                    self._path,
                    1,
                    "its header is not in a zstd frame of its own",
                    hint=RECOMPRESSED_HINT,
                )
            if self._stream is None:
                await self._check_end()
        except BaseException:
            await self.close()
            raise
        return header

    async def _check_end(self) -> None:
        """Refuse a file whose end is missing, before anything of it is stored."""
        try:
            missing = await to_thread.run_sync(missing_end, self._path)
        except OSError as error:
            raise InvalidArchive(
                self._path, None, f"it cannot be read: {error.strerror}"
            ) from error
        if missing is not None:
            raise InvalidArchive(self._path, None, missing, hint=_INCOMPLETE)

    async def resume(self, state: ImportState) -> EarlierImport | None:
        """Move to where the state ends; returns what an earlier run did, None for a new state."""
        if state.checkpoint is None or not state.offset:
            return None
        size = self._reader.size
        if size is not None and state.offset > size:
            raise InvalidCheckpoint(
                state.checkpoint.path,
                f"it is damaged: {self._path} has {size:,} bytes, not {state.offset:,}",
                hint="remove it to start from the beginning",
            )
        await self.close()
        self._reader = await to_thread.run_sync(FrameReader, self._path, state.offset, state.line)
        self._resumed_at = self._fraction()
        read = state.read
        return EarlierImport(read.streams, read.events, state.stored, state.checked, state.findings)

    async def read_all(self, state: ImportState, writer: ImportWriter) -> None:
        """Read to the end of the file."""
        saved = state.line
        while (frame := await to_thread.run_sync(self._reader.read)) is not None:
            for number, line in enumerate(frame.lines, frame.first):
                await self._take(self._line(line, number), number, state, writer)
            # A checkpoint says "up to here": everything before it must be stored first.
            await writer.wait()
            state.offset = frame.end
            state.line = frame.first + frame.count
            # A checkpoint names every open stream. That many lines pay for it, so that an archive
            # in which many are open costs no more per line than any other.
            due = not state.ended and state.line - saved >= len(state.open)
            if due:
                await state.save()
                saved = state.line
            self._report(state, saved=due)
        if not state.ended:
            # The file will not grow: a checkpoint at its end would be of no use.
            await state.end()
            raise InvalidArchive(self._path, None, "its last line is missing", hint=_INCOMPLETE)

    async def close(self) -> None:
        """Close the file."""
        await to_thread.run_sync(self._reader.close)

    async def _take(
        self, line: Line, number: int, state: ImportState, writer: ImportWriter
    ) -> None:
        if state.ended or isinstance(line, Header):
            raise InvalidArchive(self._path, number, "this line does not belong here")
        if isinstance(line, ArchiveEnd):
            self._check_archive(line, number, state)
            state.ended = True
        elif isinstance(line, StreamEnd):
            stream = self._check_stream(line, number, state)
            state.read.add_stream(stream.digest)
            await writer.end(stream)
        elif isinstance(line, StreamStart):
            await writer.begin(self._check_start(line, number, state))
        else:
            event = line.event if isinstance(line, FirstEvent) else line
            stream = self._check_event(event, number, state)
            if isinstance(line, FirstEvent):
                stream.category = line.category
            stream.digest.add(event)
            state.read.events += 1
            state.read.bytes += event.size
            await writer.add(stream, event)

    def _check_start(self, start: StreamStart, number: int, state: ImportState) -> OpenStream:
        """Return the stream that begins; no line of it may come before."""
        if start.stream_id in state.open:
            raise InvalidArchive(
                self._path, number, f"stream {start.stream_id} has begun before this line"
            )
        stream = state.open[start.stream_id] = OpenStream(start.stream_id, first=start.kept_from)
        stream.category, stream.closed = start.category, start.closed
        return stream

    def _check_event(self, event: StoredEvent, number: int, state: ImportState) -> OpenStream:
        """Return the event's stream; the event must be the next one of it."""
        stream = state.open.get(event.stream_id)
        if stream is None:
            stream = state.open[event.stream_id] = OpenStream(event.stream_id)
        wanted = stream.first + stream.digest.events
        if event.version != wanted:
            raise InvalidArchive(
                self._path,
                number,
                f"it holds version {event.version} of stream {event.stream_id}, where version "
                f"{wanted} must be",
            )
        return stream

    def _check_stream(self, end: StreamEnd, number: int, state: ImportState) -> OpenStream:
        """Return the stream that ends; the lines before must be all of it."""
        stream = state.open.pop(end.stream_id, None)
        if (
            stream is None
            or stream.digest.events != end.events
            or stream.digest.value.hex() != end.digest
        ):
            raise InvalidArchive(
                self._path,
                number,
                f"the lines of stream {end.stream_id} are not complete or not as they were written",
            )
        return stream

    def _check_archive(self, end: ArchiveEnd, number: int, state: ImportState) -> None:
        """Check that every stream has ended, and that the counts and the digest are right."""
        if state.open:
            raise InvalidArchive(
                self._path, number, f"stream {next(iter(state.open))} does not end"
            )
        read = state.read
        if (end.streams, end.events, end.digest) != (read.streams, read.events, str(read.digest)):
            raise InvalidArchive(
                self._path,
                number,
                f"the file holds {counted(read.streams, 'stream')} and "
                f"{counted(read.events, 'event')} with digest "
                f"{read.digest}, but its last line says {end.streams:,}, {end.events:,} and "
                f"{end.digest}",
            )

    def _line(self, line: bytes, number: int) -> Line:
        try:
            return read_line(line)
        except ValueError as error:
            raise InvalidArchive(self._path, number, str(error)) from error

    def _fraction(self) -> float:
        return self._reader.offset / self._reader.size if self._reader.size else 0.0

    def _report(self, state: ImportState, *, saved: bool) -> None:
        read = state.read
        self._on_progress(
            Progress(self._fraction(), read.streams, read.events, self._resumed_at, saved=saved)
        )
