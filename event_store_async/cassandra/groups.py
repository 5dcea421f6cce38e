"""Groups: appends to one stream that become one batch, and who is told what of it. No I/O."""

import copy
from collections import deque
from collections.abc import Sequence
from uuid import UUID

from ..drafts import Drafts
from ..errors import AppendOutcomeUnknown, EventStoreError
from ..results import AppendResult, Persisted
from ..retry import Deadline
from ..settings import Settings
from ..versions import ANY, ExpectedVersion
from .appending import Append
from .callers import Caller


def next_group(lane: deque[Caller], settings: Settings) -> list[Caller]:
    """
    Take the next callers of a lane that one batch can serve; those who have left are dropped.

    That is one, or a run of several who all expect `ANY`: nobody overtakes anybody. They fit the
    bounds of a group, and no event id stands twice among them (the second one is a repetition,
    which the next group finds stored).
    """
    if len(lane) == 1 and not lane[0].left:
        return [lane.popleft()]
    group: list[Caller] = []
    ids: set[UUID] = set()
    events = size = 0
    while lane:
        caller = lane[0]
        if caller.left:
            lane.popleft()
            continue
        drafts = caller.append.drafts
        joins = caller.append.expected_version is ANY and bool(drafts.items)
        events += len(drafts.items)
        if group:
            size += drafts.size
            fits = events <= settings.max_group_events and size <= settings.max_group_bytes
            if not (joins and fits and ids.isdisjoint(drafts.event_ids)):
                break
        elif joins:
            size = drafts.size
        group.append(lane.popleft())
        if not joins or events >= settings.max_group_events:
            break
        ids.update(drafts.event_ids)
    return group


class Group:
    """
    Appends that expect no exact version, on their way together.

    Each caller is told its own outcome as soon as it is certain, at its own deadline at the
    latest; one who has been told may still have events in the batch that is being settled.

    Attributes:
        stream_id: The stream.
        expected_version: What all of them expect.
        waiting: Those who have not been told yet, in order.
    """

    def __init__(self, callers: Sequence[Caller]) -> None:
        first = callers[0].append
        self.stream_id = first.stream_id
        self.expected_version: ExpectedVersion = first.expected_version
        self.waiting = list(callers)
        self._alone = len(callers) == 1

    @property
    def deadline(self) -> Deadline:
        """The nearest deadline of those who wait."""
        if self._alone:
            return self.waiting[0].append.deadline
        return min((caller.append.deadline for caller in self.waiting), key=lambda it: it.at)

    @property
    def identified(self) -> list[Caller]:
        """Those whose events an earlier call may have stored."""
        return [caller for caller in self.waiting if caller.append.drafts.identified]

    @property
    def drafts(self) -> Drafts:
        """The events of all who wait, in order."""
        if len(self.waiting) == 1:
            return self.waiting[0].append.drafts
        items = tuple(item for caller in self.waiting for item in caller.append.drafts.items)
        size = sum(caller.append.drafts.size for caller in self.waiting)
        return Drafts(items, bool(self.identified), size)

    def answer(self, caller: Caller, result: AppendResult) -> None:
        """Tell one caller."""
        self.waiting.remove(caller)
        caller.answer(result)

    def share(self, callers: Sequence[Caller], result: Persisted) -> None:
        """Tell each of the callers its part of what was stored for all of them."""
        if self._alone and self.waiting:
            self.answer(self.waiting[0], result)
            return
        waiting = set(self.waiting)
        start = 0
        for caller in callers:
            count = len(caller.append.drafts.items)
            events = result.events[start : start + count]
            start += count
            if caller in waiting:
                last = events[-1].version
                part = Persisted(self.stream_id, last, events, stored_earlier=result.stored_earlier)
                caller.answer(part)
        self.waiting = []

    def fail(self, callers: Sequence[Caller], error: Exception) -> None:
        """Tell callers of an error: each meets one of its own, about its own events."""
        for caller in list(callers):
            self.waiting.remove(caller)
            caller.fail(error if self._alone else _own(error, caller.append))

    def expire(self, error: Exception) -> None:
        """Tell an error to those whose time is up: at least the one whose deadline is nearest."""
        nearest = self.deadline.at
        self.fail(
            [
                caller
                for caller in self.waiting
                if caller.append.deadline.at <= nearest or not caller.append.deadline.allows(0)
            ],
            error,
        )


def _own(error: Exception, append: Append) -> Exception:
    if not isinstance(error, EventStoreError):
        return error
    if isinstance(error, AppendOutcomeUnknown):
        own: EventStoreError = AppendOutcomeUnknown(
            append.stream_id, append.expected_version, append.drafts.events
        )
    else:
        own = copy.copy(error)
    own.__cause__ = error.__cause__
    return own
