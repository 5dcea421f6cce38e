"""A hostile store: any store, made to fail as real ones do, by a script or by seeded chance."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator, Mapping
from typing import Any, Final
from uuid import UUID

from ..checks import check_expected_version
from ..errors import AppendOutcomeUnknown, InvalidArgument, StoreUnavailable
from ..events import NewEvent, RecordedEvent, UnidentifiedEvent
from ..health import Health
from ..ports import EventReaderWriter, ReadConsistency
from ..results import AppendResult, Persisted, persisted_or_raise
from ..versions import ANY, MAX_VERSION, ExpectedVersion
from .injections import (
    APPENDS,
    READS,
    VERSION_READS,
    Choice,
    Chooser,
    Injected,
    Injection,
)

_NEVER: Final = MAX_VERSION // 2
"""An expected version that no stream is at: an append with it is checked, and not stored."""


class HostileEventStore:
    """
    Passes calls to a store and injects faults: an application's handling of them needs no cluster.

    What is injected is truthful (see `Injection`): bad arguments are refused as ever, and the
    outcome of an append without events is never unknown. The same seed injects the same faults
    into the same calls in the same order. Closing is left to who made the store.

    Args:
        store: The store; one in memory, most often.
        seed: Chooses the faults, the delays' lengths and the places where reads break.
        unknown_stored: The probability that an append meets `Injection.UNKNOWN_STORED`.
        unknown_lost: The probability that an append meets `Injection.UNKNOWN_LOST`.
        conflict: The probability that an append meets `Injection.CONFLICT`; needs a *rival*.
        unavailable: The probability that any call meets `Injection.UNAVAILABLE`.
        broken_read: The probability that a read meets `Injection.BROKEN_READ`.
        delay: The probability that any call is delayed, whatever else it meets.
        longest_delay: Seconds; delays are drawn evenly between 0 and this.
        sleep: Waits so many seconds; give one that does not, and no test takes longer.
        rival: Given a stream id, returns the events that a rival appends there: events that the
            application understands.
        script: Faults to come before those by chance. Each waits for the first call that it can
            happen to, and those behind it wait too; `Injection.NONE` lets one call pass.

    Attributes:
        injected: The faults that were injected, in order.

    Raises:
        InvalidArgument: a probability is none, or conflicts are wanted without a *rival*.
    """

    def __init__(
        self,
        store: EventReaderWriter,
        *,
        seed: int,
        unknown_stored: float = 0.0,
        unknown_lost: float = 0.0,
        conflict: float = 0.0,
        unavailable: float = 0.0,
        broken_read: float = 0.0,
        delay: float = 0.0,
        longest_delay: float = 0.05,
        sleep: Callable[[float], Awaitable[Any]] = asyncio.sleep,
        rival: Callable[[UUID], Iterable[Any | NewEvent]] | None = None,
        script: Iterable[Injection] = (),
    ) -> None:
        chances = {
            Injection.UNAVAILABLE: unavailable,
            Injection.UNKNOWN_STORED: unknown_stored,
            Injection.UNKNOWN_LOST: unknown_lost,
            Injection.CONFLICT: conflict,
            Injection.BROKEN_READ: broken_read,
            Injection.DELAY: delay,
        }
        self._chooser = Chooser(seed, chances, longest_delay, script)
        if rival is None and (conflict or Injection.CONFLICT in self._chooser.script):
            raise InvalidArgument("a conflict needs a rival: a function that returns its events")
        self._store = store
        self._sleep = sleep
        self._rival = rival or (lambda _: ())
        self.injected: list[Injected] = []

    @property
    def script(self) -> tuple[Injection, ...]:
        """What is left of the script."""
        return tuple(self._chooser.script)

    async def persist_events(
        self,
        stream_id: UUID,
        events: Iterable[Any | NewEvent],
        expected_version: ExpectedVersion = ANY,
        *,
        timeout: float | None = None,
    ) -> Persisted:
        """Append events to a stream, if no fault prevents it; see `EventWriter`."""
        return persisted_or_raise(
            await self.try_persist_events(stream_id, events, expected_version, timeout=timeout)
        )

    async def try_persist_events(
        self,
        stream_id: UUID,
        events: Iterable[Any | NewEvent],
        expected_version: ExpectedVersion = ANY,
        *,
        timeout: float | None = None,
    ) -> AppendResult:
        """Append events, a conflict being a value, if no fault prevents it; see `EventWriter`."""
        fault = (await self._meet(stream_id, APPENDS)).fault
        if fault in {Injection.NONE, Injection.DELAY} or _is_no_list(events):
            return await self._store.try_persist_events(
                stream_id, events, expected_version, timeout=timeout
            )
        drafts: list[NewEvent] = []
        checking = self._identified(events, drafts)
        await self._store.try_persist_events(stream_id, checking, _NEVER, timeout=timeout)
        check_expected_version(expected_version, len(drafts))
        unknown = AppendOutcomeUnknown(stream_id, expected_version, tuple(drafts))
        if fault is Injection.UNAVAILABLE:
            self._note(fault, stream_id)
            raise StoreUnavailable(f"injected: nothing is appended to stream {stream_id}")
        if fault is Injection.UNKNOWN_LOST and drafts:
            self._note(fault, stream_id)
            raise unknown
        if fault is Injection.CONFLICT:
            self._note(fault, stream_id)
            await self._store.persist_events(stream_id, self._rival(stream_id))
        result = await self._store.try_persist_events(
            stream_id, drafts, expected_version, timeout=timeout
        )
        if fault is Injection.UNKNOWN_STORED and drafts and isinstance(result, Persisted):
            self._note(fault, stream_id)
            raise unknown
        return result

    def read_events(
        self,
        stream_id: UUID,
        from_version: int | None = None,
        max_count: int | None = None,
        *,
        backward: bool = False,
        page_size: int | None = None,
        consistency: ReadConsistency | None = None,
    ) -> AsyncGenerator[RecordedEvent, None]:
        """Iterate over a stream's events, until a fault prevents it; see `EventReader`."""
        events = self._store.read_events(
            stream_id,
            from_version,
            max_count,
            backward=backward,
            page_size=page_size,
            consistency=consistency,
        )
        return events if max_count == 0 else self._read(stream_id, events)

    async def _read(
        self, stream_id: UUID, events: AsyncGenerator[RecordedEvent, None]
    ) -> AsyncGenerator[RecordedEvent, None]:
        choice = await self._meet(stream_id, READS)
        left = choice.place
        try:
            if choice.fault is Injection.UNAVAILABLE:
                self._note(choice.fault, stream_id)
                raise StoreUnavailable(f"injected: reading stream {stream_id}")
            async for event in events:
                if choice.fault is Injection.BROKEN_READ and not left:
                    break
                left -= 1
                yield event
            if choice.fault is Injection.BROKEN_READ:
                self._note(choice.fault, stream_id)
                raise StoreUnavailable(f"injected: reading on in stream {stream_id}")
        finally:
            await events.aclose()

    async def current_version(self, stream_id: UUID) -> int:
        """Return a stream's version, if no fault prevents it; see `EventReader`."""
        choice = await self._meet(stream_id, VERSION_READS)
        version = await self._store.current_version(stream_id)
        if choice.fault is Injection.UNAVAILABLE:
            self._note(choice.fault, stream_id)
            raise StoreUnavailable(f"injected: reading the version of stream {stream_id}")
        return version

    async def health(self, *, timeout: float = 1.0) -> Health:
        """
        Tell the store's own health: no fault is injected.

        Raises:
            InvalidArgument: the store tells none, or *timeout* is no timeout.
        """
        health = getattr(self._store, "health", None)
        if health is None:
            raise InvalidArgument(f"{type(self._store).__name__} tells no health")
        told: Health = await health(timeout=timeout)
        return told

    async def _meet(self, stream_id: UUID, possible: frozenset[Injection]) -> Choice:
        choice = self._chooser.choose(possible)
        if choice.delay:
            self._note(Injection.DELAY, stream_id)
            await self._sleep(choice.delay)
        return choice

    def _note(self, fault: Injection, stream_id: UUID) -> None:
        self.injected.append(Injected(fault, stream_id))

    def _identified(
        self, events: Iterable[Any | NewEvent], drafts: list[NewEvent]
    ) -> Iterator[NewEvent]:
        """Return the events with ids, and keep them: the store stops where there are too many."""
        for event in events:
            draft = event
            if isinstance(event, UnidentifiedEvent):
                draft = event.identified(self._chooser.new_id())
            elif not isinstance(event, NewEvent):
                draft = NewEvent(event, event_id=self._chooser.new_id())
            drafts.append(draft)
            yield draft


def _is_no_list(events: object) -> bool:
    no_list = isinstance(events, str | bytes | bytearray | Mapping | NewEvent)
    return no_list or not isinstance(events, Iterable)
