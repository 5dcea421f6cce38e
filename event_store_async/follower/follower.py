"""Follower: one stream's events, those that are there and those that come."""

import asyncio
import logging
import math
from collections.abc import AsyncGenerator, Callable
from typing import Any, Final, TypeVar
from uuid import UUID

from .._typevars import E
from ..checks import check_instance, check_read, check_stream_id, running_loop
from ..errors import StoreOverloaded, StoreUnavailable, StreamTruncated
from ..events import RecordedEvent
from ..iteration import Iteration
from ..retry import Deadline
from .polling import Polling
from .wakeups import Wakeups

T = TypeVar("T")

_TRANSIENT: Final = (StoreUnavailable, StoreOverloaded)
_LOG: Final = logging.getLogger("event_store_async")


class Follower(Iteration[RecordedEvent[E]]):
    """
    Iterates over the events of a stream, and waits for more: see `StreamFollower.follow`.

    Args:
        read_events: `EventReader.read_events` of the store.
        stream_id: The stream.
        from_version: As for `read_events`.
        polling: When to read; None is `Polling()`.
        page_size: As for `read_events`.
        serial: As for `read_events`.
        timeout: As for `read_events`.
        wakeups: Where the store tells of its own appends.
        known_version: Returns the version that the store itself last knew the stream at, or None;
            raises if the store cannot be used.

    Raises:
        InvalidArgument: an argument is not valid.
        WrongEventLoop: no event loop is running.
    """

    USABLE_AFTER = (asyncio.CancelledError, *_TRANSIENT)

    def __init__(
        self,
        read_events: Callable[..., AsyncGenerator[RecordedEvent[E], None]],
        stream_id: UUID,
        from_version: int | None,
        *,
        polling: Polling | None,
        page_size: int | None,
        serial: bool,
        timeout: float | None,
        wakeups: Wakeups | None = None,
        known_version: Callable[[UUID], int | None] = lambda _: None,
    ) -> None:
        check_stream_id(stream_id)
        check_read(from_version, None, page_size, serial, timeout)
        check_instance("polling", polling, Polling, "a Polling", optional=True)
        running_loop()
        super().__init__()
        self._read_events = read_events
        self._options = {"page_size": page_size, "serial": serial, "timeout": timeout}
        self._stream_id = stream_id
        self._next = max(from_version or 1, 1)
        self._polling = polling or Polling()
        self._wakeups = wakeups or Wakeups()
        self._known_version = known_version
        self._seen: int | None = None  # the version that the store knew when it was last polled
        self._events: AsyncGenerator[RecordedEvent[E], None] | None = None  # of the poll under way
        self._pauses = self._polling.pauses()
        self._rest: tuple[Deadline, Deadline] | None = None  # the next poll's earliest and latest
        self._outage: Deadline | None = None
        self._arrived = False  # whether an event came since the last pause was chosen

    async def _close(self) -> None:
        events, self._events = self._events, None
        if events is not None:
            await events.aclose()

    async def _step(self) -> RecordedEvent[E]:
        while True:
            if self._events is None:
                await self._pause()
                self._seen = self._known_version(self._stream_id)
            try:
                if self._events is None:
                    self._events = self._read_events(self._stream_id, self._next, **self._options)
                event = await anext(self._events)
            except StopAsyncIteration:
                self._answered()
                self._rest_for(self._next_pause())
            except StreamTruncated:
                self._rest_for(self._polling.shortest)  # the next poll begins with what is kept
            except _TRANSIENT as error:
                self._rest_for(self._next_pause())
                if self._is_outage_too_long(error):
                    raise
            except BaseException:
                # Paced as well: the next step may be cancelled as soon as this one.
                self._rest_for(self._polling.shortest)
                raise
            else:
                self._next = event.version + 1
                self._arrived = True
                self._answered()
                return event

    async def _pause(self) -> None:
        """Wait until the next poll is due. A wait that was cancelled goes on where it was."""
        known = self._known_version(self._stream_id)
        if self._rest is None:
            return
        earliest, latest = self._rest
        sleep = self._polling.sleep
        if known is not None and known != self._seen and known >= self._next:
            told = True
        else:
            left = max(0.0, latest.remaining())
            told = await self._wakeups.wait(self._stream_id, sleep(left))
        if told and (left := earliest.remaining()) > 0:
            await sleep(left)

    def _next_pause(self) -> float:
        if self._arrived:
            self._arrived = False
            self._pauses = self._polling.pauses()
        return next(self._pauses)

    def _rest_for(self, pause: float) -> None:
        """End the poll; the next one follows after a pause."""
        self._events = None
        self._rest = (Deadline(min(pause, self._polling.shortest)), Deadline(pause))

    def _answered(self) -> None:
        if self._outage is not None:
            self._outage = None
            _LOG.info("following stream %s: the store answers again", self._stream_id)

    def _is_outage_too_long(self, error: Exception) -> bool:
        if self._outage is None:
            limit = self._polling.max_outage
            self._outage = Deadline(math.inf if limit is None else limit)
            if limit != 0:
                _LOG.warning("following stream %s: waiting, since %s", self._stream_id, error)
        if self._outage.remaining() > 0:
            return False
        self._outage = None
        return True


class Mapped(Iteration[T]):
    """
    The events of another iterator, converted one by one; its steps may be cancelled just as well.

    Args:
        events: The other iterator.
        convert: Converts an event. An error that it raises ends the iteration.
    """

    USABLE_AFTER = Follower.USABLE_AFTER

    def __init__(
        self, events: AsyncGenerator[RecordedEvent[Any], None], convert: Callable[[Any], T]
    ) -> None:
        super().__init__()
        self._events = events
        self._convert = convert

    async def _step(self) -> T:
        event = await anext(self._events)
        try:
            return self._convert(event)
        except BaseException:
            await self._events.aclose()
            raise

    async def _close(self) -> None:
        await self._events.aclose()
