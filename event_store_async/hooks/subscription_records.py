"""The records of subscriptions: of a member of a consumer group, and of the slices it works on."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias, runtime_checkable
from uuid import UUID

from ..feeds.page import BrokenEvent, FeedEvent
from ..feeds.position import Position
from .source import Source

HandledOutcome: TypeAlias = Literal[
    "handled", "replayed", "parked", "parked_behind", "held", "cancelled"
]
"""What became of an event. It was handled, as any other (``handled``) or from parking
(``replayed``); it failed, and its stream is parked (``parked``); it waits, since its stream is
parked (``parked_behind``); it failed, and its slice stays at it (``held``); or it was neither
handled, nor did it fail (``cancelled``): the member stops, the lease is lost, or an operator
changed its stream."""

AppliedOutcome: TypeAlias = Literal["applied", "failed", "cancelled"]
"""What became of a page: it was applied; it failed, and its events are tried one by one; or neither
(``cancelled``)."""

CommittedOutcome: TypeAlias = Literal["committed", "lost", "unavailable"]
"""What became of a commit: it is stored; others have the slice (``lost``); or no quorum answered,
and the commit is repeated (``unavailable``)."""

LeaseChange: TypeAlias = Literal["claimed", "released", "lost"]
"""What became of a lease: the member has the slice now; it gave it back; or the lease ended before
it could."""

GenerationChange: TypeAlias = Literal["reset", "resliced"]
"""Why there is a new generation."""


@dataclass(frozen=True, slots=True)
class EventHandled:
    """
    An event was handled, or was not. Events of a page that was applied are in `PageApplied`.

    Attributes:
        source: The store.
        subscription: The name of the subscription.
        slice: The slice.
        stream_id: The stream of the event.
        version: Its version.
        type: Its type, if any.
        position: Its place in the feed.
        started: When it was first tried, as seconds since the epoch.
        duration: Seconds from then on, with all attempts and the pauses between them.
        attempts: How often the handler was called, in outages too; 0 if the event cannot be read,
            only waits, or was parked by an operator while its slice held.
        outcome: What became of it.
        error: The name of the class of the last error; None if there was none.
    """

    source: Source
    subscription: str
    slice: int
    stream_id: UUID
    version: int
    type: str | None
    position: Position
    started: float
    duration: float
    attempts: int
    outcome: HandledOutcome
    error: str | None


@dataclass(frozen=True, slots=True)
class PageApplied:
    """
    A page was handed to a `Projection`, with more than one event.

    Attributes:
        source: The store.
        subscription: The name of the subscription.
        slice: The slice.
        events: How many events it has.
        position: The place in the feed behind it.
        started: When it was handed over, as seconds since the epoch.
        duration: Seconds that it took; the commit of its transaction is in it.
        outcome: What became of it.
        error: The name of the error's class; None if there was none.
    """

    source: Source
    subscription: str
    slice: int
    events: int
    position: Position
    started: float
    duration: float
    outcome: AppliedOutcome
    error: str | None


@dataclass(frozen=True, slots=True)
class CheckpointCommitted:
    """
    The store was asked to keep how far a slice is. A request that was cancelled is not told.

    Attributes:
        source: The store.
        subscription: The name of the subscription.
        slice: The slice.
        position: How far it is.
        events: How many events were handled since the commit before; 0 if the position stays, and
            only parked streams are stored.
        started: When it was sent, as seconds since the epoch.
        duration: Seconds until the answer.
        outcome: What became of it.
    """

    source: Source
    subscription: str
    slice: int
    position: Position
    events: int
    started: float
    duration: float
    outcome: CommittedOutcome


@dataclass(frozen=True, slots=True)
class LeaseChanged:
    """
    This member claimed a slice, gave it back, or lost it.

    Attributes:
        source: The store.
        subscription: The name of the subscription.
        slice: The slice.
        fence: Counts the claims of the slice.
        change: What became of the lease.
    """

    source: Source
    subscription: str
    slice: int
    fence: int
    change: LeaseChange


@dataclass(frozen=True, slots=True)
class GenerationChanged:
    """
    This member goes over to a new generation: an operator has asked for one.

    Attributes:
        source: The store.
        subscription: The name of the subscription.
        generation: The new generation.
        slices: How many slices it has.
        why: Why there is one.
    """

    source: Source
    subscription: str
    generation: int
    slices: int
    why: GenerationChange


@dataclass(frozen=True, slots=True)
class CaughtUp:
    """
    A slice has reached the end of the feed, and had not been there before.

    Attributes:
        source: The store.
        subscription: The name of the subscription.
        slice: The slice.
        position: Where it is.
    """

    source: Source
    subscription: str
    slice: int
    position: Position


@dataclass(frozen=True, slots=True)
class FellBehind:
    """
    A slice that had caught up handled a page, and there is more behind it.

    Attributes:
        source: The store.
        subscription: The name of the subscription.
        slice: The slice.
        position: Where it is.
    """

    source: Source
    subscription: str
    slice: int
    position: Position


@dataclass(frozen=True, slots=True)
class HandlingBegun:
    """
    Events are about to be handed to a handler; what `HandlerHook.around_handler` receives.

    Attributes:
        source: The store.
        subscription: The name of the subscription.
        slice: The slice.
        started: When, as seconds since the epoch.
        events: One event; for a `Projection`, those of a page.
    """

    source: Source
    subscription: str
    slice: int
    started: float
    events: Sequence[FeedEvent[Any] | BrokenEvent]


@runtime_checkable
class HandlerHook(Protocol):
    """A hook with this method, too, is around the calls of handlers: for spans, for one."""

    def around_handler(self, begun: HandlingBegun, /) -> AbstractContextManager[object]:
        """
        Return a context manager that is entered before the first attempt, in the handler's context.

        It is left after the last attempt, without an exception. `EventHandled` or `PageApplied`
        arrives just before. What it raises affects no handler, and is logged.
        """
        raise NotImplementedError


SubscriptionRecord: TypeAlias = (
    EventHandled
    | PageApplied
    | CheckpointCommitted
    | LeaseChanged
    | GenerationChanged
    | CaughtUp
    | FellBehind
)
"""What a hook receives of the members of consumer groups in this process."""
