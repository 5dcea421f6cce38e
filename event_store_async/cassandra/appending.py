"""Appending: from what the caller expects of a stream to plans at exact versions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import anyio

from ..drafts import Drafts, from_milliseconds, to_milliseconds
from ..errors import ConcurrentModification, StoreOverloaded
from ..results import AppendResult, Persisted
from ..retry import Deadline
from ..settings import Settings
from ..versions import ANY, STREAM_EXISTS, ExpectedVersion
from .heads import Heads
from .plan import Plan
from .reading import Reader
from .settling import Settler
from .statements import LazyStatements


@dataclass(frozen=True, slots=True)
class Append:
    """
    An append on its way.

    Attributes:
        stream_id: The stream.
        drafts: The events.
        expected_version: What the caller expects of the stream.
        deadline: Until when the outcome must be known.
    """

    stream_id: UUID
    drafts: Drafts
    expected_version: ExpectedVersion
    deadline: Deadline


@dataclass(slots=True)
class Appender:
    """Carries out appends, one at a time for each stream."""

    statements: LazyStatements
    reader: Reader
    settler: Settler
    settings: Settings
    heads: Heads

    async def append(self, append: Append) -> AppendResult:
        """
        Carry out an append; raises what `EventWriter.persist_events` does, conflicts excepted.

        Where no exact version is expected, a conflict only means that somebody else was faster:
        the append is planned again at the version that the conflict told. No plan is given up
        before its outcome is known, so the events are stored once at most.
        """
        if not append.drafts.items:
            return await self._check_only(append)
        if isinstance(append.expected_version, int):
            result = await self._settle(append, append.expected_version)
        else:
            result = await self._anywhere(append)
        self._remember(result)
        return result

    async def _anywhere(self, append: Append) -> AppendResult:
        head = await self._first_head(append)
        for pause in self.settings.backoff.pauses():
            if append.drafts.identified:
                earlier = await self._look_back(append, head)
                if not isinstance(earlier, int):
                    return earlier
                head = earlier
            if not head and append.expected_version is STREAM_EXISTS:
                head = await self.reader.head(append.stream_id, append.deadline, serial=True)
                if not head:
                    return ConcurrentModification(append.stream_id, STREAM_EXISTS, 0)
            result = await self._settle(append, head)
            if isinstance(result, Persisted):
                return result
            head = result.actual_version
            if not append.deadline.allows(pause):
                raise StoreOverloaded(
                    f"others append to stream {append.stream_id} without a pause; "
                    "nothing of this append is stored"
                )
            await anyio.sleep(pause)
        raise AssertionError("pauses never end")

    async def _first_head(self, append: Append) -> int:
        known = self.heads.get(append.stream_id)
        if known is not None:
            return known
        return await self.reader.head(append.stream_id, append.deadline)

    async def _look_back(self, append: Append, head: int) -> AppendResult | int:
        """
        Search the stream's last versions for the append's event ids.

        Returns the outcome where an earlier call stored them, else the stream's version. What is
        found is certain; what is not found will be, should a plan at that version apply.
        """
        wanted = append.drafts.event_ids
        count = self.settings.look_back + len(wanted)
        head, standing = await self.reader.recent_ids(
            append.stream_id, head, count, append.deadline
        )
        if set(wanted).isdisjoint(standing.values()):
            return head
        first = _first_run(standing, wanted)
        if first is not None:
            last = first + len(wanted) - 1
            found = await self.reader.read_exactly(append.stream_id, first, wanted, append.deadline)
            if found is not None:
                return Persisted(append.stream_id, last, found, stored_earlier=True)
        return ConcurrentModification(append.stream_id, append.expected_version, head)

    async def _settle(self, append: Append, expected: int) -> AppendResult:
        prepared = await self.statements.get(append.deadline)
        timestamp = from_milliseconds(to_milliseconds(self.settings.clock()))
        plan = Plan(append.stream_id, expected, append.drafts, timestamp)
        return await self.settler.settle(plan, prepared, append.deadline, append.expected_version)

    async def _check_only(self, append: Append) -> AppendResult:
        """Append nothing: only a stated expectation is checked, at the serial level."""
        expected = append.expected_version
        head = await self.reader.head(append.stream_id, append.deadline, serial=expected is not ANY)
        met = bool(head) if expected is STREAM_EXISTS else expected in {ANY, head}
        if not met:
            return ConcurrentModification(append.stream_id, expected, head)
        return Persisted(append.stream_id, head, ())

    def _remember(self, result: AppendResult) -> None:
        if isinstance(result, ConcurrentModification):
            self.heads.put(result.stream_id, result.actual_version)
        elif result.stored_earlier:
            self.heads.forget(result.stream_id)
        else:
            self.heads.put(result.stream_id, result.version)


def _first_run(standing: Mapping[int, UUID], wanted: Sequence[UUID]) -> int | None:
    """Return the lowest version from which on the wanted ids stand, one behind the other."""
    # An id may stand twice in a stream, where an exact version let it: a place is told by the
    # whole run of ids, never by one of them.
    for first in sorted(standing):
        if all(standing.get(first + index) == event_id for index, event_id in enumerate(wanted)):
            return first
    return None
