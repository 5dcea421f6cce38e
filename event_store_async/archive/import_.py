"""Importing: a file of exported events into a store, at the places that they had."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from anyio import to_thread

from ..cassandra import EventStore
from ..errors import InvalidArchive, InvalidArgument
from ..maintenance.callbacks import Callback
from ..maintenance.findings import StreamFinding
from ..maintenance.progress import Progress
from ..maintenance.walk import WORKERS, check_workers
from .export_file import export_checkpoint
from .frame_reader import Frame, FrameReader
from .frame_writer import check_zstd
from .import_state import ImportState, OpenStream
from .import_writer import ImportWriter
from .lines import (
    ArchiveEnd,
    Header,
    Line,
    StreamEnd,
    read_line,
)


@dataclass(frozen=True, slots=True)
class ImportReport:
    """
    What an import came to.

    Attributes:
        streams: Streams in the file.
        events: Events in the file.
        digest: The digest over all of them, in hex; what the file says of itself was compared.
        stored: How many of the events this import stored, runs before an interruption included;
            the others stood in the store already, as do those that a run stored which ended
            before its next checkpoint.
        checked: How many streams were read back, and have the digest that the file says.
        findings: How many streams were refused, or are not what was written.
        resumed: Whether this run went on with what another one began.
    """

    streams: int
    events: int
    digest: str
    stored: int
    checked: int
    findings: int
    resumed: bool


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

    Every batch is conditioned on the stream's exact version. What stands in a stream already,
    alike in every field, is passed over: an import may be repeated, and a later export of the same
    streams adds what is new. A stream that holds other events is a finding; the others go on.

    Args:
        store: The store.
        source: The file; or a stream, as a pipe, which cannot be gone on with.
        checkpoint: The file that says how far the import has come; None is one beside the source,
            named after the table. Where there is one, it is gone on with. It is removed at the
            end.
        check: Read every stream back when it is stored, and compare its digest.
        workers: How many streams are written at once.
        on_progress: Told of each step.
        on_finding: Told of each stream that was refused or is different; an async function is
            waited for.

    Raises:
        InvalidArgument: there is no zstd, no worker, or a checkpoint is named for a stream.
        InvalidArchive: the file is none, is damaged or not whole; names the line. Of what stands
            in front of it, some is stored by then.
        RestoreOutcomeUnknown, StoreUnavailable: no quorum answered; importing again goes on.
        RequestRefused, MisuseError, SchemaError
    """
    check_zstd()
    check_workers(workers)
    if checkpoint is not None and not isinstance(source, Path):
        raise InvalidArgument("what comes through a pipe cannot be gone on with")
    table = await store.schema_state()
    table.check_usable()
    run = _Import(source, on_progress)
    await run.open()
    try:
        state = run.state = await ImportState.begin(
            run.header,
            table,
            checkpoint or _beside(source, table.table),
        )
        resumed = state.offset > 0
        if resumed:
            await run.go_on()
        arrivals = ImportWriter(store.storage, state, check, workers, on_finding)
        await arrivals.run(lambda: run.read_all(arrivals))
    finally:
        await run.close()
    await state.end()
    return ImportReport(
        state.read.streams,
        state.read.events,
        str(state.read.digest),
        state.stored,
        state.checked,
        state.findings,
        resumed,
    )


def _beside(source: Path | BinaryIO, table: str) -> Path | None:
    if not isinstance(source, Path):
        return None
    return source.with_name(f"{source.name}.{table}.checkpoint")


class _Import:
    """Reads the file, and hands over what is in it in order."""

    def __init__(self, source: Path | BinaryIO, on_progress: Callable[[Progress], None]) -> None:
        self._path = source if isinstance(source, Path) else Path("-")
        self._stream = None if isinstance(source, Path) else source
        self._on_progress = on_progress
        self._resumed_at = 0.0
        self.header: Header
        self.state: ImportState
        self._reader: FrameReader

    async def open(self) -> None:
        """Open the file and read its header."""
        unfinished = export_checkpoint(self._path)
        if self._stream is None and await to_thread.run_sync(unfinished.exists):
            raise InvalidArchive(
                self._path, None, "its export is not finished", hint="run the export again"
            )
        self._reader = await to_thread.run_sync(FrameReader, self._path, 0, 1, self._stream)
        try:
            first = await to_thread.run_sync(self._reader.read)
            header = None if first is None else self._line(first, 0)
            if not isinstance(header, Header) or first is None or len(first.lines) > 1:
                raise InvalidArchive(self._path, 1, "it is not a file of exported events")
            self.header = header
        except BaseException:
            await self.close()
            raise

    async def go_on(self) -> None:
        """Go to where the checkpoint says that the import has come."""
        if self._stream is not None:
            return
        await self.close()
        self._reader = await to_thread.run_sync(
            FrameReader, self._path, self.state.offset, self.state.line
        )
        self._resumed_at = self._fraction()

    async def read_all(self, arrivals: ImportWriter) -> None:
        """Read to the end; at the end of each frame all must have arrived."""
        state = self.state
        while (frame := await to_thread.run_sync(self._reader.read)) is not None:
            for index in range(len(frame.lines)):
                await self._take(self._line(frame, index), frame.first + index, arrivals)
            await arrivals.wait()
            state.offset = frame.end
            state.line = frame.first + len(frame.lines)
            await state.save()
            self._tell()
        if not state.ended:
            await state.end()
            raise InvalidArchive(
                self._path, None, "its last line is missing", hint="the export was interrupted"
            )

    async def close(self) -> None:
        """Close the file."""
        await to_thread.run_sync(self._reader.close)

    async def _take(self, line: Line, number: int, arrivals: ImportWriter) -> None:
        state = self.state
        if state.ended or isinstance(line, Header):
            raise InvalidArchive(self._path, number, "this does not belong here")
        if isinstance(line, ArchiveEnd):
            self._check_end(line, number)
            state.ended = True
            return
        if isinstance(line, StreamEnd):
            stream = state.open.pop(line.stream_id, None)
            if (
                stream is None
                or stream.digest.events != line.events
                or stream.digest.value.hex() != line.digest
            ):
                raise InvalidArchive(
                    self._path, number, f"the lines of stream {line.stream_id} are not all of it"
                )
            state.read.add_stream(stream.digest)
            await arrivals.end(stream)
            return
        stream = state.open.get(line.stream_id)
        if stream is None:
            stream = state.open[line.stream_id] = OpenStream(line.stream_id)
        if line.version != stream.digest.events + 1:
            raise InvalidArchive(
                self._path,
                number,
                f"version {line.version} of stream {line.stream_id} stands where "
                f"{stream.digest.events + 1} must stand",
            )
        stream.digest.add(line)
        state.read.events += 1
        state.read.bytes += line.size
        await arrivals.add(stream, line)

    def _check_end(self, end: ArchiveEnd, number: int) -> None:
        state = self.state
        if state.open:
            raise InvalidArchive(
                self._path, number, f"stream {next(iter(state.open))} does not end"
            )
        read = state.read
        if (end.streams, end.events, end.digest) != (read.streams, read.events, str(read.digest)):
            raise InvalidArchive(
                self._path,
                number,
                f"{read.streams} streams, {read.events} events with digest {read.digest} stand in "
                f"the file, which says {end.streams}, {end.events} and {end.digest}",
            )

    def _line(self, frame: Frame, index: int) -> Line:
        try:
            return read_line(frame.lines[index])
        except ValueError as error:
            raise InvalidArchive(self._path, frame.first + index, str(error)) from error

    def _fraction(self) -> float:
        return self._reader.offset / self._reader.size if self._reader.size else 0.0

    def _tell(self) -> None:
        read = self.state.read
        self._on_progress(
            Progress(self._fraction(), read.streams, read.events, self._resumed_at, saved=True)
        )
