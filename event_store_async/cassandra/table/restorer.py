"""The restorer: stored events written back bit for bit, by the conditional batch of appends."""

from collections.abc import Iterator, Sequence
from contextlib import aclosing
from typing import Any
from uuid import UUID

from ...errors import (
    ConcurrentModification,
    EventStoreError,
    RestoreOutcomeUnknown,
    StreamHole,
    StreamTruncated,
)
from ...plain import plain_uuid
from ...retry import SHORTEST_ATTEMPT, Deadline
from ...settings import Settings
from ...stored import Restored, StoredEvent
from ..append.plan import Plan
from ..append.planner import check_kept
from ..append.settler import Settler
from ..driver.port import Prepared
from ..driver.session import Session
from ..read.gap_check import Range
from ..read.reader import Reader
from ..read.rows import StoredRowDecoder, addressed, stored_values
from ..schema.statements import AppendStatements, StatementCache
from .calls import RunningCalls


class RestorePlan(Plan):
    """
    Stored events at the versions that they had.

    Unlike an append's, they cannot be recognised by their ids: events of the Clojure original have
    none. So the answer never shows that they are stored already; `Restorer` compares all fields.

    Args:
        prepared: The statements to send it with.
        events: Events of one stream, at consecutive versions.
        category: The category that a new stream gets; None for none, and for later events.
    """

    __slots__ = ("_events", "_prepared", "last")

    def __init__(
        self,
        prepared: AppendStatements,
        events: Sequence[StoredEvent],
        category: str | None = None,
    ) -> None:
        stream_id = plain_uuid(events[0].stream_id)
        super().__init__(stream_id, events[0].version - 1, category=category)
        self.last = events[-1].version
        self._prepared = prepared
        self._events = events

    @property
    def doing(self) -> str:
        """What is being done, for error messages."""
        return f"restoring stream {self.stream_id}"

    def statements(self) -> Iterator[tuple[Prepared, Sequence[Any]]]:
        """Yield the batch's statements with their values."""
        yield self._prepared.head, self.head_values()
        first, *rest = self._rows()
        yield first if self.address is None else addressed(first, self.address)
        yield from rest

    def _rows(self) -> Iterator[tuple[Prepared, tuple[Any, ...]]]:
        prepared = self._prepared
        statement = prepared.first if self.address is None else prepared.announced_first
        for event in self._events:
            yield statement.whole, stored_values(event)
            statement = prepared.rest

    @property
    def must_be_announced(self) -> bool:
        """Whether the table has a feed."""
        return self._prepared.has_feed

    @property
    def types(self) -> Sequence[str | None]:
        """The types of its events."""
        return [event.type for event in self._events]

    def unknown(self) -> RestoreOutcomeUnknown:
        """Return the error that names the versions whose outcome is unknown."""
        first, last = self._events[0].version, self._events[-1].version
        return RestoreOutcomeUnknown(self.stream_id, first, last)


class Restorer:
    """
    Writes stored events at the versions that they had.

    Args:
        session: The store's.
        statements: The store's.
        settler: Settles the batches, as it does for appends.
        settings: The store's.

    Attributes:
        outstanding: The calls that run.
    """

    def __init__(
        self, session: Session, statements: StatementCache, settler: Settler, settings: Settings
    ) -> None:
        self._statements = statements
        self._settler = settler
        self._reader = Reader(session, statements, StoredRowDecoder(), settings)
        self.outstanding = RunningCalls()

    async def restore(
        self,
        stream_id: UUID,
        events: Sequence[StoredEvent],
        category: str | None,
        deadline: Deadline,
    ) -> Restored | ConcurrentModification:
        """Store the events, or find them stored; see `Storage.restore` for the promises."""
        async with self.outstanding:
            return await self._restore(stream_id, events, category, deadline)

    async def _restore(
        self,
        stream_id: UUID,
        events: Sequence[StoredEvent],
        category: str | None,
        deadline: Deadline,
    ) -> Restored | ConcurrentModification:
        prepared = await self._statements.append_to(category, deadline)
        rest = events
        while True:
            plan = RestorePlan(prepared, rest, category)
            verdict = await self._settler.settle(plan, deadline)
            if verdict.name == "applied":
                return Restored(stream_id, events[-1].version, len(rest))
            if verdict.name in {"wrong category", "closed"}:
                raise plan.refusal(verdict)
            # The stream is elsewhere. Perhaps it holds some of these events, or all of them.
            actual = verdict.actual_version
            there = rest[: max(0, actual - plan.expected)]
            try:
                same = bool(there) and await self._stand(stream_id, there, deadline)
            except EventStoreError as error:
                if not verdict.doubtful:
                    raise
                # An earlier request may be what moved the stream, so they may be stored.
                raise plan.unknown() from error
            if not same:
                conflict = ConcurrentModification(stream_id, events[0].version - 1, actual)
                if verdict.is_bare:
                    await check_kept(self._reader, plan, conflict, deadline)
                return conflict
            rest = rest[len(there) :]
            if not rest:
                return Restored(stream_id, events[-1].version, 0)

    async def _stand(
        self, stream_id: UUID, events: Sequence[StoredEvent], deadline: Deadline
    ) -> bool:
        """Tell whether exactly these events stand in the stream, at the serial level."""
        wanted = Range(stream_id, events[0].version, len(events))
        left = max(deadline.remaining(), SHORTEST_ATTEMPT)
        try:
            async with aclosing(self._reader.read(wanted, serial=True, timeout=left)) as found:
                return [event async for event in found] == list(events)
        except (StreamHole, StreamTruncated):
            return False
