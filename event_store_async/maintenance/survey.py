"""A survey: how many streams and events a store has, how long, how large and how old."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Any
from uuid import UUID

from ..cassandra import EventStore
from ..checks import check_callable, check_instance
from ..moments import MAX_TIMESTAMP, MIN_TIMESTAMP, from_milliseconds
from ..stored import StoredEvent, StreamSummary
from ..versions import MAX_VERSION
from .callbacks import Callback, notify
from .checkpoint import checked_int
from .job import Hole, Job, check_run, open_job
from .progress import Earlier, Progress
from .walk import RANGES, WORKERS


class Depth(Enum):
    """How much of each stream a survey reads."""

    HEADS = "heads"
    """Its version and its first event: one request for hundreds of streams."""

    ENDS = "ends"
    """Its last event, too: one small request for each stream."""

    EVENTS = "events"
    """All its events: the server cannot count bytes, so they all have to be read."""


@dataclass(frozen=True, slots=True)
class StreamFacts:
    """
    What a survey found about one stream.

    Attributes:
        stream_id: The stream.
        version: Its version, as its head says; None if it has no head. Of a closed stream, the
            version of its last event.
        first: When its first event was appended; None if it has no event.
        last: When its last event was appended; None if it was not read.
        bytes: Bytes of payload and metadata, as stored; None if they were not read.
        category: Its category; None if it has none.
        kept_from: The version of the first event that is kept; 1 unless events were erased.
        closed: Whether it is closed for ever.
    """

    stream_id: UUID
    version: int | None
    first: datetime | None
    last: datetime | None
    bytes: int | None
    category: str | None = None
    kept_from: int = 1
    closed: bool = False


@dataclass(slots=True)
class Survey:
    """
    What a survey found about a store.

    Streams and events are counted as `Verification` counts them: as they are kept. They are taken
    from the heads of the streams, so a hole is not noticed.

    Attributes:
        streams: Streams that have events, and damaged ones.
        events: Their events that are kept.
        bytes: Bytes of payload and metadata of all events; 0 unless all were read.
        longest: The most events of a stream.
        longest_stream: That stream.
        largest: The most bytes of a stream; 0 unless all events were read.
        largest_stream: That stream.
        oldest: Epoch milliseconds of the oldest first event of a stream; None without events.
        newest: Epoch milliseconds of the newest last event; None if none was read.
        lengths: How many streams have 1 event, 2 to 9, 10 to 99, 100 to 999 and so on, by the
            smallest of these numbers (``"1"``, ``"2"``, ``"10"``, ``"100"`` …). A damaged stream
            without a version is below ``"0"``.
        empty: Streams without events, which `streams` does not count: all were erased.
        erased: Events that were erased, which `events` does not count.
        earlier: What these counts take from the checkpoint of an earlier run; None if there was
            none.
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
    empty: int = 0
    erased: int = 0
    earlier: Earlier | None = field(default=None, compare=False)

    def add(self, count: int, first: int | None, last: int | None, stream: UUID) -> None:
        """Count a stream that is not empty; its timestamps are epoch milliseconds."""
        self.streams += 1
        self.events += count
        if count > self.longest:
            self.longest, self.longest_stream = count, str(stream)
        if first is not None and (self.oldest is None or first < self.oldest):
            self.oldest = first
        if last is not None and (self.newest is None or last > self.newest):
            self.newest = last
        digits = len(str(count)) - 1
        bucket = str(count if count < 2 else 10**digits if digits else 2)
        self.lengths = self.lengths or {}
        self.lengths[bucket] = self.lengths.get(bucket, 0) + 1

    def add_bytes(self, size: int, stream: UUID) -> None:
        """Count a stream's bytes."""
        self.bytes += size
        if size > self.largest:
            self.largest, self.largest_stream = size, str(stream)

    def to_json(self) -> Any:
        """Return the counts for a checkpoint."""
        counts = asdict(self)
        del counts["earlier"]
        return counts

    def load(self, data: Any) -> None:
        """Take the counts of a checkpoint; raises what `Checkpoint.load` allows."""
        for name in ("streams", "events", "bytes", "longest", "largest"):
            setattr(self, name, checked_int(data[name]))
        for name in ("empty", "erased"):  # older checkpoints do not have them
            setattr(self, name, checked_int(data.get(name, 0)))
        for name in ("oldest", "newest"):
            setattr(
                self,
                name,
                None
                if data[name] is None
                else checked_int(data[name], MIN_TIMESTAMP, MAX_TIMESTAMP),
            )
        for name in ("longest_stream", "largest_stream"):
            setattr(self, name, None if data[name] is None else str(UUID(data[name])))
        lengths = {} if data["lengths"] is None else data["lengths"]
        self.lengths = {
            str(checked_int(int(length), at_most=MAX_VERSION)): checked_int(count)
            for length, count in lengths.items()
        } or None


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
    Count all streams of a store.

    Args:
        store: The store.
        depth: How much of each stream is read.
        checkpoint: A file to save progress in, every 1,000 streams. If it exists, the survey
            resumes from it. It is removed at the end.
        ranges: How many parts the ring is split into.
        workers: How many of them are read at once.
        on_progress: Called after each stream, and within long ones.
        on_stream: Receives the facts about each stream, in no order; an async function is awaited.
            A resumed survey reports the streams since the last checkpoint again.

    Raises:
        InvalidArgument: there is not at least one worker and one range.
        InvalidCheckpoint: the file is not a checkpoint of this survey of this table, is damaged,
            or cannot be read or written.
        StoreUnavailable, MisuseError, SchemaError: as a read does.
    """
    check_run(store, workers, path=checkpoint, ranges=ranges, on_progress=on_progress)
    check_instance("depth", depth, Depth, "a Depth")
    if on_stream is not None:
        check_callable("on_stream", on_stream)
    kind = f"streams ({depth.value})"
    job = await open_job(store, kind, checkpoint, ranges, Survey(), on_progress)
    await job.run(_Surveyor(job, depth, on_stream).visit, workers)
    job.tally.earlier = job.earlier
    return job.tally


@dataclass(slots=True)
class _Surveyor:
    """Visits the streams for a survey."""

    job: Job[Survey]
    depth: Depth
    on_stream: Callback[StreamFacts] | None

    async def visit(self, index: int, summary: StreamSummary) -> None:
        last: int | None = None
        size: int | None = None
        if self.depth is Depth.EVENTS:
            size, last = await self._measure(index, summary)
        elif self.depth is Depth.ENDS:
            tail = await self.job.storage.tail(summary.stream_id)
            # The last row of an empty stream is not an event.
            last = None if tail is None or tail.version is None else _in_range(tail.timestamp)
        first = _in_range(summary.first_timestamp)
        if self.on_stream is not None:
            facts = StreamFacts(
                summary.stream_id,
                summary.version,
                _moment(first),
                _moment(last),
                size,
                summary.category,
                summary.kept_from,
                summary.closed,
            )
            await notify(self.on_stream, facts)
        # From here on without an await, see `Job.run`.
        survey = self.job.tally
        survey.erased += summary.kept_from - 1
        kept = (summary.version or 0) - summary.kept_from + 1
        if kept <= 0 and (summary.closed or summary.kept_from > 1):
            survey.empty += 1
            return
        survey.add(kept, first, last, summary.stream_id)
        if size is not None:
            survey.add_bytes(size, summary.stream_id)
        self.job.totals.streams += 1
        self.job.totals.events += kept

    async def _measure(self, index: int, summary: StreamSummary) -> tuple[int, int | None]:
        """Return a stream's bytes and its newest timestamp; holes are skipped."""
        size, last = 0, None

        def take(event: StoredEvent | Hole) -> None:
            nonlocal size, last
            if not isinstance(event, Hole):
                size += event.size
                found = _in_range(event.timestamp)
                if found is not None:
                    last = found if last is None else max(last, found)

        await self.job.read(index, summary, take)
        return size, last


def _moment(milliseconds: int | None) -> datetime | None:
    return None if milliseconds is None else from_milliseconds(milliseconds)


def _in_range(timestamp: int | None) -> int | None:
    """Return a timestamp that a datetime can be; None for others, which `verify` reports."""
    if timestamp is None or not MIN_TIMESTAMP <= timestamp <= MAX_TIMESTAMP:
        return None
    return timestamp
