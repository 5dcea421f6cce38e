"""The hostile store: wraps any store and makes it fail as real stores do."""

import asyncio
import copy
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Iterable, Iterator
from typing import Any, Final, TypeVar
from uuid import UUID

from ..checks import (
    check_callable,
    check_expected_version,
    check_int,
    check_methods,
    is_event_list,
)
from ..errors import AppendOutcomeUnknown, InvalidArgument, StoreUnavailable
from ..events import NewEvent, RecordedEvent, UnidentifiedEvent
from ..feeds import Feed
from ..ports import (
    CategorisedStore,
    CategoryStore,
    EventReaderWriter,
    FeedStore,
    StreamFollower,
    StreamLister,
)
from ..ports.feeds import feeder
from ..ports.streams import lister
from ..results import AppendResult, Persisted
from ..stream_head import StreamHead
from ..versions import ANY, MAX_VERSION, ExpectedVersion
from .hostile_erasure import HostileErasure
from .hostile_feed import HostileFeedReader
from .hostile_log import HostileLog
from .hostile_rooms import HostileRooms
from .injections import (
    APPENDS,
    READS,
    VERSION_READS,
    Choice,
    Chooser,
    Injected,
    Injection,
)
from .older_checkpoints import OlderCheckpoints

_T = TypeVar("_T")

_UNREACHED: Final = MAX_VERSION // 2
"""A version that no stream has: an append that expects it is checked, but never stored."""


class _StoredUnknown(Exception):
    """An append was stored, and its caller must not know it."""

    def __init__(self, error: AppendOutcomeUnknown, version: int) -> None:
        super().__init__()
        self.error = error
        self.version = version


class HostileEventStore(
    HostileRooms,
    HostileErasure,
    FeedStore,
    CategorisedStore,
    StreamFollower,
    StreamLister,
):
    """
    Passes calls to a store and injects faults, to test how an application handles them.

    Faults are truthful (see `Injection`): what the caller is told about the stream is true. Invalid
    arguments raise their usual errors, and the outcome of an append without events is never
    unknown. Each poll of `follow` is a read. The same seed injects the same faults into the same
    calls in the same order. It has no `close`: close the wrapped store.

    Args:
        store: The wrapped store; usually a `MemoryEventStore`.
        seed: Determines the faults, the lengths of delays and where reads break.
        unknown_stored: The probability of `Injection.UNKNOWN_STORED` for an append.
        unknown_lost: The probability of `Injection.UNKNOWN_LOST` for an append.
        conflict: The probability of `Injection.CONFLICT` for an append; needs *rival*.
        unavailable: The probability of `Injection.UNAVAILABLE` for any call.
        broken_read: The probability of `Injection.BROKEN_READ` for a read or a list of streams.
        late: The probability of `Injection.LATE` for a call on a feed.
        interleaved: The probability of `Injection.INTERLEAVED` for a call on a feed.
        empty_page: The probability of `Injection.EMPTY_PAGE` for a page of a feed.
        short_page: The probability of `Injection.SHORT_PAGE` for a page of a feed.
        stale_head: The probability of `Injection.STALE_HEAD` for a page of a feed.
        broken_event: The probability of `Injection.BROKEN_EVENT` for a page of a feed.
        deaf: The probability of `Injection.DEAF` for a wait for a feed.
        false_alarm: The probability of `Injection.FALSE_ALARM` for a wait for a feed.
        no_snapshot: The probability of `Injection.NO_SNAPSHOT` for a load of a stored snapshot.
        stale_snapshot: The probability of `Injection.STALE_SNAPSHOT` for such a load.
        snapshot_ahead: The probability of `Injection.SNAPSHOT_AHEAD` for such a load.
        undecodable_snapshot: The probability of `Injection.UNDECODABLE_SNAPSHOT` for such a load.
        commit_stored: The probability of `Injection.COMMIT_STORED` for a commit of a slice.
        commit_lost: The probability of `Injection.COMMIT_LOST` for a commit of a slice.
        stolen: The probability of `Injection.STOLEN` for a commit of a slice.
        redelivered: The probability of `Injection.REDELIVERED` for a claim of a slice.
        new_generation: The probability of `Injection.NEW_GENERATION` for a commit of a slice.
        late_beat: The probability of `Injection.LATE_BEAT` for a beat.
        delay: The probability that a call is delayed, with or without another fault.
        longest_delay: The longest delay in seconds; lengths are uniformly distributed.
        sleep: Waits for a number of seconds. Replace it to make tests fast.
        rival: Takes a stream id and returns the events that a rival appends to that stream: events
            that the application can handle.
        script: Faults to inject before the random ones. Each waits for the first call that it can
            happen to, and the faults after it wait too; `Injection.NONE` lets one call pass.

    Attributes:
        injected: The faults that were injected, in order.

    Raises:
        InvalidArgument: a probability is not valid, or conflicts are asked for without *rival*.
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
        late: float = 0.0,
        interleaved: float = 0.0,
        empty_page: float = 0.0,
        short_page: float = 0.0,
        stale_head: float = 0.0,
        broken_event: float = 0.0,
        deaf: float = 0.0,
        false_alarm: float = 0.0,
        no_snapshot: float = 0.0,
        stale_snapshot: float = 0.0,
        snapshot_ahead: float = 0.0,
        undecodable_snapshot: float = 0.0,
        commit_stored: float = 0.0,
        commit_lost: float = 0.0,
        stolen: float = 0.0,
        redelivered: float = 0.0,
        new_generation: float = 0.0,
        late_beat: float = 0.0,
        delay: float = 0.0,
        longest_delay: float = 0.05,
        sleep: Callable[[float], Awaitable[Any]] = asyncio.sleep,
        rival: Callable[[UUID], Iterable[Any | NewEvent]] | None = None,
        script: Iterable[Injection] = (),
    ) -> None:
        check_methods("store", store, "a store", "read_events", "try_persist_events")
        check_int("seed", seed, at_least=-(2**63), at_most=2**64)
        check_callable("sleep", sleep)
        if rival is not None:
            check_callable("rival", rival)
        chances = {
            Injection.UNAVAILABLE: unavailable,
            Injection.UNKNOWN_STORED: unknown_stored,
            Injection.UNKNOWN_LOST: unknown_lost,
            Injection.CONFLICT: conflict,
            Injection.BROKEN_READ: broken_read,
            Injection.LATE: late,
            Injection.INTERLEAVED: interleaved,
            Injection.EMPTY_PAGE: empty_page,
            Injection.SHORT_PAGE: short_page,
            Injection.STALE_HEAD: stale_head,
            Injection.BROKEN_EVENT: broken_event,
            Injection.DEAF: deaf,
            Injection.FALSE_ALARM: false_alarm,
            Injection.NO_SNAPSHOT: no_snapshot,
            Injection.STALE_SNAPSHOT: stale_snapshot,
            Injection.SNAPSHOT_AHEAD: snapshot_ahead,
            Injection.UNDECODABLE_SNAPSHOT: undecodable_snapshot,
            Injection.COMMIT_STORED: commit_stored,
            Injection.COMMIT_LOST: commit_lost,
            Injection.STOLEN: stolen,
            Injection.REDELIVERED: redelivered,
            Injection.NEW_GENERATION: new_generation,
            Injection.LATE_BEAT: late_beat,
            Injection.DELAY: delay,
        }
        self._chooser = Chooser(seed, chances, longest_delay, script)
        if rival is None and (conflict or Injection.CONFLICT in self._chooser.script):
            raise InvalidArgument("conflicts need rival, a function that returns its events")
        reorders = bool(interleaved) or Injection.INTERLEAVED in self._chooser.script
        self._log = HostileLog(seed, reorders=reorders)
        self._store = store
        self._checkpoints = OlderCheckpoints()
        self._sleep = sleep
        self._rival = rival or (lambda _: ())
        self.injected: list[Injected] = []

    @property
    def script(self) -> tuple[Injection, ...]:
        """The part of the script that is not used yet."""
        return tuple(self._chooser.script)

    def category(self, name: str) -> CategoryStore:
        """
        Return a hostile view of a category: its faults are among those of this store.

        The rival of an `Injection.CONFLICT` appends through it, too.

        Raises:
            InvalidArgument: it is not the name of a category, or the wrapped store has no
                categories.
        """
        view = getattr(self._store, "category", None)
        if view is None:
            raise InvalidArgument(f"{type(self._store).__name__} has no categories")
        inner = copy.copy(self)  # with the same faults to come, and the same record of them
        inner._store = view(name)  # noqa: SLF001 - of this class

        async def append(
            stream_id: UUID,
            events: Iterable[Any],
            expected: ExpectedVersion,
            timeout: float | None,
            _: str,
        ) -> AppendResult:
            return await inner.try_persist_events(stream_id, events, expected, timeout=timeout)

        return CategoryStore(self, name, append)

    async def try_persist_events(  # noqa: D102 - inherited from the port
        self,
        stream_id: UUID,
        events: Iterable[Any | NewEvent],
        expected_version: ExpectedVersion = ANY,
        *,
        timeout: float | None = None,
    ) -> AppendResult:
        flight = self._log.begin(stream_id)
        stored: int | None = None
        acknowledged = True
        try:
            result = await self._append(stream_id, events, expected_version, timeout)
            if isinstance(result, Persisted):
                stored = result.version
            return result
        except _StoredUnknown as unknown:
            stored, acknowledged = unknown.version, False
            raise unknown.error from None
        finally:
            self._log.end_flight(flight, stored, acknowledged=acknowledged)

    async def _append(
        self,
        stream_id: UUID,
        events: Iterable[Any | NewEvent],
        expected_version: ExpectedVersion,
        timeout: float | None,
    ) -> AppendResult:
        injection = (await self._choose(stream_id, APPENDS)).injection
        if injection in {Injection.NONE, Injection.DELAY} or not is_event_list(events):
            return await self._store.try_persist_events(
                stream_id, events, expected_version, timeout=timeout
            )
        # Invalid arguments must raise as usual: the store checks the append, without storing it.
        identified: list[NewEvent] = []
        checking = self._identify(events, identified)
        await self._store.try_persist_events(stream_id, checking, _UNREACHED, timeout=timeout)
        expected_version = check_expected_version(expected_version, len(identified))
        unknown = AppendOutcomeUnknown(stream_id, expected_version, tuple(identified))
        if injection is Injection.UNAVAILABLE:
            self._record(injection, stream_id)
            raise StoreUnavailable(f"injected: nothing is appended to stream {stream_id}")
        if injection is Injection.UNKNOWN_LOST and identified:
            self._record(injection, stream_id)
            raise unknown
        if injection is Injection.CONFLICT:
            self._record(injection, stream_id)
            await self._store.persist_events(stream_id, self._rival(stream_id))
        result = await self._store.try_persist_events(
            stream_id, identified, expected_version, timeout=timeout
        )
        if injection is Injection.UNKNOWN_STORED and identified and isinstance(result, Persisted):
            self._record(injection, stream_id)
            raise _StoredUnknown(unknown, result.version)
        return result

    def read_events(  # noqa: D102 - inherited from the port
        self,
        stream_id: UUID,
        from_version: int | None = None,
        max_count: int | None = None,
        *,
        backward: bool = False,
        page_size: int | None = None,
        serial: bool = False,
        timeout: float | None = None,
    ) -> AsyncGenerator[RecordedEvent, None]:
        events = self._store.read_events(
            stream_id,
            from_version,
            max_count,
            backward=backward,
            page_size=page_size,
            serial=serial,
            timeout=timeout,
        )
        if max_count == 0:
            return events
        return self._break(f"stream {stream_id}", stream_id, events)

    async def _break(
        self, what: str, stream_id: UUID | None, items: AsyncGenerator[_T, None]
    ) -> AsyncGenerator[_T, None]:
        """Pass on what a read yields, with a fault before it or in the middle."""
        choice = await self._choose(stream_id, READS)
        left = choice.items_before_break
        try:
            if choice.injection is Injection.UNAVAILABLE:
                self._record(choice.injection, stream_id)
                raise StoreUnavailable(f"injected: reading {what}")
            async for item in items:
                if choice.injection is Injection.BROKEN_READ and not left:
                    break
                left -= 1
                yield item
            if choice.injection is Injection.BROKEN_READ:
                self._record(choice.injection, stream_id)
                raise StoreUnavailable(f"injected: reading more of {what}")
        finally:
            await items.aclose()

    def streams(  # noqa: D102 - inherited from the port
        self,
        after: str | None = None,
        max_count: int | None = None,
        *,
        page_size: int | None = None,
        timeout: float | None = None,
    ) -> AsyncGenerator[StreamHead, None]:
        found = lister(self._store).streams(after, max_count, page_size=page_size, timeout=timeout)
        return found if max_count == 0 else self._break("the streams", None, found)

    async def current_version(  # noqa: D102 - inherited from the port
        self, stream_id: UUID, *, serial: bool = False, timeout: float | None = None
    ) -> int:
        choice = await self._choose(stream_id, VERSION_READS)
        version = await self._store.current_version(stream_id, serial=serial, timeout=timeout)
        if choice.injection is Injection.UNAVAILABLE:
            self._record(choice.injection, stream_id)
            raise StoreUnavailable(f"injected: reading the version of stream {stream_id}")
        return version

    def feed(self, *, categories: Collection[str] = (), types: Collection[str] = ()) -> Feed[Any]:
        """
        Return the feed of the wrapped store, or a part of it, with faults.

        All feeds of this store show the same events in the same order.

        Args:
            categories: As for `FeedStore.feed`.
            types: As for `FeedStore.feed`.

        Raises:
            InvalidArgument: the wrapped store has no ``feed``, or a name is not valid.
            MisuseError: as `FeedStore.feed` does.
        """
        wrapped = feeder(self._store).feed(categories=categories, types=types)
        reader = HostileFeedReader(
            wrapped.reader, self._log, self._choose, self._record, self._sleep
        )
        return Feed(reader, wrapped.selection)

    async def _choose(self, stream_id: UUID | None, possible: frozenset[Injection]) -> Choice:
        choice = self._chooser.choose(possible)
        if choice.delay:
            self._record(Injection.DELAY, stream_id)
            await self._sleep(choice.delay)
        return choice

    def _record(self, injection: Injection, stream_id: UUID | None) -> None:
        self.injected.append(Injected(injection, stream_id))

    def _identify(
        self, events: Iterable[Any | NewEvent], identified: list[NewEvent]
    ) -> Iterator[NewEvent]:
        """Yield the events with ids and collect them; the store stops if there are too many."""
        for event in events:
            new = event
            if isinstance(event, UnidentifiedEvent):
                new = event.identified(self._chooser.new_id())
            elif not isinstance(event, NewEvent):
                new = NewEvent(event, event_id=self._chooser.new_id())
            identified.append(new)
            yield new
