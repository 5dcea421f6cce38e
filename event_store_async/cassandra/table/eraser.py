"""
The eraser: truncates, deletes and closes streams, each by one conditional batch.

What can happen at the same time, and why it does no harm:

- **An append.** Truncation leaves the stream's version as it is, and asks only that it has been
  reached: neither disturbs the other. What erases all events asks for the exact version, so an
  append that is faster makes it conflict, and it is planned again.
- **Another erasure.** Where the stream began is a condition of each: the slower one conflicts, and
  finds that its events are gone, or plans again. So a stream never begins earlier than it did.
- **An answer that is lost.** The batch is repeated unchanged, as an append is. It applies once at
  most, since it changes where the stream begins, and that never comes back.
- **An append whose answer was lost.** If its events were erased meanwhile, no row shows any more
  that they were stored. Then its outcome is unknown for good: see `Planner.result`.
- **A reader between two pages.** Each row says where the stream begins: a read that was going to
  pass over what is gone by now raises `StreamTruncated`, and no reader takes it for a hole.
- **The sequencer of a feed.** Only what is published is erased, so no announcement that is still
  undecided points to an event that is gone. One that has not yet heard of the publication sees the
  announced event missing, which decides nothing, and what it publishes meanwhile is refused.
- **An older release.** Its appends know nothing of all this, and need not: versions go on counting,
  and the version of a closed stream is above any that it can expect. Its reads find a hole.
"""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any, TypeVar
from uuid import UUID

import anyio

from ...checks import read_clock
from ...errors import (
    ConcurrentModification,
    ErasureOutcomeUnknown,
    EventStoreError,
    StoreOverloaded,
)
from ...moments import to_milliseconds
from ...results import Closed, Deleted, DeleteResult, Truncated, TruncateResult
from ...retry import Deadline
from ...settings import Settings
from ...versions import ANY, MAX_VERSION, STREAM_EXISTS, ExpectedVersion
from ..append.plan import Plan, Verdict
from ..append.settler import Settler
from ..driver.answer import Answer
from ..driver.port import Prepared
from ..read.reader import Reader
from ..read.rows import last_version
from ..schema.statements import EraseStatements, StatementCache
from .beginning_plan import NO_VERSION, BeginningPlan
from .calls import RunningCalls

_R = TypeVar("_R")

Publication = Callable[[UUID, int, Deadline], Awaitable[object]]
"""Waits until the feed has a stream up to a version; raises `NotPublished` at the deadline."""


class Extent:
    """
    Where a stream begins and ends, as a read shows it.

    Args:
        kept_from: Where it begins.
        head: Its version, as it is stored.

    Attributes:
        kept_from: Where it begins.
        version: The version of its last event, kept or not.
        closed: Whether it is closed.
    """

    __slots__ = ("closed", "kept_from", "version")

    def __init__(self, kept_from: int, head: int) -> None:
        self.kept_from = kept_from
        self.closed = head == MAX_VERSION
        self.version = last_version(head, kept_from) or 0

    @property
    def is_empty(self) -> bool:
        """Whether no event is left."""
        return self.kept_from > self.version


class ErasurePlan(Plan):
    """
    A batch that erases the events of a stream below a version.

    Args:
        prepared: The statements to send it with.
        stream_id: The stream.
        before: The version of the first event that is kept.
        extent: Where the stream begins and ends.
        timestamp: When it is erased, in milliseconds since the epoch.
        closes: Whether the stream is closed, too. Then no event is kept.
    """

    __slots__ = ("_before", "_closes", "_extent", "_prepared", "_timestamp")

    def __init__(
        self,
        prepared: EraseStatements,
        stream_id: UUID,
        before: int,
        extent: Extent,
        timestamp: int,
        *,
        closes: bool = False,
    ) -> None:
        super().__init__(stream_id, NO_VERSION)
        self._prepared = prepared
        self._before = before
        self._extent = extent
        self._timestamp = timestamp
        self._closes = closes

    @property
    def doing(self) -> str:
        """What is being done, for error messages."""
        return f"erasing events of stream {self.stream_id}"

    def statements(self) -> Iterator[tuple[Prepared, Sequence[Any]]]:
        """Yield the batch's statements with their values."""
        prepared, stream_id, before = self._prepared, self.stream_id, self._before
        held = self._extent.kept_from if self._extent.kept_from > 1 else None
        last = self._extent.version
        empties = before > last
        if empties:
            head = MAX_VERSION if self._closes else last
            yield prepared.empty, (before, head, stream_id, last or None, held)
        else:
            yield prepared.truncate, (before, stream_id, before, held)
        yield prepared.mark, (self._timestamp, stream_id)
        if before > 1:
            # A deletion of the last row would win over its blanking, in the same batch.
            yield prepared.delete, (stream_id, last if empties else before)
        if empties and last:
            yield prepared.blank, (stream_id, last)

    def verdict(self, answer: Answer, *, doubtful: bool) -> Verdict:
        """
        Return what the server's answer proves; "found" if what is to be erased is gone.

        Where a stream begins never comes back to what it was, and its version neither. So any other
        refusal is final, for earlier requests, too: except while the stream has not reached the
        version, which it had reached when this was planned.
        """
        if answer.applied:
            return Verdict("applied", doubtful=doubtful)
        actual: int = answer.cell("max_version") or 0
        begins: int = answer.cell("kept_from") or 1
        if begins >= self._before and (actual == MAX_VERSION or not self._closes):
            return Verdict("found", actual, doubtful)
        if doubtful and actual < min(self._before, self._extent.version):
            return Verdict("behind", actual, doubtful)
        return Verdict("conflict", actual, doubtful)

    def unknown(self) -> ErasureOutcomeUnknown:
        """Return the error that says that the events may be gone."""
        return ErasureOutcomeUnknown(self.stream_id, self._before, self._closes)


class Eraser:
    """
    Erases events.

    Args:
        statements: The store's.
        settler: Settles the batches, as it does for appends.
        reader: The store's.
        settings: The store's.
        publication: Waits for the feed, if the table has one.
        on_erased: Called with a stream and where it begins by now.

    Attributes:
        outstanding: The calls that run.
    """

    def __init__(
        self,
        statements: StatementCache,
        settler: Settler,
        reader: Reader[Any],
        settings: Settings,
        publication: Publication,
        on_erased: Callable[[UUID, int], object],
    ) -> None:
        self._statements = statements
        self._settler = settler
        self._reader = reader
        self._settings = settings
        self._publication = publication
        self._on_erased = on_erased
        self.outstanding = RunningCalls()

    async def truncate(self, stream_id: UUID, before: int, deadline: Deadline) -> TruncateResult:
        """Truncate a stream; see `StreamEraser.truncate_stream` for the promises."""

        def judge(extent: Extent) -> TruncateResult | None:
            if before <= extent.kept_from:
                return Truncated(stream_id, extent.kept_from, extent.version)
            if before - 1 > extent.version:
                return ConcurrentModification(stream_id, before - 1, extent.version)
            return None

        async with self.outstanding:
            return await self._erase(stream_id, judge, lambda _: before, deadline)

    async def delete(
        self, stream_id: UUID, expected: ExpectedVersion, deadline: Deadline
    ) -> DeleteResult:
        """Delete a stream; see `StreamEraser.delete_stream` for the promises."""

        def judge(extent: Extent) -> DeleteResult | None:
            version = extent.version
            if not (version > 0 if expected is STREAM_EXISTS else expected in {ANY, version}):
                return ConcurrentModification(stream_id, expected, version)
            return Deleted(stream_id, version) if extent.is_empty else None

        async with self.outstanding:
            return await self._erase(stream_id, judge, _everything, deadline)

    async def close(self, stream_id: UUID, deadline: Deadline) -> Closed:
        """Close a stream; see `StreamEraser.close_stream` for the promises."""

        def judge(extent: Extent) -> Closed | None:
            return Closed(stream_id, extent.version) if extent.closed else None

        async with self.outstanding:
            return await self._erase(stream_id, judge, _everything, deadline, closes=True)

    async def begin(
        self,
        stream_id: UUID,
        kept_from: int,
        category: str | None,
        deadline: Deadline,
        *,
        closed: bool,
    ) -> ConcurrentModification | None:
        """Restore a stream's beginning; see `Storage.restore_beginning` for the promises."""
        async with self.outstanding:
            prepared = await self._statements.erase(deadline)
            timestamp = to_milliseconds(read_clock(self._settings.clock))
            plan = BeginningPlan(prepared, stream_id, kept_from, timestamp, category, closed=closed)
            verdict = await self._settler.settle(plan, deadline)
            if verdict.name == "applied":
                return None
            try:
                found = Extent(*await self._reader.extent(stream_id, deadline, serial=True))
            except EventStoreError as error:
                if not verdict.doubtful:
                    raise
                raise plan.unknown() from error
        reaches = found.version >= kept_from - 1 and found.kept_from <= kept_from
        if found.closed == closed and reaches:
            return None
        return ConcurrentModification(stream_id, 0, found.version)

    async def _erase(
        self,
        stream_id: UUID,
        judge: Callable[[Extent], _R | None],
        before: Callable[[Extent], int],
        deadline: Deadline,
        *,
        closes: bool = False,
    ) -> _R:
        """
        Plan and settle until there is a result.

        Args:
            stream_id: The stream.
            judge: Returns the result if nothing needs to be erased, or must not be; None otherwise.
            before: Returns the version below which events are to be erased.
            deadline: When the outcome must be known.
            closes: Whether the stream is to be closed, too.
        """
        prepared = await self._statements.erase(deadline)
        has_feed = (await self._statements.append(deadline)).has_feed
        timestamp = to_milliseconds(read_clock(self._settings.clock))
        serial = False
        unknown: EventStoreError | None = None  # if a request may have been applied
        for pause in self._settings.backoff.pauses():
            try:
                extent = Extent(*await self._reader.extent(stream_id, deadline, serial=serial))
                result = judge(extent)
                if isinstance(result, ConcurrentModification) and not serial:
                    serial = True  # an append may be half-way through its commit
                    extent = Extent(*await self._reader.extent(stream_id, deadline, serial=True))
                    result = judge(extent)
            except EventStoreError as error:
                if unknown is None:
                    raise
                raise unknown from error
            if result is not None:
                return result
            serial = True
            first_kept = before(extent)
            # What was erased before the table had a feed is not in it, and never will be.
            if has_feed and first_kept > extent.kept_from:
                await self._publication(stream_id, first_kept - 1, deadline)
            plan = ErasurePlan(prepared, stream_id, first_kept, extent, timestamp, closes=closes)
            verdict = await self._settler.settle(plan, deadline)
            if verdict.doubtful:
                unknown = plan.unknown()
            # Of a deletion whose answer was lost, what was appended after it is not to be deleted.
            found = verdict.name == "found" and before is _everything and not closes
            if found or verdict.name == "applied":
                self._on_erased(stream_id, first_kept)
                head = MAX_VERSION if closes else extent.version
                result = judge(Extent(first_kept, head))
                assert result is not None  # noqa: S101 - nothing is left to be erased
                return result
            if verdict.name == "conflict":  # another writer was faster
                if not deadline.allows(pause):
                    break
                await anyio.sleep(pause)
        raise StoreOverloaded(
            f"others change stream {stream_id} without a pause; nothing of it is erased"
        )


def _everything(extent: Extent) -> int:
    """Return the version below which all events of a stream are erased."""
    return extent.version + 1
