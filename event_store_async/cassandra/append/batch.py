"""Groups: appends to one stream that become one batch, and who is told what of it. No I/O."""

import copy
from collections import deque
from collections.abc import Sequence
from uuid import UUID

from ...encoding import EncodedEvents
from ...errors import AppendOutcomeUnknown, EventStoreError
from ...results import AppendResult, Persisted, persisted
from ...retry import Deadline, nearest
from ...settings import Settings
from ...versions import ANY, ExpectedVersion
from .pending import Append


def next_group(lane: deque[Append], settings: Settings) -> list[Append]:
    """
    Take the next appends of a lane that one batch can serve; those whose callers left are dropped.

    That is one, or a run of several that all expect `ANY`: nobody overtakes anybody. They fit the
    bounds of a group, and no event id that a caller gave stands twice among them (the second one
    is a repetition, which the next group finds stored; ids that the store makes are all new).
    """
    group: list[Append] = []
    given: set[UUID] = set()
    events = size = 0
    while lane:
        append = lane[0]
        if append.left:
            lane.popleft()
            continue
        encoded = append.encoded
        joins = append.expected_version is ANY and bool(encoded.items)
        events += len(encoded.items)
        size += encoded.size
        if group:
            fits = events <= settings.max_batch_events and size <= settings.max_batch_bytes
            if not (joins and fits):
                break
        if encoded.identified:
            ids = encoded.event_ids
            if not given.isdisjoint(ids):
                break
            given.update(ids)
        group.append(lane.popleft())
        if not joins or events >= settings.max_batch_events:
            break
    return group


def parts(appends: Sequence[Append], result: Persisted) -> Sequence[Persisted]:
    """Return each append's part of what was stored for all of them, in order."""
    if len(appends) == 1:
        return (result,)
    found: list[Persisted] = []
    end = 0
    for append in appends:
        start, end = end, end + len(append.encoded.items)
        events = result.events[start:end]
        last = events[-1].version
        found.append(persisted(result.stream_id, last, events, result.stored_earlier))
    return found


class Group:
    """
    Appends that expect no exact version, on their way together.

    Each caller is told its own outcome as soon as it is certain, at its own deadline at the
    latest; one that has been told may still have events in the batch that is being settled.

    Attributes:
        stream_id: The stream.
        expected_version: What all of them expect.
        waiting: Those that have no outcome yet, in order.
    """

    def __init__(self, appends: Sequence[Append]) -> None:
        self.stream_id = appends[0].stream_id
        self.expected_version: ExpectedVersion = appends[0].expected_version
        self.waiting = list(appends)
        self._alone = len(appends) == 1

    @property
    def deadline(self) -> Deadline:
        """The nearest deadline of those that wait."""
        if self._alone:
            return self.waiting[0].deadline
        return nearest([append.deadline for append in self.waiting])

    @property
    def identified(self) -> list[Append]:
        """Those whose events an earlier call may have stored."""
        return [append for append in self.waiting if append.encoded.identified]

    @property
    def encoded(self) -> EncodedEvents:
        """The events of all that wait, in order."""
        if len(self.waiting) == 1:
            return self.waiting[0].encoded
        encoded = [append.encoded for append in self.waiting]
        return EncodedEvents(
            tuple([item for its in encoded for item in its.items]),
            any(its.identified for its in encoded),
            sum(its.size for its in encoded),
        )

    def answer(self, append: Append, result: AppendResult) -> None:
        """Tell one caller."""
        self.waiting.remove(append)
        append.answer(result)

    def share(self, appends: Sequence[Append], result: Persisted) -> None:
        """Tell each of the callers its part of what was stored for all of them."""
        for append, part in zip(appends, parts(appends, result), strict=True):
            append.answer(part)
        self.waiting = []

    def fail(self, appends: Sequence[Append], error: Exception) -> None:
        """Tell callers of an error: each meets one of its own, about its own events."""
        for append in list(appends):
            self.waiting.remove(append)
            append.fail(error if self._alone else _own(error, append))

    def expire(self, error: Exception) -> None:
        """Tell an error to those whose time is up: at least the one whose deadline is nearest."""
        nearest = self.deadline.at
        self.fail(
            [
                append
                for append in self.waiting
                if append.deadline.at <= nearest or not append.deadline.allows(0)
            ],
            error,
        )


def _own(error: Exception, append: Append) -> Exception:
    if not isinstance(error, EventStoreError):
        return error
    if isinstance(error, AppendOutcomeUnknown):
        own: EventStoreError = AppendOutcomeUnknown(
            append.stream_id, append.expected_version, append.encoded.events
        )
    else:
        own = copy.copy(error)
    own.__cause__ = error.__cause__
    return own
