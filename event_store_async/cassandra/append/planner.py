"""The planner: from what callers expect of a stream to plans at exact versions."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from ...checks import read_clock
from ...errors import (
    ConcurrentModification,
    EventStoreError,
    StreamClosed,
    UndecodableEvent,
)
from ...events import RecordedEvent
from ...follower import Wakeups
from ...hooks.append_watch import BatchWatch
from ...results import AppendResult, Persisted
from ...retry import Deadline
from ...settings import Settings
from ...versions import ANY, MAX_VERSION, STREAM_EXISTS
from ..read.reader import Reader
from ..schema.statements import StatementCache
from .batch import Batch, PendingAppend, Plannable, watch_of
from .plan import AppendPlan, Plan, Verdict, append_plan


class KnownHeads:
    """
    The versions at which this process last saw the streams it used last: hints, never truths.

    A stale one costs a round trip: the append planned on it conflicts and is planned again.

    Args:
        capacity: How many streams are remembered.
        wakeups: Those who follow a stream are told of its version.
    """

    def __init__(self, capacity: int, wakeups: Wakeups) -> None:
        self._capacity = capacity
        self._wakeups = wakeups
        self._versions: OrderedDict[int, int] = OrderedDict()  # a UUID is slow to hash

    def get(self, stream_id: UUID) -> int | None:
        """Return the version that a stream was last seen at."""
        return self._versions.get(stream_id.int)

    def put(self, stream_id: UUID, version: int) -> None:
        """Remember a stream's version; the stream that was seen longest ago is forgotten."""
        key, versions = stream_id.int, self._versions
        if version == MAX_VERSION:  # it is closed: nothing can be planned there
            versions.pop(key, None)
            return
        versions[key] = version
        versions.move_to_end(key)
        if len(versions) > self._capacity:
            versions.popitem(last=False)
        if self._wakeups.waiting:
            self._wakeups.wake(stream_id)

    def forget(self, stream_id: UUID) -> None:
        """Forget a stream."""
        self._versions.pop(stream_id.int, None)

    def clear(self) -> None:
        """Forget all streams."""
        self._versions.clear()


@dataclass(slots=True)
class Planner:
    """
    Decides what an expectation means: the one place that does.

    - Event ids that callers gave are searched for in the stream's last versions before a plan is
      made: an earlier call may have stored these events. At `NO_STREAM` that is not needed, since
      the plan applies only to a stream without events.
    - An exact version is planned as it is, and a conflict is the caller's answer.
    - `ANY` and `STREAM_EXISTS` are planned at the version where the stream seems to be. A conflict
      shows where it is, and the events are planned again there.
    - An append without events needs no plan.
    - The category of a view comes first: wherever a read or an answer shows that the stream is of
      another one, that is the outcome, whatever else is expected.

    A plan is given up only when its outcome is known, so the events are stored once at most.
    """

    statements: StatementCache
    reader: Reader[RecordedEvent]
    settings: Settings
    known_heads: KnownHeads

    def at_once(self, appends: Plannable, watch: BatchWatch | None) -> AppendPlan | None:
        """Return a plan if nothing needs to be read for it; None otherwise."""
        statements, encoded = self.statements, appends.encoded
        prepared = statements.ready if appends.category is None else statements.ready_in_category
        wanted, expected = appends.expected_version, None
        if isinstance(wanted, int):
            expected = wanted
            if encoded.identified and expected and not encoded.sought:
                return None  # their ids must be searched for first
        elif not encoded.identified:
            expected = self.known_heads.get(appends.stream_id) or None
        if expected is None or expected == MAX_VERSION or prepared is None or not encoded.items:
            return None
        return append_plan(
            prepared,
            appends.stream_id,
            expected,
            encoded,
            read_clock(self.settings.clock),
            wanted,
            watch,
            appends.category,
        )

    async def next(self, batch: Batch) -> AppendPlan | None:
        """
        Return the plan for all that wait.

        Callers that need no plan are answered: their events are stored already, there are none, or
        the stream does not exist and should. None is returned if no other is left.

        Raises:
            StreamClosed: the stream is closed for ever.
            WrongCategory: the stream is of another category than that of the batch.
            StoreUnavailable, RequestRefused, SchemaError, MisuseError: nothing was sent.
        """
        if batch.category is not None:
            # First of all: what follows may read the column of categories.
            await self.statements.append_in_category(batch.deadline)
        if not batch.encoded.items or batch.expected_version == MAX_VERSION:
            batch.answer(batch.waiting[0], await self._check_only(batch))
            return None
        expected = batch.expected_version
        if not isinstance(expected, int):
            expected = await self._head(batch)
        elif expected and batch.encoded.identified and not batch.encoded.sought:
            await self._search(batch, expected)
        if not batch.waiting:
            return None
        prepared = await self.statements.append_to(batch.category, batch.deadline)
        watch = watch_of(batch.waiting)
        return append_plan(
            prepared,
            batch.stream_id,
            expected,
            batch.encoded,
            read_clock(self.settings.clock),
            batch.expected_version,
            watch,
            batch.category,
        )

    async def result(self, plan: AppendPlan, verdict: Verdict, deadline: Deadline) -> AppendResult:
        """
        Return what a verdict means for the events of a plan.

        Raises:
            WrongCategory: the stream is of another category.
            StreamClosed: the stream is closed for ever.
            AppendOutcomeUnknown: they are stored, but could not be read back in time. Or an earlier
                request of this call may have stored them, and they are erased by now: no row tells.
            UndecodableEvent: they are stored, by an earlier call, and no codec here reads them.
        """
        encoded = plan.encoded
        if verdict.name == "applied":
            return plan.persisted()
        if verdict.name in {"wrong category", "closed"}:
            raise plan.refusal(verdict)
        if verdict.name == "found":
            found = await self._find(plan, verdict, deadline)
            if found is not None:
                return found
        conflict = ConcurrentModification(
            plan.stream_id, plan.expected_version, verdict.actual_version
        )
        if verdict.name == "found" or verdict.is_bare:
            await check_kept(self.reader, plan, conflict, deadline)
        if isinstance(plan.expected_version, int) and encoded.identified and not encoded.sought:
            return await self._explain(conflict, plan, deadline)
        return conflict

    def take(self, batch: Batch, appends: Sequence[PendingAppend], result: AppendResult) -> None:
        """Learn the result of a plan for these appends, and answer those that it decides."""
        self._remember(result)
        if isinstance(result, Persisted):
            batch.share(appends, result)
        elif isinstance(batch.expected_version, int):
            batch.answer(batch.waiting[0], result)
        else:
            batch.head = result.actual_version

    async def _check_only(self, batch: Batch) -> AppendResult:
        """
        Append nothing: a stated expectation is still checked, at the serial level.

        So are events after the highest version, which only a closed stream is at.
        """
        expected = batch.expected_version
        head = await self.reader.head(
            batch.stream_id, batch.deadline, serial=expected is not ANY, category=batch.category
        )
        _check_open(batch.stream_id, head)
        met = bool(head) if expected is STREAM_EXISTS else expected in {ANY, head}
        if not met:
            return ConcurrentModification(batch.stream_id, expected, head)
        result = Persisted(batch.stream_id, head, ())
        self._remember(result)
        return result

    async def _head(self, batch: Batch) -> int:
        """Return the version to plan at; answers callers whose events are stored already."""
        head = batch.head
        if head is None:
            head = self.known_heads.get(batch.stream_id)
        if head is None:
            head = await self.reader.head(batch.stream_id, batch.deadline)
            _check_open(batch.stream_id, head)
        if batch.identified:
            head = await self._look_back(batch, head)
        if batch.waiting and not head and batch.expected_version is STREAM_EXISTS:
            head = await self.reader.head(batch.stream_id, batch.deadline, serial=True)
            _check_open(batch.stream_id, head)
            if not head:
                conflict = ConcurrentModification(batch.stream_id, STREAM_EXISTS, 0)
                batch.answer(batch.waiting[0], conflict)
        return head

    async def _look_back(self, batch: Batch, head: int) -> int:
        """
        Search the stream's last versions for the event ids of all who wait.

        What is found is certain. What is not found is certain only once a plan at the returned
        version applies: the condition on that version proves that nothing came in between.
        """
        wanted = batch.identified
        count = self.settings.look_back + sum(len(append.encoded.items) for append in wanted)
        head, standing = await self.reader.recent_ids(
            batch.stream_id, head, count, batch.deadline, category=batch.category
        )
        _check_open(batch.stream_id, head)
        for append in wanted:
            try:
                found = await self._stored_earlier(append, append.deadline, head, standing)
            except UndecodableEvent as error:
                batch.fail([append], error)
            else:
                if found is not None:
                    batch.answer(append, found)
        self.known_heads.put(batch.stream_id, head)
        return head

    async def _search(self, batch: Batch, expected: int) -> None:
        """
        Search the stream's last versions for the event ids of an append at an exact version.

        If none is found and the stream has reached that version, a plan may follow: it applies only
        if nothing came in between. A stream below it conflicts, since what brings it there may
        hold these very events.
        """
        (append,) = batch.waiting
        count = self.settings.look_back + len(append.encoded.items)
        head = self.known_heads.get(batch.stream_id) or 0
        for serial in (False, True):  # a quorum read may not show an append that is half committed
            head, standing = await self.reader.recent_ids(
                batch.stream_id,
                head,
                count,
                batch.deadline,
                serial=serial,
                category=batch.category,
            )
            _check_open(batch.stream_id, head)
            self.known_heads.put(batch.stream_id, head)
            found = await self._stored_earlier(append, batch.deadline, head, standing)
            if found is not None:
                batch.answer(append, found)
                return
            if head >= expected:
                return
        batch.answer(append, ConcurrentModification(batch.stream_id, expected, head))

    async def _explain(
        self, conflict: ConcurrentModification, plan: AppendPlan, deadline: Deadline
    ) -> AppendResult:
        """Return the events if they are stored elsewhere; or the conflict, with the ids found."""
        count = self.settings.look_back + len(plan.encoded.items)
        head = conflict.actual_version
        try:
            head, standing = await self.reader.recent_ids(plan.stream_id, head, count, deadline)
            found = await self._stored_earlier(plan, deadline, head, standing)
        except UndecodableEvent:
            raise
        except EventStoreError:
            return conflict  # which is certain; only the ids could not be searched for
        return conflict if found is None else found

    async def _stored_earlier(
        self,
        sought: PendingAppend | AppendPlan,
        deadline: Deadline,
        head: int,
        standing: Mapping[int, UUID],
    ) -> AppendResult | None:
        """Return what the ids found mean for events; None if none of them was found."""
        wanted = sought.encoded.event_ids
        places = {event_id: at for at, event_id in sorted(standing.items()) if event_id in wanted}
        if not places:
            return None
        first = _first_run(standing, wanted)
        if first is not None:
            last = first + len(wanted) - 1
            found = await self.reader.read_exactly(sought.stream_id, first, wanted, deadline)
            if found is not None:
                return Persisted(sought.stream_id, last, found, stored_earlier=True)
        return ConcurrentModification(sought.stream_id, sought.expected_version, head, places)

    async def _find(
        self, plan: AppendPlan, verdict: Verdict, deadline: Deadline
    ) -> Persisted | None:
        """Distinguish events that this call stored from those that an earlier call stored."""
        if not plan.encoded.identified:
            return plan.persisted()  # the store made the ids for this call alone
        try:
            found = await self.reader.read_exactly(
                plan.stream_id, plan.expected + 1, plan.encoded.event_ids, deadline
            )
        except UndecodableEvent:
            raise
        except EventStoreError as error:
            # They are stored, and this error would say that they are not (a closed store, a role
            # that may not read). Repeating the call will show who stored them.
            raise plan.unknown() from error
        if found is None:
            return None
        if verdict.doubtful and found[0].timestamp == plan.timestamp:
            return plan.persisted()
        return Persisted(plan.stream_id, plan.last, found, stored_earlier=True)

    def _remember(self, result: AppendResult) -> None:
        if isinstance(result, ConcurrentModification):
            self.known_heads.put(result.stream_id, result.actual_version)
        elif result.stored_earlier:
            self.known_heads.forget(result.stream_id)
        else:
            self.known_heads.put(result.stream_id, result.version)


async def check_kept(
    reader: Reader[Any], plan: Plan, conflict: ConcurrentModification, deadline: Deadline
) -> None:
    """Raise that a plan's outcome is unknown if what stood at the place of its events is erased."""
    try:
        kept_from, _ = await reader.extent(plan.stream_id, deadline, serial=True)
    except EventStoreError as error:
        raise plan.unknown() from error
    if kept_from > plan.expected + 1:
        raise plan.unknown() from conflict


def _check_open(stream_id: UUID, head: int) -> None:
    """Raise `StreamClosed` if a read shows that the stream is closed."""
    if head == MAX_VERSION:
        raise StreamClosed(stream_id)


def _first_run(standing: Mapping[int, UUID], wanted: Sequence[UUID]) -> int | None:
    """Return the lowest version from which on the wanted ids stand, one after the other."""
    # An id may occur twice in a stream, if an exact version allowed it. So a place is known by the
    # whole run of ids, never by one of them.
    for first in sorted(standing):
        if all(standing.get(first + index) == event_id for index, event_id in enumerate(wanted)):
            return first
    return None
