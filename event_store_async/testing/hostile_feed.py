"""Hostile feed: reads the feed of any store, and makes it behave as real feeds may."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from ..checks import check_int
from ..codec import JsonCodec
from ..errors import StoreUnavailable, UndecodableEvent
from ..feeds import BrokenEvent, FeedEvent, FeedPage, FeedReader, Position, Selection
from .hostile_log import HostileLog, ShownEvent, read_shown
from .injections import FEED_HEADS, FEED_PAGES, FEED_WAITS, Choice, Injection

_LOOK = 0.01

Choose = Callable[[UUID | None, frozenset[Injection]], Awaitable[Choice]]
"""Chooses the fault of a call on a stream, or on none, among those that can happen to it."""


class HostileFeedReader:
    """
    Reads a feed with faults; see `Injection`.

    Args:
        reader: The wrapped feed's.
        log: What the hostile store shows of the feed.
        choose: Chooses the fault for a call.
        record: Notes a fault that was injected.
        sleep: Waits for a number of seconds.
    """

    def __init__(
        self,
        reader: FeedReader[Any],
        log: HostileLog,
        choose: Choose,
        record: Callable[[Injection, UUID | None], object],
        sleep: Callable[[float], Awaitable[Any]],
    ) -> None:
        self._reader = reader
        self._log = log
        self._choose = choose
        self._record = record
        self._sleep = sleep

    async def read_page(
        self, after: Position | None, max_count: int, selection: Selection
    ) -> FeedPage[Any]:
        """Return the next events that are selected; see `FeedReader.read_page`."""
        check_int("max_count", max_count, at_least=1)
        choice = await self._begin("reading a feed", FEED_PAGES, after)
        start = after or Position.beginning(self._log.feed_id)
        head = self._log.end
        rest = self._log.shown[start.ordinal :][: self._length(choice, start, selection)]
        limit = max_count
        if choice.injection is Injection.SHORT_PAGE:
            limit = min(limit, choice.items_before_break)
        position, wanted = start, list[ShownEvent]()
        for event in rest:
            if len(wanted) == limit:
                break
            position = event.position
            if _wants(selection, event):
                wanted.append(event)
        if choice.injection is Injection.SHORT_PAGE and len(wanted) == limit < max_count:
            self._record(choice.injection, None)
        if choice.injection is Injection.STALE_HEAD and position < head:
            self._record(choice.injection, None)
            head = position
        items = await read_shown(self._reader, wanted)
        if choice.injection is Injection.BROKEN_EVENT and items:
            self._break(items, choice.items_before_break % len(items))
        return FeedPage(tuple(items), position, head)

    async def head(self) -> Position:
        """Return the end of the feed; see `FeedReader.head`."""
        await self._begin("reading the end of a feed", FEED_HEADS)
        return self._log.end

    async def changed(self, after: Position, timeout: float) -> bool:
        """Wait for events after a position; see `FeedReader.changed`."""
        if not self._log.is_open:
            await self._log.pull(self._reader)
        after.check_feed(self._log.feed_id)
        choice = await self._choose(None, FEED_WAITS)
        if choice.injection is Injection.UNAVAILABLE:
            self._record(choice.injection, None)
            raise StoreUnavailable("injected: waiting for a feed")
        if choice.injection is Injection.DEAF:
            self._record(choice.injection, None)
            await self._sleep(timeout)
            return False
        if choice.injection is Injection.FALSE_ALARM:
            self._record(choice.injection, None)
            return True
        if self._log.end > after:
            return True
        if self._log.is_holding:
            await self._sleep(min(timeout, _LOOK))
            return False
        return await self._reader.changed(self._log.pulled, timeout)

    async def locate(self, stream_id: UUID, version: int) -> Position | None:
        """Return a position at or after an event; see `FeedReader.locate`."""
        await self._begin("locating an event in a feed", FEED_HEADS)
        return self._log.locate(stream_id, version)

    async def _begin(
        self, doing: str, possible: frozenset[Injection], after: Position | None = None
    ) -> Choice:
        """Choose what happens to a call, and show what it may see of the feed."""
        await self._log.pull(self._reader)
        if after is not None:
            after.check_feed(self._log.feed_id)
        choice = await self._choose(None, possible)
        if choice.injection is Injection.UNAVAILABLE:
            self._record(choice.injection, None)
            raise StoreUnavailable(f"injected: {doing}")
        known = 0 if after is None else after.ordinal
        if (
            choice.injection is Injection.LATE
            and known <= len(self._log.shown)
            and self._log.hold(choice.items_before_break)
        ):
            self._record(choice.injection, None)
        interleaved = choice.injection is Injection.INTERLEAVED
        if self._log.show(at_least=known, interleaved=interleaved):
            self._record(choice.injection, None)
        return choice

    def _length(self, choice: Choice, start: Position, selection: Selection) -> int:
        """Return how many events a page looks at; an empty page ends before a selected one."""
        rest = self._log.shown[start.ordinal :][: choice.items_before_break + 1]
        if choice.injection is Injection.EMPTY_PAGE:
            unwanted = next(
                (at for at, event in enumerate(rest) if _wants(selection, event)), len(rest) - 1
            )
            if unwanted > 0:
                self._record(choice.injection, None)
                return unwanted
        return len(self._log.shown)

    def _break(self, items: list[FeedEvent[Any] | BrokenEvent], at: int) -> None:
        event = items[at]
        if isinstance(event, BrokenEvent):
            return
        self._record(Injection.BROKEN_EVENT, event.stream_id)
        items[at] = BrokenEvent(
            event.position,
            event.stream_id,
            event.version,
            event.type,
            event.category,
            _undecodable(event),
        )


def _wants(selection: Selection, event: ShownEvent) -> bool:
    return selection.wants_stream(event.stream_id, event.category) and selection.wants_type(
        event.type
    )


def _undecodable(event: FeedEvent[Any]) -> UndecodableEvent:
    """Return the error of a reader without the codec; the store did not say what bytes it has."""
    codec = JsonCodec()
    try:
        data = codec.encode(event.payload)
    except Exception:  # noqa: BLE001 - a payload of another codec; its bytes are not known
        data = repr(event.payload).encode()
    reason = "injected: no codec of this store has this content type"
    return UndecodableEvent(event.stream_id, event.version, codec.content_type, data, reason)
