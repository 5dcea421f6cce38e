"""The feed of an event store in memory: one log of its appends, in the order in which they came."""

import asyncio
from bisect import bisect_left
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Final, NamedTuple
from uuid import UUID

from .checks import check_int
from .errors import StreamError
from .events import RecordedEvent
from .feeds import BrokenEvent, FeedEvent, FeedPage, Position, Selection
from .follower import Wakeups
from .hooks import Source
from .hooks.feed_watch import FeedWatch
from .hooks.observer import Observer
from .ids import random_uuid
from .statistics import FeedStatistics, Statistics

_PLACES_A_PAGE: Final = 10_000
"""The most events that one page looks at, selected or not."""


class MemoryEntry(NamedTuple):
    """
    An entry of the log: the events of one append.

    Attributes:
        stream_id: The stream.
        first: The version of the first event.
        ordinal: The number of the first event, counted over the whole log, from 1.
        types: The types of the events, in order.
        category: The category of the stream, if any.
    """

    stream_id: UUID
    first: int
    ordinal: int
    types: tuple[str | None, ...]
    category: str | None

    @property
    def last(self) -> int:
        """The version of the last event."""
        return self.first + len(self.types) - 1


class MemoryLog:
    """
    All appends to the streams of a store in memory, and of the stores that share them.

    Attributes:
        feed_id: The feed.
        entries: The appends, in order.
    """

    def __init__(self) -> None:
        self.feed_id = random_uuid()
        self.entries: list[MemoryEntry] = []
        self._numbers: dict[UUID, list[int]] = {}  # the entries of each stream
        self._wakeups = Wakeups()

    @property
    def end(self) -> Position:
        """The position of the last event."""
        return self.position_after(len(self.entries))

    def position_after(self, number: int) -> Position:
        """Return the position after the last event of an entry; 0 is the beginning."""
        if number == 0:
            return Position.beginning(self.feed_id)
        entry = self.entries[number - 1]
        events = len(entry.types)
        return Position(self.feed_id, number, events, entry.ordinal + events - 1)

    def append(
        self, stream_id: UUID, first: int, types: tuple[str | None, ...], category: str | None
    ) -> None:
        """Add an append, and wake those who wait for one."""
        ordinal = 1
        if self.entries:
            before = self.entries[-1]
            ordinal = before.ordinal + len(before.types)
        self.entries.append(MemoryEntry(stream_id, first, ordinal, types, category))
        self._numbers.setdefault(stream_id, []).append(len(self.entries))
        if self._wakeups.waiting:
            self._wakeups.wake(self.feed_id)

    def places(self, after: Position) -> Iterator[tuple[MemoryEntry, int, Position]]:
        """Iterate over the events after a position: entry, index in it from 0, and position."""
        skipped = after.index
        for number in range(max(after.entry, 1), len(self.entries) + 1):
            entry = self.entries[number - 1]
            for index in range(skipped, len(entry.types)):
                yield (
                    entry,
                    index,
                    Position(self.feed_id, number, index + 1, entry.ordinal + index),
                )
            skipped = 0

    def statistics(self, limit: int) -> Statistics:
        """Return those of a store: it waits for no server, and an append is in the feed at once."""
        feed = FeedStatistics(self.end.ordinal, True, 0.0, 0, 0, 0.0)
        return Statistics(Source("memory"), 0, 0, 0, 0, limit, feed=feed)

    def locate(self, stream_id: UUID, version: int) -> Position | None:
        """Return the position of an event; None if there is no such event."""
        numbers = self._numbers.get(stream_id, ())
        at = bisect_left(numbers, version, key=lambda number: self.entries[number - 1].last)
        if at == len(numbers):
            return None
        number = numbers[at]
        entry = self.entries[number - 1]
        index = version - entry.first
        return Position(self.feed_id, number, index + 1, entry.ordinal + index)

    async def changed(self, after: Position, timeout: float) -> bool:
        """Wait until there are events after a position; returns False after *timeout* seconds."""
        if self.end <= after:
            await self._wakeups.wait(self.feed_id, asyncio.sleep(timeout))
        return self.end > after

    def wake_all(self) -> None:
        """End all waits: a store is closing."""
        self._wakeups.wake_all()


class MemoryFeedReader:
    """
    Reads the feed of a store in memory.

    Args:
        log: The log.
        event: Reads an event of a stream; None if it is gone for good; raises `StreamError` if it
            cannot be read.
        turn: Lets other tasks run once; raises `StoreClosed`.
        observer: The store's; None without hooks.
    """

    def __init__(
        self,
        log: MemoryLog,
        event: Callable[[UUID, int], RecordedEvent[Any] | None],
        turn: Callable[[], Awaitable[object]],
        observer: Observer | None = None,
    ) -> None:
        self._observer = observer
        self._log = log
        self._event = event
        self._turn = turn

    async def read_page(
        self, after: Position | None, max_count: int, selection: Selection
    ) -> FeedPage[Any]:
        """Return the next events that are selected; see `FeedReader.read_page`."""
        check_int("max_count", max_count, at_least=1)
        if after is not None:
            after.check_feed(self._log.feed_id)
        watch = None if self._observer is None else FeedWatch(self._observer)
        await self._turn()
        position = after or Position.beginning(self._log.feed_id)
        found: list[FeedEvent[Any] | BrokenEvent] = []
        links: set[int] = set()  # those of the page: one for each entry
        for looked, (entry, index, place) in enumerate(self._log.places(position)):
            if looked == _PLACES_A_PAGE or len(found) == max_count:
                break
            position = place
            wanted = selection.wants_stream(entry.stream_id, entry.category)
            if wanted and selection.wants_type(entry.types[index]):
                delivered = self._delivered(entry, index, place)
                if delivered is not None:
                    found.append(delivered)
                    links.add(place.entry)
        page = FeedPage(tuple(found), position, self._log.end)
        if watch is not None:
            watch.ended(page, len(links))
        return page

    async def head(self) -> Position:
        """Return the end of the feed; see `FeedReader.head`."""
        await self._turn()
        return self._log.end

    async def changed(self, after: Position, timeout: float) -> bool:
        """Wait for events after a position; see `FeedReader.changed`."""
        after.check_feed(self._log.feed_id)
        await self._turn()
        changed = await self._log.changed(after, timeout)
        await self._turn()
        return changed

    async def locate(self, stream_id: UUID, version: int) -> Position | None:
        """Return the position of an event; see `FeedReader.locate`."""
        await self._turn()
        return self._log.locate(stream_id, version)

    def _delivered(
        self, entry: MemoryEntry, index: int, place: Position
    ) -> FeedEvent[Any] | BrokenEvent | None:
        version = entry.first + index
        try:
            event = self._event(entry.stream_id, version)
        except StreamError as error:
            return BrokenEvent(
                place, entry.stream_id, version, entry.types[index], entry.category, error
            )
        return None if event is None else FeedEvent.of(event, place, entry.category)
