"""Appends: who collects the facts of an append, and of the batches that it has a part in."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final
from uuid import UUID

from ..errors import (
    AppendOutcomeUnknown,
    ConcurrentModification,
    InvalidArgument,
    RequestRefused,
    StoreOverloaded,
    StoreUnavailable,
)
from ..results import AppendResult
from ..versions import ExpectedVersion
from .observer import Observer, Stopwatch
from .records import (
    AppendEnded,
    AppendOutcome,
    AttemptEnded,
    AttemptOutcome,
)

_APPEND_OUTCOMES: Final[tuple[tuple[type[BaseException], AppendOutcome], ...]] = (
    (ConcurrentModification, "conflict"),
    (AppendOutcomeUnknown, "unknown"),
    (StoreUnavailable, "unavailable"),
    (StoreOverloaded, "overloaded"),
    (RequestRefused, "refused"),
    (InvalidArgument, "invalid"),
    (asyncio.CancelledError, "cancelled"),
)


class AppendWatch:
    """
    Collects the facts of one append, and tells them once it has ended for its caller.

    Args:
        observer: Who is told.
        stream_id: What the caller gave as the stream's id.
        expected_version: What the caller expects.
        limit: Bytes that an append may have.

    Attributes:
        observer: Who is told.
        stream_id: The stream; None where what was given is no stream id.
        events: How many events it has.
        bytes: Their payload and metadata, encoded.
        queue_depth: How many appends to the stream were before it when it came.
        attempts: The batches that it had a part in.
    """

    __slots__ = (
        "_expected_version",
        "_limit",
        "_stopwatch",
        "_wait",
        "_waiting",
        "attempts",
        "bytes",
        "events",
        "observer",
        "queue_depth",
        "stream_id",
    )

    def __init__(
        self,
        observer: Observer,
        stream_id: object,
        expected_version: ExpectedVersion,
        limit: int,
    ) -> None:
        self.observer = observer
        self.stream_id = stream_id if isinstance(stream_id, UUID) else None
        self._expected_version = expected_version
        self._limit = limit
        self._stopwatch = Stopwatch()
        self._waiting: Stopwatch | None = None
        self._wait = 0.0
        self.events = self.bytes = self.queue_depth = 0
        self.attempts: list[AttemptEnded] = []

    async def run(self, begin: Callable[[], Awaitable[AppendResult]]) -> AppendResult:
        """Begin the append, wait for its outcome and tell it; returns or raises the same."""
        try:
            result = await begin()
        except BaseException as error:
            self.failed(error)
            raise
        self.ended(result)
        return result

    def queued(self, events: int, size: int) -> None:
        """Learn that it is good: so many events and bytes, that now wait for their turn."""
        self.events, self.bytes = events, size
        self._waiting = Stopwatch()

    def began(self) -> None:
        """Learn that its turn has come."""
        if self._waiting is not None:
            self._wait, self._waiting = self._waiting.seconds, None

    def ended(self, result: AppendResult) -> None:
        """Tell what came of it."""
        if isinstance(result, ConcurrentModification):
            self._tell("conflict", type(result).__name__, result.actual_version)
        else:
            outcome: AppendOutcome = "stored_earlier" if result.stored_earlier else "stored"
            self._tell(outcome, None, result.version)

    def failed(self, error: BaseException) -> None:
        """Tell the error that came of it."""
        outcome: AppendOutcome = "failed"
        outcome = next((word for of, word in _APPEND_OUTCOMES if isinstance(error, of)), outcome)
        self._tell(outcome, type(error).__name__, None)

    def _tell(self, outcome: AppendOutcome, error: str | None, version: int | None) -> None:
        self.began()
        self.observer.tell(
            AppendEnded(
                source=self.observer.source,
                stream_id=self.stream_id,
                started=self._stopwatch.started,
                duration=self._stopwatch.seconds,
                outcome=outcome,
                error=error,
                expected_version=self._expected_version,
                version=version,
                events=self.events,
                bytes=self.bytes,
                limit=self._limit,
                queue_depth=self.queue_depth,
                queue_wait=self._wait,
                attempts=tuple(self.attempts),
            )
        )


class BatchWatch:
    """
    Collects the facts of the attempts to settle one batch, the first of which begins now.

    Args:
        stream_id: The stream.
        watches: Those of the appends that the batch holds.
    """

    __slots__ = ("_events", "_number", "_observer", "_size", "_stopwatch", "_stream_id", "_watches")

    def __init__(self, stream_id: UUID, watches: Sequence[AppendWatch]) -> None:
        for watch in watches:
            watch.began()
        self._stream_id = stream_id
        self._watches = watches
        self._observer = watches[0].observer
        self._events = sum(watch.events for watch in watches)
        self._size = sum(watch.bytes for watch in watches)
        self._number = 1
        self._stopwatch = Stopwatch()

    def sent(self) -> None:
        """Learn that an attempt begins."""
        self._stopwatch = Stopwatch()

    def ended(self, outcome: AttemptOutcome, fault: str | None = None) -> None:
        """Tell how the attempt ended."""
        record = AttemptEnded(
            source=self._observer.source,
            stream_id=self._stream_id,
            started=self._stopwatch.started,
            duration=self._stopwatch.seconds,
            number=self._number,
            outcome=outcome,
            fault=fault,
            appends=len(self._watches),
            events=self._events,
            bytes=self._size,
        )
        self._number += 1
        for watch in self._watches:
            watch.attempts.append(record)
        self._observer.tell(record)
