"""Appends on their way to an outcome: one alone, or several that share a conditional batch."""

import asyncio
import copy
import logging
from collections import deque
from collections.abc import Sequence
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

from ...encoding import EncodedEvent, EncodedEvents
from ...errors import AppendOutcomeUnknown, EventStoreError, StoreOverloaded
from ...events import RecordedDraft, RecordedEvent
from ...futures import answer_at_once
from ...hooks.append_watch import AppendWatch, BatchWatch
from ...results import AppendResult, Persisted, PersistedDraft, persisted
from ...retry import Deadline, nearest
from ...settings import Settings
from ...versions import ANY, ExpectedVersion

_LOG: Final = logging.getLogger("event_store_async")


class Plannable(Protocol):
    """What a plan is made for: one pending append, or a batch of them."""

    @property
    def stream_id(self) -> UUID:
        """The stream."""

    @property
    def category(self) -> str | None:
        """The category that the stream must have; None for any, or none."""

    @property
    def expected_version(self) -> ExpectedVersion:
        """What the callers expect of the stream."""

    @property
    def encoded(self) -> EncodedEvents:
        """The events."""

    @property
    def deadline(self) -> Deadline:
        """When the first caller must have its outcome."""


class PendingAppend:
    """
    A pending append and the future that its caller awaits. The caller may be cancelled at any time.

    A single, small object with slots: it is made for every append, and what many appends
    hold at once is what Python's garbage collector walks through again and again. It has no
    constructor, which would be felt: see `EncodedEvent`.

    Attributes:
        stream_id: The stream.
        encoded: The events.
        expected_version: What the caller expects of the stream.
        deadline: When the outcome must be known.
        outcome: What the caller awaits. It is also done if the caller was cancelled.
        watch: Collects the facts for the hooks, if there are any.
        category: The category that the stream must have, or gets; None for any, or none.
        started: Whether part of it may have been sent.
    """

    __slots__ = (
        "category",
        "deadline",
        "encoded",
        "expected_version",
        "outcome",
        "started",
        "stream_id",
        "watch",
    )

    category: str | None
    deadline: Deadline
    encoded: EncodedEvents
    expected_version: ExpectedVersion
    outcome: asyncio.Future[AppendResult]
    started: bool
    stream_id: UUID
    watch: AppendWatch | None

    @property
    def left(self) -> bool:
        """Whether the caller no longer waits: it has its outcome, or was cancelled."""
        return self.outcome.done()

    def answer(self, result: AppendResult) -> None:
        """Return a result to the caller."""
        if not self.outcome.done():
            self.outcome.set_result(result)

    def fail(self, error: Exception) -> None:
        """Raise an error in the caller; log it if the caller was cancelled."""
        if not self.outcome.done():
            self.outcome.set_exception(error)
        elif self.outcome.cancelled():
            text = "an append to stream %s failed after its caller was cancelled: %s"
            _LOG.warning(text, self.stream_id, error)

    def give_up(self, error: Exception) -> None:
        """Raise an error in the caller, if it still waits."""
        if not self.outcome.done():
            self.outcome.set_exception(error)

    def expire(self) -> None:
        """Stop waiting in the queue: the deadline has passed, and nothing was sent."""
        if not self.started and not self.outcome.done():
            self.outcome.set_exception(
                StoreOverloaded(
                    f"the appends to stream {self.stream_id} that came before this one "
                    "took longer than its deadline; nothing of it was sent"
                )
            )


def answer_all(appends: Sequence[PendingAppend], results: Sequence[AppendResult]) -> None:
    """Return their results to callers, each of which goes on at once; see `answer_at_once`."""
    try:
        for index, append in enumerate(appends):
            answer_at_once(append.outcome, results[index])
    except BaseException:  # a caller ends the program: the others have their results nevertheless
        for append, result in zip(appends, results, strict=True):
            append.answer(result)
        raise


class Batch:
    """
    Appends to one stream that are carried out together: one, or several that all expect `ANY`.

    All of them are in the same category, or in none.

    Each caller gets its own outcome as soon as that is certain, and at its own deadline at the
    latest. One that has its outcome may still have events in the batch that is being settled.

    Attributes:
        stream_id: The stream.
        expected_version: What all of them expect.
        category: The category that all of them are in; None for none.
        waiting: Those without an outcome yet, in order.
        head: The stream's version as a conflict showed it; None if it is not known.
    """

    def __init__(self, appends: Sequence[PendingAppend]) -> None:
        self.stream_id = appends[0].stream_id
        self.expected_version: ExpectedVersion = appends[0].expected_version
        self.category = appends[0].category
        self.waiting = list(appends)
        self.head: int | None = None
        self._alone = len(appends) == 1

    @property
    def deadline(self) -> Deadline:
        """The nearest deadline of those that wait."""
        if self._alone:
            return self.waiting[0].deadline
        return nearest([append.deadline for append in self.waiting])

    @property
    def identified(self) -> list[PendingAppend]:
        """Those whose events an earlier call may have stored."""
        return [append for append in self.waiting if append.encoded.identified]

    @property
    def encoded(self) -> EncodedEvents:
        """The events of all that wait, in order."""
        if len(self.waiting) == 1:
            return self.waiting[0].encoded
        made = EncodedEvents()
        items: list[EncodedEvent] = []
        identified = False
        size = 0
        for append in self.waiting:  # once: each pass would be felt on a hot stream
            part = append.encoded
            items += part.items
            identified = identified or part.identified
            size += part.size
        made.items = tuple(items)
        made.identified = identified
        made.size = size
        made.sought = False
        return made

    def answer(self, append: PendingAppend, result: AppendResult) -> None:
        """Return a result to one caller."""
        self.waiting.remove(append)
        append.answer(result)

    def share(self, appends: Sequence[PendingAppend], result: Persisted) -> None:
        """Return to each of the callers its part of what was stored for all of them."""
        for append, part in zip(appends, split_result(appends, result), strict=True):
            append.answer(part)
        self.waiting = []

    def fail(self, appends: Sequence[PendingAppend], error: Exception) -> None:
        """Raise an error in these callers; each gets an error of its own, about its own events."""
        for append in list(appends):
            self.waiting.remove(append)
            append.fail(error if self._alone else _own(error, append))

    def fail_expired(self, error: Exception) -> None:
        """Raise an error in the callers whose time is up, the nearest deadline's at least."""
        first = self.deadline.at
        self.fail(
            [
                append
                for append in self.waiting
                if append.deadline.at <= first or not append.deadline.allows(0)
            ],
            error,
        )


def next_batch(queue: deque[PendingAppend], settings: Settings) -> list[PendingAppend]:
    """
    Take the next appends of a queue that one batch can carry; drop those whose callers left.

    That is one append, or a run of several that all expect `ANY` and are in the same category, or
    in none: no append overtakes another. They stay within the limits of a batch, and no event id
    that a caller gave occurs twice in it: the second occurrence is a repetition, which the next
    batch finds stored. (Ids that the store makes are always new.)
    """
    taken: list[PendingAppend] = []
    given: set[UUID] = set()
    most_events, most_bytes = settings.max_batch_events, settings.max_batch_bytes
    events = size = 0
    category: str | None = None
    while queue:
        append = queue.popleft()
        if append.outcome.done():  # not `left`: in this loop, the call of a property is felt
            continue
        encoded = append.encoded
        count = len(encoded.items)
        events += count
        size += encoded.size
        joins = append.expected_version is ANY and count
        if not taken:
            category = append.category
        elif (
            not joins
            or events > most_events
            or size > most_bytes
            or append.category != category
            or (encoded.identified and not given.isdisjoint(encoded.event_ids))
        ):
            queue.appendleft(append)
            break
        taken.append(append)
        if not joins:
            break
        if encoded.identified:
            given.update(encoded.event_ids)
    return taken


def results_of(
    appends: Sequence[PendingAppend], after: int, timestamp: datetime
) -> list[Persisted]:
    """
    Return what each of some appends gets if all of them are stored together, after a version.

    As `split_result` would, but the events and results are made in one pass, as drafts.
    """
    stream_id, version = appends[0].stream_id, after
    results: list[Persisted] = []
    for append in appends:
        events: list[RecordedEvent] = []
        for item in append.encoded.items:
            version += 1
            event = RecordedDraft()
            event.stream_id = stream_id
            event.version = version
            event.payload = item.payload
            event.timestamp = timestamp
            event.event_id = item.event_id
            event.type = item.type
            event.metadata = item.metadata
            event.__class__ = RecordedEvent
            events.append(event)
        result = PersistedDraft()
        result.stream_id = stream_id
        result.version = version
        result.events = tuple(events)
        result.stored_earlier = False
        result.__class__ = Persisted
        results.append(result)
    return results


def split_result(appends: Sequence[PendingAppend], result: Persisted) -> Sequence[Persisted]:
    """Return each append's part of what was stored for all of them, in order."""
    if len(appends) == 1:
        return (result,)
    stream_id, events, stored_earlier = result.stream_id, result.events, result.stored_earlier
    before = result.version - len(events)
    found: list[Persisted] = []
    end = 0
    for append in appends:
        start, end = end, end + len(append.encoded.items)
        found.append(persisted(stream_id, before + end, events[start:end], stored_earlier))
    return found


def watch_of(appends: Sequence[PendingAppend]) -> BatchWatch | None:
    """Return what collects the facts of a batch for the hooks; None if there are no hooks."""
    first = appends[0]
    if first.watch is None:
        return None
    watches = [append.watch for append in appends]
    return BatchWatch(first.stream_id, [watch for watch in watches if watch is not None])


def _own(error: Exception, append: PendingAppend) -> Exception:
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
