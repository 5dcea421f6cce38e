"""A verification: every stream of a store is checked, event by event."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from ..cassandra import CassandraKeyStore, EventStore, Storage
from ..checks import check_instance
from ..errors import UndecodableEvent
from ..stored import StoredEvent, StreamSummary
from .callbacks import Callback, notify
from .checkpoint import checked_int
from .digest import StreamDigest
from .findings import FindingKind, StreamFinding
from .job import Hole, Job, check_run, open_job
from .key_check import KeyCheck, Named, named_keys
from .progress import Earlier, Progress
from .walk import RANGES, WORKERS

ID_WINDOW: Final = 10_000
"""Event ids are compared among this many consecutive events of a stream."""

_KEYS_AT_ONCE: Final = 1000
"""Keys of one stream that are looked for together."""

_MAX_FINDINGS: Final = 100
"""Findings reported for one stream."""


@dataclass(frozen=True, slots=True)
class Verification:
    """
    The result of a verification.

    Attributes:
        streams: Streams that have events.
        events: Events that were read.
        bytes: Bytes of payload and metadata of these events, as stored.
        digest: The digest over all of them, in hex: equal for stores that hold the same events.
        findings: How many findings there were of each kind; empty if there were none.
        resumed: Whether this run resumed an earlier one.
        earlier: What the counts, the digest and the findings take from its checkpoint; None if
            there was none.
    """

    streams: int
    events: int
    bytes: int
    digest: str
    findings: dict[FindingKind, int]
    resumed: bool
    earlier: Earlier | None = None


async def verify_streams(
    store: EventStore,
    *,
    checkpoint: Path | None = None,
    accept: frozenset[str] = frozenset(),
    keys: CassandraKeyStore | None = None,
    ranges: int = RANGES,
    workers: int = WORKERS,
    on_progress: Callable[[Progress], None] = lambda _: None,
    on_finding: Callback[StreamFinding] = lambda _: None,
) -> Verification:
    """
    Read every event of a store, and report everything that is wrong.

    In a sound stream the versions are 1, 2, 3 … without a hole, or begin where it was truncated.
    The head is the version of the last event, unless no event is left. The store's codecs can
    decode every payload, metadata and timestamp, and no event id occurs twice among `ID_WINDOW`
    consecutive events.

    Others may append meanwhile: a hole or a wrong head is read again at the serial level before
    it is reported, so each stream is judged by what it held at some moment of the run. Memory is
    bounded, however long a stream is.

    Args:
        store: The store, with codecs for everything in it.
        checkpoint: A file to save progress in, every 1,000 streams. If it exists, the verification
            resumes from it. It is removed at the end.
        accept: Content types that the store has no codec for and that are not to be reported.
        keys: Where the keys of subjects are; it needs no wrapper. Then encrypted values are
            reported whose key is missing, although their subject was not forgotten. None does not
            look at keys.
        ranges: How many parts the ring is split into.
        workers: How many of them are read at once.
        on_progress: Called after each stream, and within long ones.
        on_finding: Receives each finding, at most 100 of a stream; an async function is awaited.
            A resumed run reports the findings since the last checkpoint again.

    Raises:
        InvalidArgument: the number of workers or ranges is below 1.
        InvalidCheckpoint: the file is not a checkpoint of a verification of this table, is
            damaged, or cannot be read or written.
        StoreUnavailable, MisuseError, SchemaError: as a read does.
    """
    called = {"on_progress": on_progress, "on_finding": on_finding}
    check_run(store, workers, path=checkpoint, ranges=ranges, **called)
    check_instance("accept", accept, frozenset, "a frozenset of content types")
    check_instance("keys", keys, CassandraKeyStore, "a CassandraKeyStore", optional=True)
    job = await open_job(store, "verify", checkpoint, ranges, _FindingCounts(), on_progress)
    key_check = None if keys is None else KeyCheck(keys)
    await job.run(_Verifier(job, accept, on_finding, key_check).visit, workers)
    totals = job.totals
    return Verification(
        totals.streams,
        totals.events,
        totals.bytes,
        str(totals.digest),
        job.tally.counts,
        job.resumed,
        job.earlier,
    )


@dataclass(slots=True)
class _FindingCounts:
    """How many findings there were of each kind."""

    counts: dict[FindingKind, int] = field(default_factory=dict)

    def add(self, kind: FindingKind) -> None:
        self.counts[kind] = self.counts.get(kind, 0) + 1

    def to_json(self) -> Any:
        return {kind.value: count for kind, count in self.counts.items()}

    def load(self, data: Any) -> None:
        self.counts = {FindingKind(kind): checked_int(count) for kind, count in data.items()}


@dataclass(slots=True)
class _Verifier:
    """Visits the streams for a verification."""

    job: Job[_FindingCounts]
    accept: frozenset[str]
    on_finding: Callback[StreamFinding]
    key_check: KeyCheck | None

    async def visit(self, index: int, summary: StreamSummary) -> None:
        check = _StreamCheck(summary.stream_id, self.job.storage, self.accept, self.key_check)
        await self.job.read(index, summary, check.take)
        await check.end()
        findings = check.findings
        if check.last != summary.version or check.ends_in_hole:
            findings = [*findings, *await self._check_head(summary.stream_id)]
        for finding in findings:
            await notify(self.on_finding, finding)
        # From here on without an await, see `Job.run`.
        totals = self.job.totals
        totals.events += check.digest.events
        totals.bytes += check.bytes
        totals.add_stream(check.digest)
        for finding in findings:
            self.job.tally.add(finding.kind)

    async def _check_head(self, stream_id: UUID) -> list[StreamFinding]:
        # The summary is older than the events: a difference may only mean that somebody appended
        # between the two. One serial read shows head and last event of the same moment.
        tail = await self.job.storage.tail(stream_id, serial=True)
        if tail is not None and tail.head is not None and tail.kept_from > tail.head:
            return []  # no event of it is left
        if tail is None or tail.version is None:
            text = f"its version is {tail.head if tail else None}, and it has no event"
        elif tail.head is None:
            text = f"it has events up to {tail.version}, but no version of its own"
        elif tail.head != tail.version:
            text = f"its version is {tail.head}, and its last event is {tail.version}"
        else:
            return []
        head = None if tail is None else tail.head
        return [StreamFinding(stream_id, FindingKind.HEAD, head, text)]


class _StreamCheck:
    """
    Checks the events of one stream, one after the other.

    Attributes:
        findings: What is wrong with them, 100 at most.
        digest: The digest over them.
        bytes: Bytes of their payloads and metadata.
        last: The version of the last one; 0 before the first.
        ends_in_hole: Whether the stream's version is above its last event.
    """

    def __init__(
        self,
        stream_id: UUID,
        storage: Storage,
        accept: frozenset[str],
        key_check: KeyCheck | None,
    ) -> None:
        self.findings: list[StreamFinding] = []
        self.digest = StreamDigest(stream_id)
        self.bytes = 0
        self.last = 0
        self.ends_in_hole = False
        self._stream_id = stream_id
        self._storage = storage
        self._accept = accept
        self._versions: OrderedDict[UUID, int] = OrderedDict()
        self._no_codec: set[str | None] = set()
        self._key_check = key_check
        self._named: dict[Named, int] = {}

    def take(self, event: StoredEvent | Hole) -> Awaitable[None] | None:
        """Check the next event, or note the hole in its place; return what is to be awaited."""
        if not isinstance(event, Hole):
            self._check(event)
        elif event.last is None:
            self.ends_in_hole = True  # reported by the check of the head
        else:
            text = f"versions {event.first} to {event.last} are missing"
            self._report(FindingKind.HOLE, event.first, text)
        return self.end() if len(self._named) >= _KEYS_AT_ONCE else None

    async def end(self) -> None:
        """Check the keys of the events since the last time."""
        if self._key_check is None or not self._named:
            return
        named, self._named = self._named, {}
        for each, text in (await self._key_check.lost(named)).items():
            self._report(FindingKind.LOST_KEY, named[each], text)

    def _check(self, event: StoredEvent) -> None:
        self.digest.add(event)
        self.bytes += event.size
        self.last = event.version
        if event.event_id is not None:
            self._check_id(event.event_id, event.version)
        try:
            payload = self._storage.decode(event).payload
        except UndecodableEvent as error:
            # A plain LookupError means that there is no codec; a KeyError comes from inside one.
            if type(error.__cause__) is not LookupError:
                self._report(FindingKind.UNDECODABLE, event.version, str(error.__cause__))
            elif event.content_type not in self._accept | self._no_codec:
                self._no_codec.add(event.content_type)  # reported once for a stream
                text = f"{event.content_type}: {error.__cause__}"
                self._report(FindingKind.NO_CODEC, event.version, text)
        else:
            if self._key_check is not None:
                self._note_keys(self._key_check, payload, event.version)

    def _note_keys(self, key_check: KeyCheck, payload: object, version: int) -> None:
        for named in named_keys(payload):
            if named is None:
                text = "an encrypted value is not valid"
                self._report(FindingKind.UNDECODABLE, version, text)
            elif not key_check.is_known(named):
                self._named.setdefault(named, version)

    def _check_id(self, event_id: UUID, version: int) -> None:
        earlier = self._versions.pop(event_id, None)
        if earlier is not None:
            text = f"version {earlier} has the same event id, {event_id}"
            self._report(FindingKind.REPEATED_ID, version, text)
        # Popped and added again: the order is that of the last occurrence.
        self._versions[event_id] = version
        if len(self._versions) > ID_WINDOW:
            self._versions.popitem(last=False)

    def _report(self, kind: FindingKind, version: int, detail: str) -> None:
        if len(self.findings) < _MAX_FINDINGS:
            self.findings.append(StreamFinding(self._stream_id, kind, version, detail))
