"""Verifying: every stream of a store held against what a stream must be."""

from collections import OrderedDict
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from ..cassandra import EventStore, Storage
from ..errors import StreamHole, UndecodableEvent
from ..ring import ScanPosition
from ..stored import StoredEvent, StreamSummary
from .callbacks import Callback, notify
from .digest import StreamDigest
from .findings import FindingKind, StreamFinding
from .job import Job, open_job
from .progress import Progress
from .walk import RANGES, WORKERS, walk

ID_WINDOW: Final = 10_000
"""Among so many of a stream's events, one behind the other, are ids compared."""


_EVENTS_A_STEP: Final = 1000
"""Events of one stream between two steps of progress."""

_MOST: Final = 100
"""Findings that are told of one stream."""


@dataclass(frozen=True, slots=True)
class Verification:
    """
    What a verification came to.

    Attributes:
        streams: Streams that have events.
        events: Events that were read.
        bytes: Bytes of payload and metadata of these events, as stored.
        digest: The digest over all of them, in hex: equal for stores that hold the same events.
        findings: How many of each kind were found; empty where all is well.
        resumed: Whether this run went on with what another one began.
    """

    streams: int
    events: int
    bytes: int
    digest: str
    findings: dict[FindingKind, int]
    resumed: bool


async def verify_streams(
    store: EventStore,
    *,
    checkpoint: Path | None = None,
    accept: frozenset[str] = frozenset(),
    ranges: int = RANGES,
    workers: int = WORKERS,
    on_progress: Callable[[Progress], None] = lambda _: None,
    on_finding: Callback[StreamFinding] = lambda _: None,
) -> Verification:
    """
    Read every event of a store, and look for what must not be.

    In a sound stream the versions are 1, 2, 3 … without a hole, the head says the last of them,
    every payload and metadata is understood by the store's codecs, and no id stands twice among
    `ID_WINDOW` events. Whatever seems wrong is read again at the serial level before it is called
    a finding, so that others may append meanwhile: a stream is judged by what stood in it at some
    moment of the run. Memory is bounded whatever a stream's length.

    Args:
        store: The store, with the codecs of all that is in it.
        checkpoint: A file that says how far the work has come: where there is one, it is gone on
            with. It is removed at the end.
        accept: Content types that no codec here is for, and that are not to be findings.
        ranges: Into how many parts the ring is cut.
        workers: How many of them are read at once.
        on_progress: Told of each stream.
        on_finding: Told of each finding; an async function is waited for.

    Raises:
        InvalidArgument: no worker, or no ranges.
        InvalidCheckpoint: the checkpoint is none, or of other work.
        StoreUnavailable, MisuseError, SchemaError
    """
    work = await open_job(store, "verify", checkpoint, ranges, _Findings())
    verifier = _Verifier(store.storage, work, accept, on_progress, on_finding)
    await walk(store.storage, work.ring, verifier, workers)
    await work.end()
    totals = work.totals
    return Verification(
        totals.streams,
        totals.events,
        totals.bytes,
        str(totals.digest),
        work.extra.counts,
        work.resumed,
    )


@dataclass(slots=True)
class _Findings:
    """How many findings there were of each kind."""

    counts: dict[FindingKind, int] = field(default_factory=dict)

    def to_json(self) -> Any:
        return {kind.value: count for kind, count in self.counts.items()}

    def load(self, data: Any) -> None:
        self.counts = {FindingKind(kind): int(count) for kind, count in data.items()}


class _Verifier:
    def __init__(
        self,
        storage: Storage,
        work: Job[_Findings],
        accept: frozenset[str],
        on_progress: Callable[[Progress], None],
        on_finding: Callback[StreamFinding],
    ) -> None:
        self._storage = storage
        self._work = work
        self._accept = accept
        self._on_progress = on_progress
        self._on_finding = on_finding

    async def enter(self, index: int) -> ScanPosition | None:
        return self._work.ring.spans[index].position

    async def visit(self, index: int, summary: StreamSummary) -> None:
        events = _Events(self._storage, summary.stream_id, self._accept, self._reading)
        try:
            findings = await self._judge(summary, events)
        finally:
            self._work.under_way -= events.told
        for finding in findings:
            await notify(self._on_finding, finding)
        # Counted without a pause, see Job.save.
        self._work.totals.events += events.digest.events
        self._work.totals.bytes += events.bytes
        self._work.totals.add_stream(events.digest)
        counts = self._work.extra.counts
        for finding in findings:
            counts[finding.kind] = counts.get(finding.kind, 0) + 1
        await self._work.passed(index, summary)
        self._on_progress(self._work.progress())

    async def leave(self, index: int) -> None:
        self._work.ring.spans[index].done = True
        self._on_progress(self._work.progress())

    def _reading(self, events: int) -> None:
        self._work.under_way += events
        self._on_progress(self._work.progress())

    async def _judge(self, summary: StreamSummary, events: "_Events") -> list[StreamFinding]:
        findings = await events.read()
        if events.last == summary.version and not events.cut:
            return findings
        # Others may append meanwhile: what one serial read shows is the truth of a moment.
        tail = await self._storage.tail(summary.stream_id, serial=True)
        if tail is None or tail.version is None:
            text = f"its version is {tail.head if tail else None}, and it has no event"
        elif tail.head is None:
            text = f"it has events up to {tail.version}, but no version of its own"
        elif tail.head != tail.version:
            text = f"its version is {tail.head}, and its last event is {tail.version}"
        else:
            return findings
        head = None if tail is None else tail.head
        return [*findings, StreamFinding(summary.stream_id, FindingKind.HEAD, head, text)]


class _Events:
    """The events of one stream, read and judged one by one."""

    def __init__(
        self,
        storage: Storage,
        stream_id: UUID,
        accept: frozenset[str],
        on_events: Callable[[int], None],
    ) -> None:
        self._storage = storage
        self._on_events = on_events
        self._stream_id = stream_id
        self._accept = accept
        self._ids: OrderedDict[UUID, int] = OrderedDict()
        self._no_codec: set[str | None] = set()
        self._findings: list[StreamFinding] = []
        self.digest = StreamDigest(stream_id)
        self.bytes = 0
        self.last = 0
        self.told = 0
        """How many events `on_events` was told of."""

        self.cut = False
        """Whether the stream's version is above its last event."""

    async def read(self) -> list[StreamFinding]:
        """Read all that can be read, behind holes too; returns what is wrong, 100 at most."""
        following: int | None = 1
        while following is not None:
            try:
                async with aclosing(
                    self._storage.read_stored(self._stream_id, following)
                ) as events:
                    async for event in events:
                        self._take(event)
                return self._findings
            except StreamHole as hole:
                following = await self._storage.next_version(self._stream_id, hole.version)
                if following is None:
                    self.cut = True
                else:
                    self._add(
                        FindingKind.HOLE,
                        hole.version,
                        f"versions {hole.version} to {following - 1} are missing",
                    )
        return self._findings

    def _take(self, event: StoredEvent) -> None:
        self.digest.add(event)
        self.bytes += event.size
        self.last = event.version
        if self.digest.events - self.told >= _EVENTS_A_STEP:
            self.told += _EVENTS_A_STEP
            self._on_events(_EVENTS_A_STEP)
        if event.event_id is not None:
            self._compare(event.event_id, event.version)
        try:
            self._storage.decode(event)
        except UndecodableEvent as error:
            if type(error.__cause__) is not LookupError:
                self._add(FindingKind.UNDECODABLE, event.version, str(error.__cause__))
            elif event.content_type not in self._accept | self._no_codec:
                self._no_codec.add(event.content_type)  # told once for a stream
                self._add(
                    FindingKind.NO_CODEC,
                    event.version,
                    f"{event.content_type}: {error.__cause__}",
                )

    def _compare(self, event_id: UUID, version: int) -> None:
        earlier = self._ids.pop(event_id, None)
        if earlier is not None:
            self._add(
                FindingKind.REPEATED_ID, version, f"event id {event_id} stands at {earlier}, too"
            )
        self._ids[event_id] = version
        if len(self._ids) > ID_WINDOW:
            self._ids.popitem(last=False)

    def _add(self, kind: FindingKind, version: int, detail: str) -> None:
        if len(self._findings) < _MOST:
            self._findings.append(StreamFinding(self._stream_id, kind, version, detail))
