"""The append watch and the batch watch: the facts of one append, and of the batches it is in."""

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
    WrongCategory,
)
from ..results import AppendResult
from ..versions import ExpectedVersion
from .observer import Observer, Stopwatch, word_for
from .records import (
    AppendEnded,
    AppendOutcome,
    AttemptEnded,
    AttemptOutcome,
)

_APPEND_OUTCOMES: Final[tuple[tuple[type[BaseException], AppendOutcome], ...]] = (
    (ConcurrentModification, "conflict"),
    (WrongCategory, "conflict"),
    (AppendOutcomeUnknown, "unknown"),
    (StoreUnavailable, "unavailable"),
    (StoreOverloaded, "overloaded"),
    (RequestRefused, "refused"),
    (InvalidArgument, "invalid"),
    (asyncio.CancelledError, "cancelled"),
)


class AppendWatch:
    """
    Collects the facts of one append and reports them when it has ended for its caller.

    Args:
        observer: Receives the record.
        stream_id: The stream id that the caller gave, not checked yet.
        expected_version: The expected version that the caller gave.
        limit: The most bytes that an append may have.

    Attributes:
        observer: Receives the record.
        stream_id: The stream; None if the caller's argument was not a UUID.
        events: How many events it has.
        bytes: Size of their encoded payload and metadata.
        queue_depth: How many appends to the stream were ahead of it when it was queued.
        attempts: The attempts to store the batches that carry it.
    """

    __slots__ = (
        "_expected_version",
        "_limit",
        "_queued",
        "_stopwatch",
        "_wait",
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
        self._queued: Stopwatch | None = None
        self._wait = 0.0
        self.events = self.bytes = self.queue_depth = 0
        self.attempts: list[AttemptEnded] = []

    async def run(self, begin: Callable[[], Awaitable[AppendResult]]) -> AppendResult:
        """Begin the append, await its outcome and report it; return or raise that outcome."""
        try:
            result = await begin()
        except BaseException as error:
            self.failed(error)
            raise
        self.ended(result)
        return result

    def queued(self, events: int, size: int) -> None:
        """Note that the arguments are valid and the append is queued, with its size."""
        self.events, self.bytes = events, size
        self._queued = Stopwatch()

    def started(self) -> None:
        """Note that the append has left the queue."""
        if self._queued is not None:
            self._wait, self._queued = self._queued.seconds, None

    def ended(self, result: AppendResult) -> None:
        """Report the result."""
        if isinstance(result, ConcurrentModification):
            self._report("conflict", type(result).__name__, result.actual_version)
        else:
            outcome: AppendOutcome = "stored_earlier" if result.stored_earlier else "stored"
            self._report(outcome, None, result.version)

    def failed(self, error: BaseException) -> None:
        """Report the error that the append ended with."""
        outcome: AppendOutcome = word_for(error, _APPEND_OUTCOMES, "failed")
        self._report(outcome, type(error).__name__, None)

    def _report(self, outcome: AppendOutcome, error: str | None, version: int | None) -> None:
        self.started()
        self.observer.report(
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
    Reports the attempts to store one batch; the first of them begins now.

    Args:
        stream_id: The stream.
        watches: The watches of the appends in the batch, at least one.
    """

    __slots__ = ("_events", "_number", "_observer", "_size", "_stopwatch", "_stream_id", "_watches")

    def __init__(self, stream_id: UUID, watches: Sequence[AppendWatch]) -> None:
        for watch in watches:
            watch.started()
        self._stream_id = stream_id
        self._watches = watches
        self._observer = watches[0].observer
        self._events = sum(watch.events for watch in watches)
        self._size = sum(watch.bytes for watch in watches)
        self._number = 1
        self._stopwatch = Stopwatch()

    def sent(self) -> None:
        """Note that an attempt begins."""
        self._stopwatch = Stopwatch()

    def ended(self, outcome: AttemptOutcome, fault: str | None = None) -> None:
        """Report how the attempt ended, and add it to every append in the batch."""
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
        self._observer.report(record)
