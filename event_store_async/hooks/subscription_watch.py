"""The subscription watch: what a member of a consumer group does, for the hooks of its store."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, Final, Literal

from ..errors import LeaseLost
from ..feeds.page import BrokenEvent, FeedEvent
from ..feeds.position import Position
from .observer import Observer, Stopwatch
from .subscription_records import (
    AppliedOutcome,
    CaughtUp,
    CheckpointCommitted,
    CommittedOutcome,
    EventHandled,
    FellBehind,
    GenerationChanged,
    HandledOutcome,
    HandlingBegun,
    LeaseChange,
    LeaseChanged,
    PageApplied,
)

_Item = FeedEvent[Any] | BrokenEvent


class SubscriptionWatch:
    """
    Reports what becomes of the leases and generations of a member.

    Args:
        observer: Receives the records; None without hooks.
        name: The name of the subscription.
    """

    __slots__ = ("_name", "_observer")

    def __init__(self, observer: Observer | None, name: str) -> None:
        self._observer = observer
        self._name = name

    def of_slice(self, number: int) -> "SliceWatch":
        """Return the watch of a slice."""
        return SliceWatch(self._observer, self._name, number)

    def lease_changed(self, number: int, fence: int, change: LeaseChange) -> None:
        """Report what became of a lease."""
        if self._observer is not None:
            self._observer.report(
                LeaseChanged(self._observer.source, self._name, number, fence, change)
            )

    def generation_changed(self, generation: int, slices: int, *, fresh: bool) -> None:
        """Report that the member goes over to a new generation."""
        if self._observer is not None:
            why: Literal["reset", "resliced"] = "reset" if fresh else "resliced"
            self._observer.report(
                GenerationChanged(self._observer.source, self._name, generation, slices, why)
            )


class Handling:
    """
    One event, or one page, in the hands of a handler. Without hooks it does nothing.

    Enter it around all attempts. If it is left before its end was told, it was cancelled.

    Attributes:
        attempts: How often the handler was called.
    """

    __slots__ = ("attempts",)

    def __init__(self) -> None:
        self.attempts = 0

    def __enter__(self) -> "Handling":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        pass

    def ended(self, outcome: HandledOutcome, error: BaseException | None = None) -> None:
        """Report what became of the event."""

    def applied(self, error: BaseException | None = None) -> None:
        """Report what became of the page."""


class _WatchedHandling(Handling):
    __slots__ = ("_around", "_is_told", "_items", "_observer", "_position", "_stopwatch", "_watch")

    def __init__(
        self,
        observer: Observer,
        watch: "SliceWatch",
        items: Sequence[_Item],
        position: Position | None,
    ) -> None:
        super().__init__()
        self._observer = observer
        self._watch = watch
        self._items = items
        self._position = position
        self._is_told = False
        self._around: list[tuple[int, AbstractContextManager[object]]] = []

    def __enter__(self) -> "_WatchedHandling":
        self._stopwatch = Stopwatch()
        if self._observer.is_around:
            watch = self._watch
            self._around = self._observer.enter(
                HandlingBegun(
                    self._observer.source,
                    watch.name,
                    watch.number,
                    self._stopwatch.started,
                    tuple(self._items),
                )
            )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if not self._is_told:
                # Only a lost lease is worth a name: others are how a task is ended.
                named = error if isinstance(error, LeaseLost) else None
                if self._position is None:
                    self.ended("cancelled", named)
                else:
                    self._applied("cancelled", named)
        finally:
            self._observer.leave(self._around)

    def ended(self, outcome: HandledOutcome, error: BaseException | None = None) -> None:
        self._is_told = True
        self._watch.tell(self._items[0], outcome, self._stopwatch, self.attempts, error)

    def applied(self, error: BaseException | None = None) -> None:
        self._applied("applied" if error is None else "failed", error)

    def _applied(self, outcome: AppliedOutcome, error: BaseException | None) -> None:
        self._is_told = True
        position = self._position or self._items[-1].position
        self._observer.report(
            PageApplied(
                source=self._observer.source,
                subscription=self._watch.name,
                slice=self._watch.number,
                events=len(self._items),
                position=position,
                started=self._stopwatch.started,
                duration=self._stopwatch.seconds,
                outcome=outcome,
                error=None if error is None else type(error).__name__,
            )
        )


class _NoCommit:
    """A commit without hooks."""

    __slots__ = ()

    def ended(self, outcome: CommittedOutcome, position: Position, events: int) -> None:
        """Do nothing."""


class _WatchedCommit(_NoCommit):
    __slots__ = ("_observer", "_stopwatch", "_watch")

    def __init__(self, observer: Observer, watch: "SliceWatch") -> None:
        self._observer = observer
        self._watch = watch
        self._stopwatch = Stopwatch()

    def ended(self, outcome: CommittedOutcome, position: Position, events: int) -> None:
        self._observer.report(
            CheckpointCommitted(
                source=self._observer.source,
                subscription=self._watch.name,
                slice=self._watch.number,
                position=position,
                events=events,
                started=self._stopwatch.started,
                duration=self._stopwatch.seconds,
                outcome=outcome,
            )
        )


_NO_COMMIT: Final = _NoCommit()


class SliceWatch:
    """
    Reports what becomes of the events and the checkpoint of one slice.

    Args:
        observer: Receives the records; None without hooks.
        name: The name of the subscription.
        number: The slice.

    Attributes:
        name: The name of the subscription.
        number: The slice.
    """

    __slots__ = ("_observer", "name", "number")

    def __init__(self, observer: Observer | None, name: str, number: int) -> None:
        self._observer = observer
        self.name = name
        self.number = number

    def handling(self, item: _Item) -> Handling:
        """Return the watch of one event, to be entered around all attempts."""
        if self._observer is None:
            return Handling()
        return _WatchedHandling(self._observer, self, (item,), None)

    def applying(self, events: Sequence[_Item], up_to: Position) -> Handling:
        """Return the watch of one page, to be entered around all attempts."""
        if self._observer is None:
            return Handling()
        return _WatchedHandling(self._observer, self, events, up_to)

    def settled(
        self, item: _Item, outcome: HandledOutcome, error: BaseException | None = None
    ) -> None:
        """Report what became of an event without another call of its handler."""
        if self._observer is not None:
            self.tell(item, outcome, Stopwatch(), 0, error)

    def committing(self) -> _NoCommit:
        """Return the watch of a commit that begins now."""
        return _NO_COMMIT if self._observer is None else _WatchedCommit(self._observer, self)

    def looked(self, position: Position, *, was_caught_up: bool, is_caught_up: bool) -> None:
        """Report that the slice has caught up, or no longer has."""
        if self._observer is not None and was_caught_up != is_caught_up:
            made = CaughtUp if is_caught_up else FellBehind
            self._observer.report(made(self._observer.source, self.name, self.number, position))

    def tell(
        self,
        item: _Item,
        outcome: HandledOutcome,
        stopwatch: Stopwatch,
        attempts: int,
        error: BaseException | None,
    ) -> None:
        """Report what became of an event."""
        if self._observer is not None:
            self._observer.report(
                EventHandled(
                    source=self._observer.source,
                    subscription=self.name,
                    slice=self.number,
                    stream_id=item.stream_id,
                    version=item.version,
                    type=item.type,
                    position=item.position,
                    started=stopwatch.started,
                    duration=stopwatch.seconds,
                    attempts=attempts,
                    outcome=outcome,
                    error=None if error is None else type(error).__name__,
                )
            )
