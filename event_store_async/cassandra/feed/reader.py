"""Reader: pages of the feed, their events fetched from the streams."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import anyio

from ...checks import check_int
from ...errors import StreamError, StreamHole
from ...events import RecordedEvent
from ...feeds.page import BrokenEvent, FeedEvent, FeedPage
from ...feeds.position import Position
from ...feeds.selection import Selection
from ...hooks.feed_watch import FeedWatch
from ...hooks.observer import Observer
from ...tasks import task_group
from ..read.gap_check import Range
from ..read.reader import Reader
from .entry import Entry, Link
from .tables import FeedTables
from .tail import Tail

_LINKS_A_PAGE: Final = 10_000
_ENTRIES_AT_ONCE: Final = 50
_STREAMS_AT_ONCE: Final = 32


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Events of one link that are selected: their versions, and the position after each."""

    link: Link
    places: Sequence[tuple[int, Position]]


class CassandraFeedReader:
    """
    Reads the feed of a table.

    Args:
        tables: The feed's tables.
        tail: Returns the process's tail; it opens it on the first call.
        reader: Reads streams.
        check_open: Raises if the store cannot be used.
        observer: The store's; None without hooks.
    """

    def __init__(
        self,
        tables: FeedTables,
        tail: Callable[[], Awaitable[Tail]],
        reader: Reader[RecordedEvent[Any]],
        check_open: Callable[[], object],
        observer: Observer | None = None,
    ) -> None:
        self._observer = observer
        self._tables = tables
        self._tail = tail
        self._reader = reader
        self._check_open = check_open

    async def read_page(
        self, after: Position | None, max_count: int, selection: Selection
    ) -> FeedPage[Any]:
        """Return the next events that are selected; see `FeedReader.read_page`."""
        check_int("max_count", max_count, at_least=1)
        self._check_open()
        watch = None if self._observer is None else FeedWatch(self._observer)
        tail = await self._tail()
        beginning = tail.log.beginning
        if after is not None:
            after.check_feed(beginning.feed_id)
        start = after or beginning
        head = tail.log.end
        if start >= head:
            head = await tail.refresh()
        position, wanted = await self._select(tail, start, head, max_count, selection)
        page = FeedPage(await self._fetch(wanted), position, head)
        if watch is not None:
            watch.ended(page, len(wanted))
        return page

    async def head(self) -> Position:
        """Return the end of the feed; see `FeedReader.head`."""
        self._check_open()
        return await (await self._tail()).refresh()

    async def changed(self, after: Position, timeout: float) -> bool:
        """Wait for events after a position; see `FeedReader.changed`."""
        self._check_open()
        tail = await self._tail()
        after.check_feed(tail.log.beginning.feed_id)
        return await tail.changed(after, timeout)

    async def locate(self, stream_id: UUID, version: int) -> Position | None:
        """Return a position at or after an event; see `FeedReader.locate`."""
        self._check_open()
        tail = await self._tail()
        log_id = tail.log.beginning.feed_id
        published, number = await self._tables.progress(log_id, stream_id)
        if published < version:
            return None
        if number > tail.log.head:
            await tail.refresh()
        return tail.log.position_after(await tail.log.entry(number))

    async def _select(
        self, tail: Tail, start: Position, head: Position, max_count: int, selection: Selection
    ) -> tuple[Position, list[_Wanted]]:
        """Return how far the log was looked at, and which events of it are wanted."""
        wanted: list[_Wanted] = []
        position, found, looked = start, 0, 0
        number = max(start.entry, 1)
        while position < head and looked < _LINKS_A_PAGE:
            entries = await tail.log.entries(number, _ENTRIES_AT_ONCE)
            for entry in entries:
                for link, places in _places(entry, position):
                    looked += 1
                    some = _selected(link, places, selection)[: max_count - found]
                    if some:
                        wanted.append(_Wanted(link, some))
                        found += len(some)
                    full = found == max_count
                    position = some[-1][1] if full else places[-1][1]
                    if full or looked == _LINKS_A_PAGE:
                        return position, wanted
            number += len(entries)
            if not entries:
                break
        return position, wanted

    async def _fetch(self, wanted: Sequence[_Wanted]) -> tuple[FeedEvent[Any] | BrokenEvent, ...]:
        """Fetch events, streams side by side; return them in the order of the feed."""
        found: dict[int, list[FeedEvent[Any] | BrokenEvent]] = {}
        limit = anyio.CapacityLimiter(_STREAMS_AT_ONCE)

        async def fetch(index: int, some: _Wanted) -> None:
            async with limit:
                found[index] = await self._events(some)

        async with task_group() as group:
            for index, some in enumerate(wanted):
                group.start_soon(fetch, index, some)
        return tuple([event for index in range(len(wanted)) for event in found[index]])

    async def _events(self, wanted: _Wanted) -> list[FeedEvent[Any] | BrokenEvent]:
        """Fetch the selected events of one link; one that cannot be read is a value."""
        link, places = wanted.link, dict(wanted.places)
        found: list[FeedEvent[Any] | BrokenEvent] = []
        version, last = min(places), max(places)
        serial = False
        while version <= last:
            try:
                run = Range(link.stream_id, version, last - version + 1)
                async with aclosing(self._reader.read(run, serial=serial)) as events:
                    async for event in events:
                        version = event.version + 1
                        if event.version in places:
                            found.append(FeedEvent.of(event, places[event.version], link.category))
                if version <= last and serial:
                    raise StreamHole(link.stream_id, version)
                # What is in the log is committed, but a quorum may not show it yet.
                serial = True
            except StreamError as error:
                at: int = getattr(error, "version", version)
                if at in places:
                    found.append(
                        BrokenEvent(
                            places[at],
                            link.stream_id,
                            at,
                            link.type_at(at - link.first),
                            link.category,
                            error,
                        )
                    )
                version = at + 1
        return found


def _places(entry: Entry, after: Position) -> list[tuple[Link, list[tuple[int, Position]]]]:
    """Return the links of an entry after a position, each with its versions and their positions."""
    found = []
    index = 0
    skipped = after.index if after.entry == entry.number else 0
    for link in entry.links:
        places = [
            (
                link.first + at,
                Position(after.feed_id, entry.number, index + at + 1, entry.ordinal + index + at),
            )
            for at in range(max(0, skipped - index), link.events)
        ]
        index += link.events
        if places:
            found.append((link, places))
    return found


def _selected(
    link: Link, places: list[tuple[int, Position]], selection: Selection
) -> list[tuple[int, Position]]:
    if not selection.wants_stream(link.stream_id, link.category):
        return []
    if not selection.types:
        return places
    return [place for place in places if selection.wants_type(link.type_at(place[0] - link.first))]
