"""Reads: who collects the facts of a read."""

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
from .observer import Observer, Stopwatch
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

    async def run(
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

    async def waiting(self, coming: Awaitable[_T]) -> _T:
        """Return what a read waits for, and learn how long it did."""
        stopwatch = Stopwatch()
        try:
            return await coming
        finally:
            self._waited += stopwatch.seconds

    def page_came(self, stopwatch: Stopwatch, events: int, size: int, *, serial: bool) -> None:
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
                serial=serial,
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
