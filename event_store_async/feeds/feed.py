"""Feed: what applications hold to read the log of all streams."""

import logging
from collections.abc import AsyncGenerator, Callable
from typing import Final, Generic
from uuid import UUID

import anyio

from .._typevars import P_co
from ..checks import (
    check_instance,
    check_int,
    check_methods,
    check_optional_int,
    check_positive,
    check_stream_id,
    running_loop,
)
from ..errors import (
    InvalidArgument,
    NotPublished,
    StoreOverloaded,
    StoreUnavailable,
    StreamError,
)
from ..retry import Backoff, Deadline
from ..versions import MAX_VERSION
from .follower import FeedFollower
from .page import BrokenEvent, FeedEvent, FeedPage, count_of, events_of
from .position import Position
from .reader import FeedReader
from .selection import Selection

_LOG: Final = logging.getLogger("event_store_async")
_PAGE: Final = 500
_FIRST: Final = 500
_AHEAD: Final = 8000
"""
Events that `read` and `follow` ask for at once: few at first, then twice as many for each page.

The first event comes soon, whoever stops early has little read in vain, and a step that is
cancelled after a short time still gets something. The more events of a stream are on one page, the
fewer reads are needed; a store bounds its pages by bytes.
"""
_LOOKS: Final = Backoff(initial=0.005, maximum=0.1)
_LONGEST_WAIT: Final = 5.0
"""Seconds after which a follower looks for events even if it was not told of any."""


class Feed(Generic[P_co]):
    """
    One log of all committed events of all streams, or of those that were selected.

    See `FeedReader` for what it promises. `EventStore.feed` and `MemoryEventStore.feed` make one.
    Any number of tasks may share it.

    Args:
        reader: Reads pages.
        selection: Which events are wanted; all by default.
        outages: The pauses of `follow` while the store is unavailable.

    Attributes:
        reader: Reads pages.
        selection: Which events are wanted.
        outages: The pauses of `follow` while the store is unavailable.

    Raises:
        InvalidArgument: *reader* is not a `FeedReader`, or another argument is of another class.
    """

    def __init__(
        self,
        reader: FeedReader[P_co],
        selection: Selection = Selection(),  # noqa: B008 - a value
        *,
        outages: Backoff = Backoff(initial=0.1, maximum=5.0),  # noqa: B008 - a value
    ) -> None:
        check_methods("reader", reader, "a FeedReader", "read_page", "head", "changed", "locate")
        check_instance("selection", selection, Selection, "a Selection")
        check_instance("outages", outages, Backoff, "a Backoff")
        self.reader = reader
        self.selection = selection
        self.outages = outages

    def read(
        self, after: Position | None = None, *, max_count: int | None = None
    ) -> AsyncGenerator[FeedEvent[P_co], None]:
        """
        Iterate over the events up to the end of the feed, as it was at the first step.

        Args:
            after: Exclusive; None is the beginning.
            max_count: The most events to return; None is no limit.

        Raises:
            InvalidArgument: at the call, before anything is sent.
            ForeignPosition: at the first step; *after* is a position in another feed.
            StreamError: an event cannot be read. Reading on after the error's ``position`` works.
            EventStoreError: as `FeedReader.read_page` does.
        """
        check_position(after)
        check_optional_int("max_count", max_count, at_least=0)
        running_loop()
        return self._read(after, max_count)

    async def _read(
        self, after: Position | None, left: int | None
    ) -> AsyncGenerator[FeedEvent[P_co], None]:
        if left == 0:
            return
        head = await self.reader.head()
        position = after or Position.beginning(head.feed_id)
        position.check_feed(head.feed_id)
        pauses = _LOOKS.pauses()
        size = _FIRST
        while position < head:
            page = await self.reader.read_page(
                position, size if left is None else min(left, size), self.selection
            )
            goes_beyond = page.position > head
            for item in events_of(page):
                if goes_beyond and item.position > head:
                    return
                if isinstance(item, BrokenEvent):
                    raise _error_of(item)
                yield item
            if left is not None:
                left -= count_of(page)
                if not left:
                    return
            if page.position == position:
                # The head is known here, but not yet to the node that gave the page.
                await anyio.sleep(next(pauses))
            position = page.position
            size = min(2 * size, _AHEAD)
            del page  # no two pages are in memory at once

    def follow(self, after: Position | None = None) -> AsyncGenerator[FeedEvent[P_co], None]:
        """
        Iterate over the events, and wait for more at the end of the feed. The iteration never ends.

        It waits out outages: while the store is unavailable or overloaded, it tries again after
        increasing pauses. A step may be cancelled, by a timeout for example: the next one goes on
        where it was.

        Args:
            after: Exclusive; None is the beginning.

        Raises:
            InvalidArgument: at the call, before anything is sent.
            ForeignPosition: at the first step; *after* is a position in another feed.
            StreamError: an event cannot be read. Following after the error's ``position`` works.
            EventStoreError: as `FeedReader.read_page` does, except for outages.
        """
        check_position(after)
        running_loop()
        return FeedFollower(self._follow, after)

    async def _follow(
        self, position: Position | None, passed: Callable[[Position], None]
    ) -> AsyncGenerator[FeedEvent[P_co], None]:
        outages, alarms = self.outages.pauses(), _LOOKS.pauses()
        told = False  # whether the page is read because `changed` said so
        size = _FIRST
        while True:
            try:
                page = await self.reader.read_page(position, size, self.selection)
            except (StoreUnavailable, StoreOverloaded) as error:
                _LOG.warning("a follower of the feed waits for the store: %s", error)
                await anyio.sleep(next(outages))
                continue
            outages = self.outages.pauses()
            for item in events_of(page):
                if isinstance(item, BrokenEvent):
                    raise _error_of(item)
                yield item
            if page.position != position:
                alarms = _LOOKS.pauses()
            elif told:
                await anyio.sleep(next(alarms))  # a hint may be wrong, and be so again at once
            waits = page.caught_up or page.position == position
            position = page.position
            size = _FIRST if waits else min(2 * size, _AHEAD)
            del page  # no two pages are in memory at once, and none while it waits
            passed(position)
            told = waits and await self._wait(position)

    async def page(self, after: Position | None = None, max_count: int = _PAGE) -> FeedPage[P_co]:
        """
        Return the next events, and the position to read on from.

        Args:
            after: Exclusive; None is the beginning.
            max_count: The most events to return, 1 or more.

        Raises:
            InvalidArgument: an argument is not valid; nothing is sent.
            EventStoreError: as `FeedReader.read_page` does. An event that cannot be read is not an
                error, but a `BrokenEvent` on the page.
        """
        check_position(after)
        check_int("max_count", max_count, at_least=1)
        return await self.reader.read_page(after, max_count, self.selection)

    async def head(self) -> Position:
        """
        Return the end of the feed: the position of its last event, selected or not.

        Raises:
            EventStoreError: as `FeedReader.read_page` does.
        """
        return await self.reader.head()

    async def locate(self, stream_id: UUID, version: int) -> Position | None:
        """
        Return a position at or after an event: a reader that has passed it has passed the event.

        It is not the event's own position, which only a read gives. On Cassandra, it is the end of
        an entry of the log: of the event's own entry if that is among the last 32, otherwise of the
        one with the latest published event of the stream. It moves when the stream is appended to.

        Args:
            stream_id: The stream of the event.
            version: Its version.

        Returns:
            The position; None if the event is not in the feed, or not yet. It may be None for a
            moment although the event can be read already.

        Raises:
            InvalidArgument: an argument is not valid; nothing is sent.
            EventStoreError: as `FeedReader.read_page` does.
        """
        check_event(stream_id, version)
        return await self.reader.locate(stream_id, version)

    async def position_of(self, stream_id: UUID, version: int, *, timeout: float) -> Position:
        """
        Return what `locate` does, but wait until the event is in the feed.

        This is for reading a view right after a write: a view that has passed this position has
        seen the event. A view may have seen it before; see `locate`.

        Args:
            stream_id: The stream of the event.
            version: Its version.
            timeout: The most seconds to wait; positive.

        Returns:
            A position at or after the event.

        Raises:
            InvalidArgument: an argument is not valid.
            NotPublished: the event was not in the feed in time. It may not exist.
            EventStoreError: as `FeedReader.read_page` does.
        """
        check_event(stream_id, version)
        check_positive("timeout", timeout)
        deadline = Deadline(timeout)
        pauses = _LOOKS.pauses()
        while True:
            head = await self.reader.head()
            found = await self.locate(stream_id, version)
            if found is not None:
                return found
            if not deadline.allows(0):
                raise NotPublished(stream_id, version, timeout)
            # Short: where an event stands may be known a moment later than that it stands there.
            await self.reader.changed(head, min(next(pauses), max(deadline.remaining(), 0.0)))

    async def _wait(self, position: Position) -> bool:
        """Wait for a hint of new events; the next read reports a fault."""
        try:
            return await self.reader.changed(position, _LONGEST_WAIT)
        except (StoreUnavailable, StoreOverloaded):
            return False


def check_event(stream_id: object, version: object) -> None:
    """Refuse what cannot name an event; raises `InvalidArgument`."""
    check_stream_id(stream_id)
    check_int("version", version, at_least=1, at_most=MAX_VERSION)


def check_position(after: object) -> None:
    """Refuse anything but None or a position; raises `InvalidArgument`."""
    if after is not None and not isinstance(after, Position):
        raise InvalidArgument(
            f"after must be a Position or None, not {type(after).__name__}",
            hint="Position.parse(text) reads the text of a position"
            if isinstance(after, str)
            else None,
        )


def _error_of(item: BrokenEvent) -> StreamError:
    item.error.position = item.position
    return item.error
