"""Retention: erases events of the streams of a category by their number or their age."""

from collections.abc import Callable
from contextlib import aclosing
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias
from uuid import UUID

from ..cassandra import EventStore
from ..checks import (
    check_bool,
    check_callable,
    check_category,
    check_instance,
    check_int,
    check_moment,
)
from ..errors import (
    ConcurrentModification,
    InvalidArgument,
    NotPublished,
    StreamHole,
    StreamTruncated,
)
from ..moments import to_milliseconds
from ..stored import StreamSummary
from ..values import value
from .callbacks import Callback, notify
from .checkpoint import checked_int
from .job import Job, check_run, open_job
from .progress import Earlier, Progress
from .walk import RANGES, WORKERS

_MILLISECOND: Final = timedelta(milliseconds=1)

RetentionOutcome: TypeAlias = Literal["truncated", "not published", "would be truncated"]


@value
class RetentionRule:
    """
    Which events of a stream are kept: the rest goes.

    With both limits, an event goes if one of them says so.

    Attributes:
        category: Only streams of this category are looked at.
        max_count: So many events are kept, the last ones; None for any number.
        max_age: Events go that are older than this, up to the first one that is not; None for any
            age. The age is that of the timestamp, which the clock of the writer gave.

    Raises:
        InvalidArgument: a field is not valid, or there is no limit.
    """

    category: str
    max_count: int | None = None
    max_age: timedelta | None = None

    def __post_init__(self) -> None:
        """Check the fields; raises `InvalidArgument`."""
        check_category(self.category)
        if self.max_count is not None:
            check_int("max_count", self.max_count, at_least=1)
        check_instance("max_age", self.max_age, timedelta, "a timedelta", optional=True)
        if self.max_age is not None and self.max_age <= timedelta():
            raise InvalidArgument("max_age must be positive")
        if self.max_count is None and self.max_age is None:
            raise InvalidArgument("there must be a limit: give max_count, max_age or both")


@value
class RetainedStream:
    """
    What a retention did with a stream from which events were to go.

    Attributes:
        stream_id: The stream.
        outcome: ``"truncated"``; ``"not published"``, the feed did not have the events in time, and
            nothing was erased; or ``"would be truncated"``, in a dry run.
        kept_from: The version of the first event that the rule keeps.
        erased: How many events go.
    """

    stream_id: UUID
    outcome: RetentionOutcome
    kept_from: int
    erased: int


@dataclass(slots=True)
class Retention:
    """
    What a retention found and did.

    Attributes:
        streams: Streams of the category.
        truncated: Streams from which events went; in a dry run, would go.
        events: How many events these are.
        not_published: Streams from which none went, since the feed did not have them in time.
        earlier: What these counts take from the checkpoint of an earlier run; None if there was
            none.
    """

    streams: int = 0
    truncated: int = 0
    events: int = 0
    not_published: int = 0
    earlier: Earlier | None = field(default=None, compare=False)

    def to_json(self) -> Any:
        """Return the counts for a checkpoint."""
        counts = asdict(self)
        del counts["earlier"]
        return counts

    def load(self, data: Any) -> None:
        """Take the counts of a checkpoint; raises what `Checkpoint.load` allows."""
        for name in ("streams", "truncated", "events", "not_published"):
            setattr(self, name, checked_int(data[name]))


async def retain_events(
    store: EventStore,
    rule: RetentionRule,
    *,
    dry_run: bool = False,
    now: datetime | None = None,
    checkpoint: Path | None = None,
    ranges: int = RANGES,
    workers: int = WORKERS,
    on_progress: Callable[[Progress], None] = lambda _: None,
    on_stream: Callback[RetainedStream] | None = None,
) -> Retention:
    """
    Truncate all streams of a category by a rule. It is safe to repeat.

    A limit by age reads the events that go. One by number reads none.

    Args:
        store: The store.
        rule: Which events are kept.
        dry_run: Erase nothing, and tell what would be erased.
        now: What ages are counted from; None is the time of the call.
        checkpoint: A file to save progress in, every 1,000 streams. If it exists, the run resumes
            from it. It is removed at the end.
        ranges: How many parts the ring is split into.
        workers: How many streams are truncated at once.
        on_progress: Called after each stream.
        on_stream: Receives each stream from which events go, in no order; an async function is
            awaited. A resumed run reports the streams since the last checkpoint again, if events
            of them go.

    Raises:
        InvalidArgument: an argument is not valid; nothing is sent.
        InvalidCheckpoint: the file is not a checkpoint of this run on this table, is damaged, or
            cannot be read or written.
        EventStoreError: as `StreamEraser.truncate_stream` does, except `NotPublished`. The streams
            before are truncated; repeating the call goes on.
    """
    check_run(store, workers, path=checkpoint, ranges=ranges, on_progress=on_progress)
    check_instance("rule", rule, RetentionRule, "a RetentionRule")
    check_bool("dry_run", dry_run)
    if now is not None:
        check_moment(now)
    if on_stream is not None:
        check_callable("on_stream", on_stream)
    oldest = None
    if rule.max_age is not None:
        oldest = to_milliseconds(now or datetime.now(UTC)) - rule.max_age // _MILLISECOND
    kind = f"retain {rule.category} {rule.max_count} {rule.max_age}{' (dry run)' * dry_run}"
    job = await open_job(store, kind, checkpoint, ranges, Retention(), on_progress)
    await job.run(_Retainer(job, store, rule, oldest, dry_run, on_stream).visit, workers)
    job.tally.earlier = job.earlier
    return job.tally


@dataclass(slots=True)
class _Retainer:
    """Visits the streams for a retention."""

    job: Job[Retention]
    store: EventStore
    rule: RetentionRule
    oldest: int | None  # the timestamp of the oldest event that is young enough
    dry_run: bool
    on_stream: Callback[RetainedStream] | None

    async def visit(self, _: int, summary: StreamSummary) -> None:
        done = None
        chosen = summary.category == self.rule.category
        if chosen:
            before = await self._before(summary)
            if before > summary.kept_from:
                done = await self._truncate(summary, before)
                if self.on_stream is not None:
                    await notify(self.on_stream, done)
        # From here on without an await, see `Job.run`.
        tally, totals = self.job.tally, self.job.totals
        tally.streams += chosen
        totals.streams += 1
        if done is None:
            return
        if done.outcome == "not published":
            tally.not_published += 1
        else:
            tally.truncated += 1
            tally.events += done.erased
            totals.events += done.erased

    async def _before(self, summary: StreamSummary) -> int:
        """Return the version of the first event of a stream that the rule keeps."""
        before, head = summary.kept_from, summary.version or 0
        if self.rule.max_count is not None:
            before = max(before, head - self.rule.max_count + 1)
        if self.oldest is not None and before <= head:
            before = await self._first_young(summary, before)
        return before

    async def _first_young(self, summary: StreamSummary, version: int) -> int:
        """Return the version of the first event from one on that is not too old."""
        assert self.oldest is not None  # noqa: S101 - for the type checker
        reading = self.job.storage.read_stored(summary.stream_id, version)
        try:
            async with aclosing(reading) as events:
                async for event in events:
                    if event.timestamp is None or event.timestamp >= self.oldest:
                        return event.version
                    version = event.version + 1
        except StreamHole as hole:
            return hole.version  # what is after it is not known: `verify` tells of it
        except StreamTruncated:
            return summary.kept_from  # somebody else erases them
        return version

    async def _truncate(self, summary: StreamSummary, before: int) -> RetainedStream:
        stream_id, erased = summary.stream_id, before - summary.kept_from
        if self.dry_run:
            return RetainedStream(stream_id, "would be truncated", before, erased)
        try:
            result = await self.store.truncate_stream(stream_id, before=before)
        except NotPublished:
            return RetainedStream(stream_id, "not published", before, erased)
        if isinstance(result, ConcurrentModification):  # a restored table: versions only grow
            raise result
        return RetainedStream(stream_id, "truncated", before, erased)
