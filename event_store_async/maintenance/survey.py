"""Surveying: how many streams and events a store has, how long, how large and how old."""

from collections.abc import Callable
from contextlib import aclosing
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from ..cassandra import EventStore, Storage
from ..errors import StreamHole
from ..moments import from_milliseconds
from ..ring import ScanPosition
from ..stored import StreamSummary
from .callbacks import Callback, notify
from .job import Job, open_job
from .progress import Progress
from .walk import RANGES, WORKERS, walk

_EVENTS_A_STEP: Final = 1000
"""Events of one stream between two steps of progress."""


class Depth(Enum):
    """How much of each stream is read."""

    HEADS = "heads"
    """Nothing but its head and its first event: one request for hundreds of streams."""

    ENDS = "ends"
    """Its last event, too: one small request for each stream."""

    EVENTS = "events"
    """All its events: the server can count no bytes, so they all have to come."""


@dataclass(frozen=True, slots=True)
class StreamFacts:
    """
    What a survey found of one stream.

    Attributes:
        stream_id: The stream.
        version: Its version, as its head says; None where it has none.
        first: When its first event was appended; None where it has none.
        last: When its last event was; None where that was not read.
        bytes: Bytes of payload and metadata, as stored; None where they were not read.
    """

    stream_id: UUID
    version: int | None
    first: datetime | None
    last: datetime | None
    bytes: int | None


@dataclass(slots=True)
class Survey:
    """
    What a survey found of a store.

    Attributes:
        streams: Streams, damaged ones too.
        events: The sum of their versions.
        bytes: Bytes of payload and metadata of all events; 0 unless all were read.
        longest: The highest version of a stream.
        longest_stream: That stream.
        largest: The most bytes of a stream, where they were read.
        largest_stream: That stream.
        oldest: Epoch milliseconds of the oldest first event of a stream; None without events.
        newest: Epoch milliseconds of the newest last event; None where none was read.
        lengths: How many streams have 1 event, 2 to 9, 10 to 99, 100 to 999 and so on, by the
            smallest of these numbers (``"1"``, ``"2"``, ``"10"``, ``"100"`` …).
    """

    streams: int = 0
    events: int = 0
    bytes: int = 0
    longest: int = 0
    longest_stream: str | None = None
    largest: int = 0
    largest_stream: str | None = None
    oldest: int | None = None
    newest: int | None = None
    lengths: dict[str, int] | None = None

    def add(self, version: int, first: int | None, last: int | None, stream: UUID) -> None:
        """Count a stream."""
        self.streams += 1
        self.events += version
        if version > self.longest:
            self.longest, self.longest_stream = version, str(stream)
        if first is not None and (self.oldest is None or first < self.oldest):
            self.oldest = first
        if last is not None and (self.newest is None or last > self.newest):
            self.newest = last
        digits = len(str(version)) - 1
        bucket = str(version if version < 2 else 10**digits if digits else 2)
        self.lengths = self.lengths or {}
        self.lengths[bucket] = self.lengths.get(bucket, 0) + 1

    def add_bytes(self, size: int, stream: UUID) -> None:
        """Count a stream's bytes."""
        self.bytes += size
        if size > self.largest:
            self.largest, self.largest_stream = size, str(stream)

    def to_json(self) -> Any:
        """Return it for a checkpoint."""
        return asdict(self)

    def load(self, data: Any) -> None:
        """Become what a checkpoint holds."""
        found = Survey(**data)
        for name in data:
            setattr(self, name, getattr(found, name))


async def survey_streams(
    store: EventStore,
    *,
    depth: Depth = Depth.ENDS,
    checkpoint: Path | None = None,
    ranges: int = RANGES,
    workers: int = WORKERS,
    on_progress: Callable[[Progress], None] = lambda _: None,
    on_stream: Callback[StreamFacts] | None = None,
) -> Survey:
    """
    Go through all streams of a store.

    Args:
        store: The store.
        depth: How much of each stream is read.
        checkpoint: A file that says how far the work has come: where there is one, it is gone on
            with. It is removed at the end.
        ranges: Into how many parts the ring is cut.
        workers: How many of them are read at once.
        on_progress: Told of each stream.
        on_stream: Told what was found of each stream, in no order; an async function is waited
            for. A run that goes on from a checkpoint tells the streams behind that again.

    Raises:
        InvalidArgument: no worker, or no ranges.
        InvalidCheckpoint: the checkpoint is none, or of other work.
        StoreUnavailable, MisuseError, SchemaError
    """
    work = await open_job(store, f"streams ({depth.value})", checkpoint, ranges, Survey())
    surveyor = _Surveyor(store.storage, work, depth, on_progress, on_stream)
    await walk(store.storage, work.ring, surveyor, workers)
    await work.end()
    return work.extra


@dataclass(slots=True)
class _Surveyor:
    storage: Storage
    work: Job[Survey]
    depth: Depth
    on_progress: Callable[[Progress], None]
    on_stream: Callback[StreamFacts] | None

    async def enter(self, index: int) -> ScanPosition | None:
        return self.work.ring.spans[index].position

    async def visit(self, index: int, summary: StreamSummary) -> None:
        last: int | None = None
        size: int | None = None
        if self.depth is Depth.EVENTS:
            size, last = await self._measure(summary.stream_id)
        elif self.depth is Depth.ENDS:
            tail = await self.storage.tail(summary.stream_id)
            last = None if tail is None else tail.timestamp
        if self.on_stream is not None:
            facts = StreamFacts(
                summary.stream_id,
                summary.version,
                _moment(summary.first_timestamp),
                _moment(last),
                size,
            )
            await notify(self.on_stream, facts)
        # Counted without a pause, see Job.save.
        survey = self.work.extra
        survey.add(summary.version or 0, summary.first_timestamp, last, summary.stream_id)
        if size is not None:
            survey.add_bytes(size, summary.stream_id)
        self.work.totals.streams += 1
        self.work.totals.events += summary.version or 0
        await self.work.passed(index, summary)
        self.on_progress(self.work.progress())

    async def leave(self, index: int) -> None:
        self.work.ring.spans[index].done = True
        self.on_progress(self.work.progress())

    async def _measure(self, stream_id: UUID) -> tuple[int, int | None]:
        """Return a stream's bytes and the newest of its timestamps; holes are passed over."""
        size, last, told = 0, None, 0
        following: int | None = 1
        while following is not None:
            try:
                async with aclosing(self.storage.read_stored(stream_id, following)) as events:
                    async for event in events:
                        if event.version - told >= _EVENTS_A_STEP:
                            told += _EVENTS_A_STEP
                            self.work.under_way += _EVENTS_A_STEP
                            self.on_progress(self.work.progress())
                        size += event.size
                        last = event.timestamp if last is None else max(last, event.timestamp or 0)
                break
            except StreamHole as hole:
                following = await self.storage.next_version(stream_id, hole.version)
        self.work.under_way -= told
        return size, last


def _moment(milliseconds: int | None) -> datetime | None:
    return None if milliseconds is None else from_milliseconds(milliseconds)
