"""Plans: conditional batches that are sent unchanged until their outcome is known. No I/O."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from ...encoding import EncodedEvents
from ...errors import AppendOutcomeUnknown, EventStoreError, StreamClosed, WrongCategory
from ...hooks.append_watch import BatchWatch
from ...moments import to_milliseconds
from ...results import Persisted, persisted
from ...versions import MAX_VERSION, ExpectedVersion
from ..driver.answer import Answer
from ..driver.port import Prepared
from ..driver.request import Request
from ..read.rows import addressed, bound_events
from ..schema.statements import AppendStatements

_new: Final[Callable[[type[Any]], Any]] = object.__new__

VerdictName = Literal["applied", "found", "conflict", "behind", "wrong category", "closed"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """
    What the answer to a plan proves.

    Attributes:
        name: ``"applied"``: this very request stored the plan. ``"found"``: an earlier request
            stored it. ``"conflict"``: it is not stored and never will be. ``"behind"``: it is not
            stored yet, but an earlier request whose outcome is unknown may still store it, since
            the stream has not reached the expected version. ``"wrong category"``: it is not stored
            and never will be, since the stream is not of its category. ``"closed"``: the stream is
            closed for ever.
        actual_version: The stream's version if the plan did not apply; 0 for a stream without
            events.
        doubtful: Whether the outcome of an earlier request was unknown.
        actual_category: The stream's category; None if it has none, or if none was asked for.
        is_bare: Whether it was doubtful, and no row shows whose events stood at its place: they may
            have been its own, if they are erased by now.
    """

    name: VerdictName
    actual_version: int = 0
    doubtful: bool = False
    actual_category: str | None = None
    is_bare: bool = False


class Plan(ABC):
    """
    A conditional batch on one stream. It can be repeated as it is, and applies once at most.

    It is conditioned on the stream's exact version. Versions only grow, so of all the times that
    it is sent, only one can find the condition true.

    Attributes:
        stream_id: The stream.
        expected: The exact version that the batch is conditioned on.
        watch: Collects the facts of its requests for the hooks, if there are any.
        category: The category that the stream must have, or gets if it is new; None for any.
        last: The version of its last event.
        address: The writer and the number of its announcement, once it is announced. Only a table
            with a feed needs one.
    """

    __slots__ = ("address", "category", "expected", "stream_id", "watch")
    last: int

    def __init__(
        self,
        stream_id: UUID,
        expected: int,
        watch: BatchWatch | None = None,
        category: str | None = None,
    ) -> None:
        self.stream_id = stream_id
        self.expected = expected
        self.watch = watch
        self.address: tuple[UUID, int] | None = None
        self.category = category

    @property
    @abstractmethod
    def doing(self) -> str:
        """What is being done, for error messages, as in "appending to stream …"."""

    @abstractmethod
    def statements(self) -> Iterable[tuple[Prepared, Sequence[Any]]]:
        """Return the batch's statements with their values; the same at every call."""

    @abstractmethod
    def unknown(self) -> EventStoreError:
        """Return the error that says that it may be stored, now or a little later."""

    @property
    def must_be_announced(self) -> bool:
        """Whether the table has a feed: then the plan is announced before it is sent."""
        return False

    @property
    def types(self) -> Sequence[str | None]:
        """The types of its events, for the announcement."""
        return ()

    def head_values(self) -> tuple[Any, ...]:
        """
        Return what ``append_head`` binds; in a category, what ``append_category_head`` does.

        A stream without events has no version yet, and must have no category.
        """
        last, stream_id, expected = self.last, self.stream_id, self.expected or None
        if self.category is None:
            return last, stream_id, expected
        category = self.category
        return last, category, stream_id, expected, category if expected else None

    def refusal(self, verdict: Verdict) -> EventStoreError:
        """Return the error that the verdicts "wrong category" and "closed" mean."""
        if verdict.name == "closed":
            closed = StreamClosed(self.stream_id)
            if not verdict.doubtful:
                return closed
            # An earlier request may have stored it, before it was erased with all the others.
            unknown = self.unknown()
            unknown.__cause__ = closed
            return unknown
        return WrongCategory(self.stream_id, str(self.category), verdict.actual_category)

    def recognises(self, _answer: Answer) -> bool:
        """Tell whether the answer shows that the plan is stored already."""
        return False

    def is_bare(self, _answer: Answer) -> bool:
        """Tell whether the answer does not show whose events stand at the place of the plan's."""
        return True

    def verdict(self, answer: Answer, *, doubtful: bool) -> Verdict:
        """
        Return what the server's answer proves.

        Args:
            answer: Cassandra answers with one row, ScyllaDB with one for each statement: the facts
                are in any one of these rows.
            doubtful: The outcome of an earlier request with this plan is unknown.
        """
        if answer.applied:
            return Verdict("applied", doubtful=doubtful)
        actual = answer.cell("max_version") or 0
        if actual == MAX_VERSION:
            return Verdict("closed", actual, doubtful)
        if self.category is not None and actual:
            category = answer.cell("category")
            if category != self.category:
                # A category never changes, so every request has failed for good. But a stream
                # without one may get it, and then let an earlier request apply.
                fails = category is not None or actual > self.expected or not doubtful
                return Verdict("wrong category" if fails else "behind", actual, doubtful, category)
        if self.recognises(answer):
            return Verdict("found", actual, doubtful)
        # A stream above the expected version never comes back to it, so every earlier request has
        # failed for good. One below it may still get there while an earlier request is on its way.
        if doubtful and actual < self.expected:
            return Verdict("behind", actual, doubtful)
        is_bare = doubtful and actual > self.expected and self.is_bare(answer)
        return Verdict("conflict", actual, doubtful, is_bare=is_bare)


class AppendPlan(Plan):
    """
    Events at their versions. Made by `append_plan`.

    Attributes:
        prepared: The statements to send it with.
        encoded: The events.
        timestamp: Their timestamp, with millisecond precision.
        milliseconds: The same in milliseconds since the epoch: computed when the plan is made,
            while `to_milliseconds` remembers it.
        expected_version: What the caller expects, for errors.
        last: The version of the last event.
        request: The first request with it, once `Executor.begin` has sent it.
        results: What each of the callers gets if that stores it.
    """

    __slots__ = (
        "encoded",
        "expected_version",
        "last",
        "milliseconds",
        "prepared",
        "request",
        "results",
        "timestamp",
    )
    prepared: AppendStatements
    encoded: EncodedEvents
    timestamp: datetime
    milliseconds: int
    expected_version: ExpectedVersion
    request: Request | None
    results: Sequence[Persisted]

    @property
    def doing(self) -> str:
        """What is being done, for error messages."""
        return f"appending to stream {self.stream_id}"

    def statements(self) -> Iterable[tuple[Prepared, Sequence[Any]]]:
        """Return the batch's statements with their values."""
        prepared, address = self.prepared, self.address
        head = prepared.head, self.head_values()
        events = bound_events(
            prepared.first if address is None else prepared.announced_first,
            prepared.rest,
            self.stream_id,
            self.expected,
            self.milliseconds,
            self.encoded.items,
        )
        if address is not None:
            events[0] = addressed(events[0], address)
        return [head, *events]

    @property
    def must_be_announced(self) -> bool:
        """Whether the table has a feed."""
        return self.prepared.has_feed

    @property
    def types(self) -> Sequence[str | None]:
        """The types of its events."""
        items = self.encoded.items
        return (items[0].type,) if len(items) == 1 else [item.type for item in items]

    def recognises(self, answer: Answer) -> bool:
        """Tell whether this plan's own first event stands at its place."""
        holder = self._holder(answer)
        return holder is not None and UUID(holder) == self.encoded.items[0].event_id

    def is_bare(self, answer: Answer) -> bool:
        """Tell whether the event at the place of its first one has no id, or is gone."""
        return self._holder(answer) is None

    def _holder(self, answer: Answer) -> str | None:
        place = self.expected + 1
        return next((row["event_id"] for row in answer.rows if row.get("version") == place), None)

    def unknown(self) -> AppendOutcomeUnknown:
        """Return the error that hands the events back to the caller, ready to be appended again."""
        return AppendOutcomeUnknown(self.stream_id, self.expected_version, self.encoded.events)

    def persisted(self) -> Persisted:
        """Return the result if the plan is stored."""
        events = self.encoded.recorded(self.stream_id, self.expected, self.timestamp)
        return persisted(self.stream_id, self.last, events)


def append_plan(
    prepared: AppendStatements,
    stream_id: UUID,
    expected: int,
    encoded: EncodedEvents,
    timestamp: datetime,
    expected_version: ExpectedVersion,
    watch: BatchWatch | None = None,
    category: str | None = None,
) -> AppendPlan:
    """Make an `AppendPlan`; a constructor would be felt, see `EncodedEvent`."""
    plan: AppendPlan = _new(AppendPlan)
    plan.prepared = prepared
    plan.stream_id = stream_id
    plan.expected = expected
    plan.encoded = encoded
    plan.timestamp = timestamp
    plan.milliseconds = to_milliseconds(timestamp)
    plan.expected_version = expected_version
    plan.last = expected + len(encoded.items)
    plan.watch = watch
    plan.category = category
    plan.address = None
    plan.request = None
    return plan
