"""Reader: pages of the feed, their events fetched from the streams."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, Final
from uuid import UUID

from ...checks import check_int
from ...feeds.page import FeedPage, late_page
from ...feeds.position import Position, position_at
from ...feeds.selection import Selection
from ...hooks.feed_watch import FeedWatch
from ...hooks.observer import Observer
from .entry import Link
from .fetcher import Fetcher
from .log import Log
from .progress import DELAY
from .tables import FeedTables
from .tail import Tail
from .wanted import Wanted

_LINKS_A_PAGE: Final = 10_000

_new_wanted: Final[Callable[[Any], Wanted]] = partial(tuple.__new__, Wanted)
"""Makes a `Wanted` of what it holds, without a call of Python for each link."""


class CassandraFeedReader:
    """
    Reads the feed of a table.

    Args:
        tables: The feed's tables.
        tail: Returns the process's tail; it opens it on the first call.
        fetcher: Fetches the events of a page.
        check_open: Raises if the store cannot be used.
        observer: The store's; None without hooks.
    """

    def __init__(
        self,
        tables: FeedTables,
        tail: Callable[[], Awaitable[Tail]],
        fetcher: Fetcher,
        check_open: Callable[[], object],
        observer: Observer | None = None,
    ) -> None:
        self._observer = observer
        self._tables = tables
        self._tail = tail
        self._fetcher = fetcher
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
        position, wanted = await self._select(tail.log, start, head, max_count, selection)
        events, fetched = await self._fetcher.fetch(wanted)
        count = wanted[-1].place + wanted[-1].events if wanted else 0
        if fetched < count:
            position = _position_of(wanted, fetched)
        page = late_page(events, position, head)
        if watch is not None:
            watch.ended(page, count)
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
        # The table of progress may lack the last K entries before it was read (S13).
        first = tail.log.head - DELAY + 1
        found = tail.log.recalled(stream_id, version, first)
        if found is None:
            published, number = await self._tables.progress(log_id, stream_id)
            if published < version or number > tail.log.head:
                await tail.refresh()
            found = (
                await tail.log.find(stream_id, version, first)
                if published < version
                else await tail.log.entry(number)
            )
        return None if found is None else tail.log.position_after(found)

    async def _select(
        self, log: Log, start: Position, head: Position, max_count: int, selection: Selection
    ) -> tuple[Position, list[Wanted]]:
        """Return how far the log was looked at, and which events of it are wanted."""
        wanted: list[Wanted] = []
        feed_id, position, looked, count = start.feed_id, start, 0, 0
        number, skipped = max(start.entry, 1), start.index
        takes_all = selection == Selection()
        while number <= head.entry:
            entries = await log.entries(number, head.entry - number + 1)
            for entry in entries:
                entry_number, ordinal = entry.number, entry.ordinal
                for link, before in entry.links.after(skipped):
                    looked += 1
                    _, first, of_link, _, _ = link
                    # A version and this are the number of events that come before in the entry.
                    at = before - first
                    places = (feed_id, entry_number, at + 1, ordinal + at)
                    if takes_all and before >= skipped:
                        parts: Sequence[tuple[int, int]] = ((0, of_link),)
                    else:
                        parts = _wanted_of(link, skipped - before, selection)
                    for index, found in parts:
                        taken = min(found, max_count - count)
                        wanted.append(_new_wanted((link, first + index, taken, places, count)))
                        count += taken
                        if count == max_count:
                            return position_at(places, first + index + taken - 1), wanted
                    if looked == _LINKS_A_PAGE:
                        end = before + of_link
                        return Position(feed_id, entry_number, end, ordinal + end - 1), wanted
                skipped = 0
            position = log.position_after(entries[-1])
            number = position.entry + 1
        return position, wanted


def _position_of(wanted: list[Wanted], number: int) -> Position:
    """Return the position after one of the events that are wanted, counted from 1."""
    part = next(each for each in reversed(wanted) if each.place < number)
    return part.position(part.first + number - 1 - part.place)


def _wanted_of(link: Link, skipped: int, selection: Selection) -> Sequence[tuple[int, int]]:
    """Return which events of a link are wanted, after the skipped ones: from where, how many."""
    if not selection.wants_stream(link.stream_id, link.category):
        return ()
    start = max(skipped, 0)
    if not selection.types:
        return ((start, link.events - start),)
    return [
        (index, 1)
        for index in range(start, link.events)
        if selection.wants_type(link.type_at(index))
    ]
