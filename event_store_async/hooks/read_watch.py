"""The read watch: the facts of one read."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable
from typing import Final, TypeVar
from uuid import UUID

from ..errors import (
    RequestRefused,
    StoreUnavailable,
    StreamHole,
    UndecodableEvent,
)
from ..events import RecordedEvent
from .observer import Observer, Stopwatch, word_for
from .records import (
    PageRead,
    ReadEnded,
    ReadOutcome,
    SerialRepair,
)

_T = TypeVar("_T")

_READ_OUTCOMES: Final[tuple[tuple[type[BaseException], ReadOutcome], ...]] = (
    (GeneratorExit, "stopped"),
    (StreamHole, "hole"),
    (UndecodableEvent, "undecodable"),
    (StoreUnavailable, "unavailable"),
    (RequestRefused, "refused"),
    (asyncio.CancelledError, "cancelled"),
)


class ReadWatch:
    """
    Collects the facts of one read and reports them.

    Args:
        observer: Receives the records.
        stream_id: The stream.
        backward: Whether it runs from the newest event to the oldest.
        serial: Whether it is at the serial level from the start.
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

    async def run(
        self, events: AsyncGenerator[RecordedEvent, None]
    ) -> AsyncGenerator[RecordedEvent, None]:
        """Yield the events of a read, count them, and report how the read ended."""
        self._stopwatch = Stopwatch()  # nothing happens before the first event is requested
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

    async def wait_for(self, page: Awaitable[_T]) -> _T:
        """Await a page, and add the time to what the read has waited."""
        stopwatch = Stopwatch()
        try:
            return await page
        finally:
            self._waited += stopwatch.seconds

    def page_arrived(self, stopwatch: Stopwatch, events: int, size: int, *, serial: bool) -> None:
        """Report a page that was requested when the stopwatch was created."""
        self._pages += 1
        self._observer.report(
            PageRead(
                source=self._observer.source,
                stream_id=self._stream_id,
                started=stopwatch.started,
                duration=stopwatch.seconds,
                events=events,
                bytes=size,
                serial=serial,
            )
        )

    def repair_started(self, version: int) -> None:
        """Report that the rest is read again at the serial level, from a missing version on."""
        self._serial = True
        self._observer.report(SerialRepair(self._observer.source, self._stream_id, version))

    def _ended(self, error: BaseException | None) -> None:
        outcome, name = outcome_of(error)
        self._observer.report(
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


def outcome_of(error: BaseException | None) -> tuple[ReadOutcome, str | None]:
    """Return the outcome that what a read raised stands for, and the name of the error."""
    otherwise: ReadOutcome = "complete" if error is None else "failed"
    outcome = word_for(error, _READ_OUTCOMES, otherwise)
    return outcome, None if outcome in {"complete", "stopped"} else type(error).__name__
