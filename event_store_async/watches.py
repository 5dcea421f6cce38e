"""Watches: each collects the facts of one append, batch or read, and tells them."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import Final
from uuid import UUID

from .errors import (
    AppendOutcomeUnknown,
    ConcurrentModification,
    InvalidArgument,
    RequestRefused,
    StoreOverloaded,
    StoreUnavailable,
    StreamHole,
    UndecodableEvent,
)
from .events import RecordedEvent
from .hooks import (
    AppendEnded,
    AppendOutcome,
    AttemptEnded,
    AttemptOutcome,
    PageRead,
    ReadEnded,
    ReadOutcome,
    SerialRepair,
)
from .observing import Observer, Stopwatch
from .results import AppendResult
from .settings import Settings
from .versions import ExpectedVersion

_APPEND_OUTCOMES: Final[tuple[tuple[type[BaseException], AppendOutcome], ...]] = (
    (ConcurrentModification, "conflict"),
    (AppendOutcomeUnknown, "unknown"),
    (StoreUnavailable, "unavailable"),
    (StoreOverloaded, "overloaded"),
    (RequestRefused, "refused"),
    (InvalidArgument, "invalid"),
    (asyncio.CancelledError, "cancelled"),
)
_READ_OUTCOMES: Final[tuple[tuple[type[BaseException], ReadOutcome], ...]] = (
    (GeneratorExit, "stopped"),
    (StreamHole, "hole"),
    (UndecodableEvent, "undecodable"),
    (StoreUnavailable, "unavailable"),
    (RequestRefused, "refused"),
    (asyncio.CancelledError, "cancelled"),
)


class AppendWatch:
    """
    Collects the facts of one append, and tells them once it has ended for its caller.

    Args:
        observer: Who is told.
        stream_id: What the caller gave as the stream's id.
        expected_version: What the caller expects.
        settings: The store's: how large an append may be.

    Attributes:
        lane_depth: How many appends waited for the stream when it came.
        attempts: The batches that it had a part in.
    """

    __slots__ = (
        "_bytes",
        "_events",
        "_expected_version",
        "_limit",
        "_observer",
        "_stopwatch",
        "_stream_id",
        "_wait",
        "_waiting",
        "attempts",
        "lane_depth",
    )

    def __init__(
        self,
        observer: Observer,
        stream_id: object,
        expected_version: ExpectedVersion,
        settings: Settings,
    ) -> None:
        self._observer = observer
        self._stream_id = stream_id if isinstance(stream_id, UUID) else None
        self._expected_version = expected_version
        self._limit = settings.max_append_bytes
        self._stopwatch = Stopwatch()
        self._waiting: Stopwatch | None = None
        self._wait = 0.0
        self._events = self._bytes = self.lane_depth = 0
        self.attempts: list[AttemptEnded] = []

    def waits(self, events: int, size: int) -> None:
        """Learn that it is good: so many events and bytes, that now wait for their turn."""
        self._events, self._bytes = events, size
        self._waiting = Stopwatch()

    def turn_came(self) -> None:
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
        self.turn_came()
        self._observer.tell(
            AppendEnded(
                source=self._observer.source,
                stream_id=self._stream_id,
                started=self._stopwatch.started,
                duration=self._stopwatch.seconds,
                outcome=outcome,
                error=error,
                expected_version=self._expected_version,
                version=version,
                events=self._events,
                bytes=self._bytes,
                limit=self._limit,
                lane_depth=self.lane_depth,
                lane_wait=self._wait,
                attempts=tuple(self.attempts),
            )
        )


class BatchWatch:
    """
    Collects the facts of the attempts to settle one batch.

    Args:
        observer: Who is told.
        stream_id: The stream.
        watches: Those of the appends that the batch holds.
        events: How many events they have.
        size: Their bytes.
    """

    __slots__ = ("_events", "_number", "_observer", "_size", "_stopwatch", "_stream_id", "_watches")

    def __init__(
        self,
        observer: Observer,
        stream_id: UUID,
        watches: Sequence[AppendWatch],
        events: int,
        size: int,
    ) -> None:
        self._observer = observer
        self._stream_id = stream_id
        self._watches = watches
        self._events = events
        self._size = size
        self._number = 0
        self._stopwatch = Stopwatch()

    def sent(self) -> None:
        """Learn that an attempt begins."""
        self._number += 1
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
        for watch in self._watches:
            watch.attempts.append(record)
        self._observer.tell(record)


class ReadWatch:
    """
    Collects the facts of one read, and tells them.

    Args:
        observer: Who is told.
        stream_id: The stream.
        backward: Newest first.
        serial: At the serial level from the start.
    """

    __slots__ = (
        "_backward",
        "_events",
        "_observer",
        "_pages",
        "_serial",
        "_stopwatch",
        "_stream_id",
        "_waited",
    )

    def __init__(
        self, observer: Observer, stream_id: UUID, *, backward: bool, serial: bool = False
    ) -> None:
        self._observer = observer
        self._stream_id = stream_id
        self._backward = backward
        self._serial = serial
        self._stopwatch = Stopwatch()
        self._events = self._pages = 0
        self._waited = 0.0

    async def watch(
        self, events: AsyncGenerator[RecordedEvent, None]
    ) -> AsyncGenerator[RecordedEvent, None]:
        """Give the events of a read, count them, and tell how it ended."""
        self._stopwatch = Stopwatch()  # nothing happens before the first event is asked for
        try:
            async for event in events:
                self._events += 1
                yield event
        except BaseException as error:
            self._ended(error)
            raise
        else:
            self._ended(None)
        finally:
            await events.aclose()

    def waited(self, stopwatch: Stopwatch) -> None:
        """Learn that it waited for a page since the stopwatch began."""
        self._waited += stopwatch.seconds

    def page_came(self, stopwatch: Stopwatch, events: int, size: int) -> None:
        """Tell of a page that was asked for when the stopwatch began."""
        self._pages += 1
        self._observer.tell(
            PageRead(
                source=self._observer.source,
                stream_id=self._stream_id,
                started=stopwatch.started,
                duration=stopwatch.seconds,
                events=events,
                bytes=size,
                serial=self._serial,
            )
        )

    def repairs(self, version: int) -> None:
        """Tell that the rest is read again at the serial level."""
        self._serial = True
        self._observer.tell(SerialRepair(self._observer.source, self._stream_id, version))

    def _ended(self, error: BaseException | None) -> None:
        outcome: ReadOutcome = "complete" if error is None else "failed"
        outcome = next((word for of, word in _READ_OUTCOMES if isinstance(error, of)), outcome)
        name = None if outcome in {"complete", "stopped"} else type(error).__name__
        self._observer.tell(
            ReadEnded(
                source=self._observer.source,
                stream_id=self._stream_id,
                started=self._stopwatch.started,
                duration=self._stopwatch.seconds,
                waited=self._waited,
                outcome=outcome,
                error=name,
                events=self._events,
                pages=self._pages,
                backward=self._backward,
                serial=self._serial,
            )
        )
