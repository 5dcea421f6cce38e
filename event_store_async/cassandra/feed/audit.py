"""The audit: compares the log with the streams, with bounded memory."""

from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

import anyio

from ...ring import RING, TokenRange
from ...stored import StreamSummary
from ...tasks import task_group
from ..table.scanner import Scanner
from .log_check import LogCheck, Share, versions
from .progress import DELAY
from .rows import FeedRow
from .stored_log import StoredLog
from .tables import FeedTables
from .verification import (
    FeedFinding,
    FeedFindingKind,
    FeedVerification,
    FeedVerificationProgress,
)

STREAMS_AT_ONCE: Final = 500_000
"""Streams that are remembered at once: some 100 MB."""

ROUNDS: Final = 5
"""How often the log is read on, for what it lacks."""

PAUSE: Final = 1.0
"""Seconds between two of these rounds: a sequencer that works needs milliseconds."""

_MOST_FINDINGS: Final = 1000
"""Findings that are reported; the others are counted."""

_RANGES: Final = 64
_WORKERS: Final = 8


@dataclass(slots=True)
class _Pending:
    """
    A stream of which the log lacks the last events.

    Attributes:
        published: The highest version in the log.
        head: The version up to which it was compared.
    """

    published: int
    head: int


@dataclass(slots=True)
class _Reading:
    """
    What the log holds of some streams.

    Attributes:
        share: The streams.
        check: What it holds of them.
        head: The last entry of the log when it was read.
        pending: The streams that the log may yet catch up with.
        scanned: How many tokens of the ring were looked at.
    """

    share: Share
    check: LogCheck
    head: int
    pending: dict[UUID, _Pending] = field(default_factory=dict)
    scanned: int = 0


class Audit:
    """
    Compares the log of a feed with the streams.

    The log is read once and the heads of all streams are scanned once, and what the log holds of
    each stream is remembered in between. If that is more than `STREAMS_AT_ONCE`, the streams are
    divided into two shares, by their ids, and each share takes a reading and a scan of its own:
    memory is bounded, and time grows.

    Others may append and publish meanwhile. The log is read first: what the streams have and it
    lacks may be published yet, and is looked for in some more rounds. What it has and the streams
    lack is looked at again at the serial level.

    Args:
        tables: The feed's tables.
        scanner: Scans the table of events.
        on_progress: Called now and then.
        on_finding: Receives findings, 1,000 at most; awaited if it returns an awaitable.
        sleep: Waits for some seconds.
    """

    def __init__(
        self,
        tables: FeedTables,
        scanner: Scanner,
        on_progress: Callable[[FeedVerificationProgress], object],
        on_finding: Callable[[FeedFinding], Awaitable[None] | None],
        sleep: Callable[[float], Awaitable[object]] = anyio.sleep,
    ) -> None:
        self._tables = tables
        self._scanner = scanner
        self._on_progress = on_progress
        self._on_finding = on_finding
        self._sleep = sleep
        self._told = 0
        self._waiting: list[FeedFinding] = []
        self._counts: dict[FeedFindingKind, int] = {}
        self._entries = self._events = self._streams = 0
        self._unpublished = self._unpublished_streams = 0
        self._done = 0.0  # how much of all streams

    async def run(self) -> FeedVerification:
        """
        Compare everything; return the result.

        Raises:
            FeedDisabled: the table has no feed.
            EventStoreError: as a read does.
        """
        feed = await self._tables.feed()
        log = StoredLog(self._tables, feed)
        shares = [Share()]
        while shares:
            share = shares.pop()
            reading = await self._read(log, share)
            if reading is None:
                shares += share.halves()
                continue
            await self._scan(feed, reading)
            await self._compare_rest(reading)
            await self._wait_for(feed, log, reading)
            self._done += 1 / share.of
        feed = await self._tables.feed()
        return FeedVerification(
            feed.state,
            self._entries,
            self._events,
            self._streams,
            self._unpublished,
            self._unpublished_streams,
            self._counts,
        )

    # What the log holds

    async def _read(self, log: StoredLog, share: Share) -> _Reading | None:
        """Read the log; return None if it has too many streams of the share."""
        found: list[FeedFinding] = []
        first = self._done == 0  # entries are judged once
        check = LogCheck(share, found.append, judges_entries=first)
        head = await log.head()
        number = 0
        async with aclosing(log.entries(1, head)) as entries:
            async for each in entries:
                number += 1
                if each is None:
                    check.lacks(number, "it is missing from the log")
                elif isinstance(each, str):
                    check.lacks(number, each)
                else:
                    check.take(each)
                if len(check) > STREAMS_AT_ONCE:
                    return None
                self._events = max(self._events, check.events)
                self._progress(share, number / head / 2)
        self._entries = max(self._entries, head)
        if first:
            await self._look_beyond(log, check, head)
        check.end()
        for finding in found:
            self._report(finding)
        await self._tell()
        return _Reading(share, check, head)

    @staticmethod
    async def _look_beyond(log: StoredLog, check: LogCheck, head: int) -> None:
        """Look for an entry after the end of the log; it may be one that was appended meanwhile."""
        async with aclosing(log.entries(head + 1, head + 1)) as entries:
            async for each in entries:
                if each is not None and await log.head() <= head:
                    check.lacks(head + 1, f"it stands in the log, whose last entry is {head:,}")

    # What the streams hold

    async def _scan(self, feed: FeedRow, reading: _Reading) -> None:
        ranges = iter(RING.split(_RANGES))

        async def work() -> None:
            for tokens in ranges:
                await self._scan_range(feed, reading, tokens)

        async with task_group() as group:
            for _ in range(_WORKERS):
                group.start_soon(work)

    async def _scan_range(self, feed: FeedRow, reading: _Reading, tokens: TokenRange) -> None:
        async with aclosing(self._scanner.scan(tokens, None, None)) as streams:
            async for summary in streams:
                if reading.share.has(summary.stream_id):
                    await self._compare(feed, reading, summary)
                    self._streams += 1
                    self._progress(reading.share, 0.5 + reading.scanned / RING.size / 2)
        reading.scanned += tokens.size
        await self._tell()

    async def _compare(self, feed: FeedRow, reading: _Reading, summary: StreamSummary) -> None:
        stream_id, head = summary.stream_id, summary.version or 0
        # What was erased before the table had a feed is in it once more is appended.
        lacks_none = summary.kept_from > head
        last, entry = reading.check.pop(stream_id)
        if last > head:
            head = await self._check_foreign(stream_id, last, entry)
            last = min(last, head)
        version, at = await self._tables.progress(feed.log_id, stream_id)
        if version > last and at > reading.head:
            self._put_off(reading, stream_id, last, max(head, version))
        elif version > last:
            self._check_ahead(stream_id, last, version, at, head)
        elif version < last and entry <= reading.head - DELAY:
            text = (
                f"the table of progress says {version}, and the log has events up to {last}: "
                "a sequencer would publish them again"
            )
            self._report(FeedFinding(FeedFindingKind.PROGRESS, text, stream_id, last, entry))
        elif head > last and not lacks_none:
            self._put_off(reading, stream_id, last, head)

    def _put_off(self, reading: _Reading, stream_id: UUID, last: int, head: int) -> None:
        """Look for events that the log lacks later; do not, if there are too many to remember."""
        if len(reading.pending) < STREAMS_AT_ONCE:
            reading.pending[stream_id] = _Pending(last, head)
        else:
            self._count_unpublished(head - last)

    def _check_ahead(self, stream_id: UUID, last: int, version: int, at: int, head: int) -> None:
        """Report what a sequencer takes for published, and the log lacks."""
        if (lost := min(version, head)) > last:
            text = (
                f"{versions(last + 1, lost)} not in the log, and the table of progress says that "
                f"{'it is' if lost == last + 1 else 'they are'}: nobody will publish them"
            )
            self._report(FeedFinding(FeedFindingKind.MISSING, text, stream_id, last + 1, at))
        if version > head:
            text = f"the table of progress says {version}, and the stream ends at {head}"
            self._report(FeedFinding(FeedFindingKind.PROGRESS, text, stream_id, version, at))

    async def _check_foreign(self, stream_id: UUID, last: int, entry: int) -> int:
        """Report what the log has and a stream has not, at the serial level; return its version."""
        tail = await self._scanner.tail(stream_id, serial=True)
        head = 0 if tail is None else max(tail.head or 0, tail.version or 0)
        if last > head:
            there = f"the stream ends at {head}" if head else "there is no such stream"
            text = f"{versions(head + 1, last)} in the log, and {there}"
            self._report(FeedFinding(FeedFindingKind.FOREIGN, text, stream_id, head + 1, entry))
        return head

    async def _compare_rest(self, reading: _Reading) -> None:
        """Look at the streams of the log that the scan has not met."""
        for stream_id, last, entry in reading.check.rest():
            await self._check_foreign(stream_id, last, entry)
            self._streams += 1
            await self._tell()

    # What may be published yet

    async def _wait_for(self, feed: FeedRow, log: StoredLog, reading: _Reading) -> None:
        """Read the log on, for what it lacks; count what it still lacks then."""
        pending, head = reading.pending, reading.head
        for _ in range(ROUNDS):
            # A backfill publishes in the order of its scan: a second is nothing to it.
            if not pending or feed.state == "building":
                break
            head = await self._read_on(log, pending, head)
            if pending:
                await self._sleep(PAUSE)
        for stream_id, lacking in pending.items():
            version, at = await self._tables.progress(feed.log_id, stream_id)
            if version > lacking.published and at > head and at > (head := await log.head()):
                text = f"the table of progress names entry {at:,}, and the log has {head:,}"
                self._report(FeedFinding(FeedFindingKind.PROGRESS, text, stream_id, version, at))
            elif (left := lacking.head - max(version, lacking.published)) > 0:
                self._count_unpublished(left)
        await self._tell()

    def _count_unpublished(self, events: int) -> None:
        self._unpublished += events
        self._unpublished_streams += 1

    @staticmethod
    async def _read_on(log: StoredLog, pending: dict[UUID, _Pending], head: int) -> int:
        """Read the entries after one, and return the last; forget what was published in them."""
        end = await log.head()
        async with aclosing(log.entries(head + 1, end)) as entries:
            async for each in entries:
                for link in () if each is None or isinstance(each, str) else each.links:
                    lacking = pending.get(link.stream_id)
                    if lacking is not None:
                        lacking.published = max(lacking.published, link.last)
                        if lacking.published >= lacking.head:
                            del pending[link.stream_id]
        return end

    # Reports

    def _report(self, finding: FeedFinding) -> None:
        self._counts[finding.kind] = self._counts.get(finding.kind, 0) + 1
        if self._told + len(self._waiting) < _MOST_FINDINGS:
            self._waiting.append(finding)

    async def _tell(self) -> None:
        """Pass the findings on; an async receiver sets the pace."""
        while self._waiting:
            finding = self._waiting.pop(0)
            self._told += 1
            told = self._on_finding(finding)
            if told is not None:
                await told

    def _progress(self, share: Share, done: float) -> None:
        """Report how much of a share is done, besides those that are."""
        fraction = min(self._done + done / share.of, 1.0)
        self._on_progress(FeedVerificationProgress(fraction, self._events, self._streams))
