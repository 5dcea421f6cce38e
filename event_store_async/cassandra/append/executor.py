"""Grouping: one batch for all the appends that wait for a stream and expect no exact version."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

import anyio

from ...errors import (
    AppendOutcomeUnknown,
    ConcurrentModification,
    RequestRefused,
    StoreOverloaded,
    StoreUnavailable,
    UndecodableEvent,
)
from ...results import AppendResult, Persisted
from ...settings import Settings
from ...versions import STREAM_EXISTS
from ..driver.faults import Certainty, Fault
from ..read.reader import Reader
from .batch import Group
from .known_heads import KnownHeads
from .pending import Append, watch_of
from .planner import Appender
from .settler import Proposal, Settler


@dataclass(slots=True)
class Grouper:
    """
    Carries out the appends of one stream that are due, together.

    Where no exact version is expected, a conflict only means that somebody else was faster: the
    events are planned again at the version that the conflict told. No plan is given up before its
    outcome is known, so the events are stored once at most.
    """

    appender: Appender
    reader: Reader
    settler: Settler
    settings: Settings
    heads: KnownHeads

    async def carry_out(self, appends: Sequence[Append], proposal: Proposal | None = None) -> None:
        """
        Carry out appends, and tell each caller what came of it.

        They are one append of any kind, or several that a group may hold (`next_group`). Where
        they were proposed together already, that proposal is settled first.
        """
        append = appends[0]
        if isinstance(append.expected_version, int) or not append.encoded.items:
            try:
                append.answer(await self.appender.append(append, proposal))
            except Exception as error:  # noqa: BLE001 - whatever it is, it is the caller's answer
                append.fail(error)
        else:
            await self._together(Group(appends), proposal)

    async def _together(self, group: Group, proposal: Proposal | None = None) -> None:
        while group.waiting:
            try:
                await self._anywhere(group, proposal)
            except (StoreUnavailable, StoreOverloaded) as error:
                # Certainly nothing is stored, so those who have time left go on by themselves.
                group.expire(error)
            except RequestRefused as error:
                if len(group.waiting) == 1:
                    group.fail(list(group.waiting), error)
                for append in list(group.waiting):  # whose fault is it? The others are not harmed.
                    await self._together(Group([append]))
                return
            except Exception as error:  # noqa: BLE001 - whatever it is, it is the callers' answer
                group.fail(list(group.waiting), error)
            proposal = None

    async def _anywhere(self, group: Group, proposal: Proposal | None) -> None:
        head = self.heads.get(group.stream_id)
        if proposal is not None:
            head = proposal.plan.expected
        elif head is None:
            head = await self.reader.head(group.stream_id, group.deadline)
        for pause in self.settings.backoff.pauses():
            if group.identified and proposal is None:
                head = await self._look_back(group, head)
            if group.waiting and not head and group.expected_version is STREAM_EXISTS:
                head = await self.reader.head(group.stream_id, group.deadline, serial=True)
                if not head:
                    conflict = ConcurrentModification(group.stream_id, STREAM_EXISTS, 0)
                    group.answer(group.waiting[0], conflict)
            if not group.waiting:
                return
            actual = await self._settle(group, head, proposal)
            if actual is None:
                return
            head, proposal = actual, None
            if not group.deadline.allows(pause):
                raise StoreOverloaded(
                    f"others append to stream {group.stream_id} without a pause; "
                    "nothing of this append is stored"
                )
            await anyio.sleep(pause)

    async def _settle(self, group: Group, head: int, proposal: Proposal | None) -> int | None:
        """Store the events of all who wait; returns where the stream is, if not where planned."""
        appends = tuple(group.waiting)
        if proposal is None:
            proposal = await self.appender.propose(
                group.stream_id, head, group.encoded, group.deadline
            )
            proposal.watch = watch_of(appends)
        doubtful = False
        while group.waiting:
            try:
                result = await self.settler.settle(
                    proposal, group.deadline, group.expected_version, doubtful=doubtful
                )
            except AppendOutcomeUnknown as error:
                # It may be stored, so the same plan goes on for those who have time left.
                doubtful, proposal = True, replace(proposal, request=None)
                cause = error.__cause__
                if isinstance(cause, Fault) and cause.certainty is Certainty.REFUSED:
                    group.fail(list(group.waiting), error)
                else:
                    group.expire(error)
            else:
                self.appender.remember(result)
                if isinstance(result, Persisted):
                    group.share(appends, result)
                    return None
                return result.actual_version
        return None

    async def _look_back(self, group: Group, head: int) -> int:
        """
        Search the stream's last versions for the event ids of all who wait.

        Those whose events an earlier call stored are told so. What is found is certain; what is
        not found will be, should a plan at that version apply. Returns the stream's version.
        """
        wanted = group.identified
        count = self.settings.look_back + sum(len(it.encoded.items) for it in wanted)
        head, standing = await self.reader.recent_ids(group.stream_id, head, count, group.deadline)
        for append in wanted:
            try:
                found = await self._found(append, head, standing)
            except UndecodableEvent as error:
                group.fail([append], error)
            else:
                if found is not None:
                    group.answer(append, found)
        self.heads.put(group.stream_id, head)
        return head

    async def _found(
        self, append: Append, head: int, standing: Mapping[int, UUID]
    ) -> AppendResult | None:
        wanted = append.encoded.event_ids
        if set(wanted).isdisjoint(standing.values()):
            return None
        first = _first_run(standing, wanted)
        if first is not None:
            last = first + len(wanted) - 1
            found = await self.reader.read_exactly(append.stream_id, first, wanted, append.deadline)
            if found is not None:
                return Persisted(append.stream_id, last, found, stored_earlier=True)
        return ConcurrentModification(append.stream_id, append.expected_version, head)


def _first_run(standing: Mapping[int, UUID], wanted: Sequence[UUID]) -> int | None:
    """Return the lowest version from which on the wanted ids stand, one behind the other."""
    # An id may stand twice in a stream, where an exact version let it: a place is told by the
    # whole run of ids, never by one of them.
    for first in sorted(standing):
        if all(standing.get(first + index) == event_id for index, event_id in enumerate(wanted)):
            return first
    return None
