"""A job: reads all streams, counts, and can be resumed from a checkpoint."""

from collections.abc import Awaitable, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any, Final, Generic, Protocol, TypeAlias, TypeVar
from uuid import UUID

import anyio

from ..cassandra import EventStore, Storage
from ..checks import check_callable, check_instance, check_int, check_methods
from ..errors import StreamHole, StreamTruncated
from ..ring import MAX_RANGES, ScanPosition
from ..stored import StoredEvent, StreamSummary
from ..values import value
from .checkpoint import Checkpoint
from .progress import Earlier, Progress, Totals
from .walk import Walk

_STREAMS_A_CHECKPOINT: Final = 1000

_EVENTS_A_STEP: Final = 1000
"""Events of one stream between two reports of progress."""

Visit: TypeAlias = Callable[[int, StreamSummary], Awaitable[None]]
"""Called with the index of a range and the next stream in it."""


@value
class Hole:
    """
    A gap between a stream's events.

    Attributes:
        first: The first version that is missing.
        last: The last version that is missing; None if no event follows.
    """

    first: int
    last: int | None


Take: TypeAlias = Callable[[StoredEvent | Hole], Awaitable[None] | None]
"""Receives the next event of a stream, or the hole in its place."""


class Tally(Protocol):
    """What a job counts besides its totals."""

    def to_json(self) -> Any:
        """Return the counts for a checkpoint."""

    def load(self, data: Any) -> None:
        """Take the counts of a checkpoint; raises what `Checkpoint.load` allows."""


T = TypeVar("T", bound=Tally)


class Job(Generic[T]):
    """
    A job over all streams of a store. Made by `open_job`.

    Attributes:
        storage: The store's.
        totals: The counts that every job has.
        tally: The counts that only this one has.
        resumed: Whether this run resumed an earlier one.
        earlier: What that one had counted; None if there was none.
    """

    def __init__(
        self,
        storage: Storage,
        checkpoint: Checkpoint | None,
        walk: Walk,
        tally: T,
        on_progress: Callable[[Progress], None],
    ) -> None:
        self.storage = storage
        self.totals = Totals()
        self.tally = tally
        self.resumed = False
        self.earlier: Earlier | None = None
        self._checkpoint = checkpoint
        self._walk = walk
        self._on_progress = on_progress
        self._visit: Visit
        self._under_way: dict[int, int] = {}
        """Events read of the streams that are not counted yet, by range."""

        self._resumed_at = 0.0
        self._unsaved = 0
        self._saving = anyio.Lock()
        self._saved = False

    async def load(self) -> None:
        """Take the state that an earlier run saved, if any; raises `InvalidCheckpoint`."""
        if self._checkpoint is not None:
            self.resumed = await self._checkpoint.load(self._load) is not None
            self._resumed_at = self._walk.fraction

    async def run(self, visit: Visit, workers: int) -> None:
        """
        Visit every stream that an earlier run has not counted; then remove the checkpoint.

        Args:
            visit: Counts the stream in `totals` and `tally`. That is the last thing it does,
                without an await in between or after it, so that a checkpoint holds all or nothing
                of a stream.
            workers: How many streams are visited at once.

        Raises:
            InvalidArgument: there is not at least one worker.
            InvalidCheckpoint: it cannot be written.
            StoreUnavailable, MisuseError, SchemaError, and what *visit* raises
        """
        self._visit = visit
        await self._walk.run(self.storage, self, workers)
        if self._checkpoint is not None:
            await self._checkpoint.remove()

    async def read(self, index: int, summary: StreamSummary, take: Take) -> None:
        """
        Read all events of a stream, and report progress.

        Args:
            index: The range of the stream.
            summary: The stream.
            take: Receives each event, in order, and a `Hole` in place of missing ones; what it
                returns is awaited. What is truncated meanwhile is not missing.

        Raises:
            StoreUnavailable, MisuseError, SchemaError: as a read does.
        """
        stream_id, count = summary.stream_id, 0
        following: int | None = 1
        asked = 0  # where it was asked last whether there is an event
        while following is not None:
            before = count
            try:
                async with aclosing(self.storage.read_stored(stream_id, following)) as events:
                    async for event in events:
                        count += 1
                        if count % _EVENTS_A_STEP == 0:
                            self._under_way[index] = count
                            self._on_progress(self._progress())
                        if (waiting := take(event)) is not None:
                            await waiting
                if count > before or following == asked or not _has_events(summary):
                    return
                # A read that meets no row at all does not notice that there are later ones.
                asked = following
                following = await self._after_hole(stream_id, following, take, ends=False)
            except StreamHole as hole:
                following = await self._after_hole(stream_id, hole.version, take)
            except StreamTruncated as truncated:
                following = truncated.kept_from

    async def _after_hole(
        self,
        stream_id: UUID,
        version: int,
        take: Take,
        *,
        ends: bool = True,
    ) -> int | None:
        """Return the next version after missing ones, and report the hole; None at the end."""
        following = await self.storage.next_version(stream_id, version)
        # Asked for afterwards: what is truncated by now is not missing.
        tail = await self.storage.tail(stream_id, serial=True)
        first = version if tail is None else max(version, tail.kept_from)
        if following is None:
            if ends and first == version:
                take(Hole(version, None))
        elif first < following:
            take(Hole(first, following - 1))
        return following

    async def enter(self, index: int) -> ScanPosition | None:
        """See `Visitor`."""
        return self._walk.spans[index].position

    async def visit(self, index: int, summary: StreamSummary) -> None:
        """See `Visitor`."""
        await self._visit(index, summary)
        # The stream has just been counted, and no other task has run since: a checkpoint never
        # holds the counts without the position, nor the position without the counts.
        self._under_way.pop(index, None)
        self._walk.spans[index].position = summary.position
        self._unsaved += 1
        if self._unsaved >= _STREAMS_A_CHECKPOINT:
            await self._save()
        self._on_progress(self._progress())

    async def leave(self, index: int) -> None:
        """See `Visitor`."""
        self._walk.spans[index].done = True
        self._on_progress(self._progress())

    async def _save(self) -> None:
        if self._checkpoint is None:
            return
        self._unsaved = 0
        async with self._saving:
            # The state is taken inside the lock: the file that is written last is the newest.
            await self._checkpoint.save(
                {
                    "ring": self._walk.to_json(),
                    "totals": self.totals.to_json(),
                    "extra": self.tally.to_json(),
                }
            )
        self._saved = True

    def _load(self, state: dict[str, Any]) -> bool:
        self._walk = Walk.from_json(state["ring"])
        self.totals = Totals.from_json(state["totals"])
        self.tally.load(state["extra"])
        self.earlier = Earlier(self.totals.streams, self.totals.events)
        return True

    def _progress(self) -> Progress:
        saved, self._saved = self._saved, False
        events = self.totals.events + sum(self._under_way.values())
        return Progress(self._walk.fraction, self.totals.streams, events, self._resumed_at, saved)


def _has_events(summary: StreamSummary) -> bool:
    """Return whether events of a stream should be left."""
    return summary.version is None or summary.version >= summary.kept_from


def check_run(
    store: object, workers: object, *, path: object = None, ranges: object = 1, **called: object
) -> None:
    """
    Refuse arguments of a run over a whole store before anything is sent.

    Args:
        store: The store.
        workers: How many streams are visited at once.
        path: The checkpoint; None for none.
        ranges: How many parts the ring is split into.
        called: What must be callable, by the names of the arguments.

    Raises:
        InvalidArgument: one of them is not valid.
    """
    check_methods("store", store, "an EventStore", "schema_state")
    check_int("workers", workers, at_least=1)
    check_instance("checkpoint", path, Path, "a pathlib.Path", optional=True)
    check_int("ranges", ranges, at_least=1, at_most=MAX_RANGES)
    for name, each in called.items():
        check_callable(name, each)


async def open_job(
    store: EventStore,
    kind: str,
    path: Path | None,
    ranges: int,
    tally: T,
    on_progress: Callable[[Progress], None],
) -> Job[T]:
    """
    Return a new job, or resume the one whose checkpoint is there.

    Args:
        store: The store.
        kind: The kind of job, for example ``"verify"``.
        path: The checkpoint; None for none.
        ranges: How many parts a new job splits the ring into.
        tally: Counts of zero.
        on_progress: Called after each stream, and within long ones.

    Raises:
        InvalidArgument: *ranges* is not 1 or more.
        InvalidCheckpoint: the file is not a checkpoint of this job on this table.
        SchemaError, StoreUnavailable
    """
    table = await store.schema_state()
    table.check_usable()
    checkpoint = None
    if path is not None:
        subject = {"table": table.table, "table_id": str(table.table_id)}
        checkpoint = Checkpoint(path, kind, subject)
    job = Job(store.storage, checkpoint, Walk.begin(ranges), tally, on_progress)
    await job.load()
    return job
