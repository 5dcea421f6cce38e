"""Hostile log: the log of a wrapped feed as a hostile store shows it, later or in another order."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Final
from uuid import UUID, uuid4

import anyio

from ..feeds import BrokenEvent, FeedEvent, FeedReader, Position, Selection

_EVERYTHING: Final = Selection()
_PAGE: Final = 500
_TOGETHER: Final = 16
"""How many appends are put in another order at once."""


@dataclass(frozen=True, slots=True)
class ShownEvent:
    """
    An event of the log, without its payload.

    Attributes:
        stream_id: Its stream.
        version: Its version.
        type: Its type, if any.
        category: The category of its stream, if any.
        before: The position before it in the wrapped feed, from where it can be read.
        wrapped: The position after it there.
        position: The position after it here.
    """

    stream_id: UUID
    version: int
    type: str | None
    category: str | None
    before: Position
    wrapped: Position
    position: Position


@dataclass(slots=True)
class _Append:
    """An append to the wrapped feed that is not shown yet: consecutive events of a stream."""

    stream_id: UUID
    events: list[ShownEvent]
    began: int = 0
    acknowledged: float = math.inf

    def must_precede(self, other: "_Append") -> bool:
        return self.stream_id == other.stream_id or self.acknowledged <= other.began


@dataclass(eq=False, slots=True)
class Flight:
    """
    An append through the hostile store, whose answer is not known.

    Attributes:
        stream_id: The stream.
        began: How many appends had been acknowledged when it began.
    """

    stream_id: UUID
    began: int


class HostileLog:
    """
    What a hostile store shows of a feed: all its readers see the same.

    An append stands behind those through the hostile store that were acknowledged before it began.
    Appends through the wrapped store count as those of other processes, each one of its own. What
    was shown stays, and so does its order.

    Args:
        seed: Determines the order.
        reorders: Whether the order may be another one. The feed has an id of its own then, since
            its positions mean nothing to the wrapped store.
    """

    def __init__(self, seed: int, *, reorders: bool) -> None:
        self._random = Random(f"order of {seed}")  # noqa: S311 - must be repeatable
        self._own_id = uuid4() if reorders else None
        self._lock = anyio.Lock()
        self._pulled: Position | None = None
        self._waiting: list[_Append] = []
        self._latest: dict[UUID, tuple[int, Position]] = {}  # the last event shown of each stream
        self._held = 0
        self._acknowledged = 0
        self._flights: list[Flight] = []
        self._landed: dict[tuple[UUID, int], tuple[int, float]] = {}
        self._entries = 0
        self.shown: list[ShownEvent] = []

    @property
    def is_open(self) -> bool:
        """Whether the wrapped feed was ever asked."""
        return self._pulled is not None

    @property
    def feed_id(self) -> UUID:
        """The id of the feed; it must be open."""
        assert self._pulled is not None  # noqa: S101 - for the type checker
        return self._own_id or self._pulled.feed_id

    @property
    def end(self) -> Position:
        """The position of the last event that is shown; it must be open."""
        return self.shown[-1].position if self.shown else Position.beginning(self.feed_id)

    @property
    def pulled(self) -> Position:
        """How far the wrapped feed was read; it must be open."""
        assert self._pulled is not None  # noqa: S101 - for the type checker
        return self._pulled

    @property
    def is_holding(self) -> bool:
        """Whether events wait to be shown."""
        return bool(self._waiting)

    def locate(self, stream_id: UUID, version: int) -> Position | None:
        """Return the position of the latest event of a stream; None if an event is not shown."""
        shown, position = self._latest.get(stream_id, (0, None))
        return position if version <= shown else None

    # Appends through the hostile store

    def begin(self, stream_id: UUID) -> Flight | None:
        """Note that an append begins; None if the order stays as it is."""
        if self._own_id is None:
            return None
        flight = Flight(stream_id, self._acknowledged)
        self._flights.append(flight)
        return flight

    def end_flight(
        self, flight: Flight | None, version: int | None, *, acknowledged: bool = True
    ) -> None:
        """Note how an append ended: with its last version, if it was stored."""
        if flight is None:
            return
        self._flights.remove(flight)
        if version is None:
            return
        if acknowledged:
            self._acknowledged += 1
        began, at = self._landed.get((flight.stream_id, version), (flight.began, math.inf))
        if acknowledged:
            at = min(at, self._acknowledged)
        self._landed[flight.stream_id, version] = began, at

    # The wrapped feed

    async def pull(self, reader: FeedReader[Any]) -> None:
        """Read what is new in the wrapped feed. It is not shown before `show`."""
        async with self._lock:
            head = await reader.head()
            if self._pulled is None:
                self._pulled = Position.beginning(head.feed_id)
            while self._pulled < head:
                page = await reader.read_page(self._pulled, _PAGE, _EVERYTHING)
                for item in page.events:
                    self._take(item)
                self._pulled = page.position

    def _take(self, item: FeedEvent[Any] | BrokenEvent) -> None:
        assert self._pulled is not None  # noqa: S101 - for the type checker
        event = ShownEvent(
            item.stream_id,
            item.version,
            item.type,
            item.category,
            self._pulled,
            item.position,
            item.position,
        )
        last = self._waiting[-1] if self._waiting else None
        if (
            last is not None
            and last.stream_id == item.stream_id
            and last.events[-1].wrapped.entry == item.position.entry
        ):
            last.events.append(event)
        else:
            self._waiting.append(_Append(item.stream_id, [event]))
        self._pulled = item.position

    def hold(self, calls: int) -> bool:
        """Show nothing new for some calls; returns False if there is nothing new."""
        if self._waiting and not self._held:
            self._held = calls
            return True
        return False

    def show(self, *, at_least: int = 0, interleaved: bool = False) -> bool:
        """
        Show what is new, unless it is held back.

        Args:
            at_least: How many events the caller knows of; they cannot be held back.
            interleaved: Choose another legal order.

        Returns:
            Whether the order is another one.
        """
        if self._held and at_least <= len(self.shown):
            self._held -= 1
            return False
        self._held = 0
        appends, self._waiting = self._waiting, []
        order = self._another(appends) if interleaved and self._own_id else appends
        for append in order:
            self._entries += 1
            for index, event in enumerate(append.events):
                self._show(event, index)
        return order != appends

    def _show(self, event: ShownEvent, index: int) -> None:
        if self._own_id is not None:
            position = Position(self._own_id, self._entries, index + 1, len(self.shown) + 1)
            event = ShownEvent(
                event.stream_id,
                event.version,
                event.type,
                event.category,
                event.before,
                event.wrapped,
                position,
            )
        self.shown.append(event)
        self._latest[event.stream_id] = event.version, event.position

    def _another(self, appends: list[_Append]) -> list[_Append]:
        """Return appends in another legal order, if there is one."""
        for append in appends:
            self._recall(append)
        found: list[_Append] = []
        for start in range(0, len(appends), _TOGETHER):
            left = appends[start : start + _TOGETHER]
            while left:
                free = [
                    each
                    for at, each in enumerate(left)
                    if not any(earlier.must_precede(each) for earlier in left[:at])
                ]
                chosen = self._random.choice(free)
                left.remove(chosen)
                found.append(chosen)
        return found

    def _recall(self, append: _Append) -> None:
        """Fill in when an append began and was acknowledged, as far as that is known."""
        flying = [each.began for each in self._flights if each.stream_id == append.stream_id]
        known = [
            self._landed[place]
            for event in append.events
            if (place := (event.stream_id, event.version)) in self._landed
        ]
        # Several appends may be shown as one, and one that is still in flight may be this one.
        append.began = max([began for began, _ in known] or flying or [0])
        append.acknowledged = min([at for _, at in known], default=math.inf)


async def read_shown(
    reader: FeedReader[Any], wanted: Sequence[ShownEvent]
) -> list[FeedEvent[Any] | BrokenEvent]:
    """Read events anew, as every read of a real store does, and put them at their positions."""
    found: list[FeedEvent[Any] | BrokenEvent] = []
    for run in _runs(wanted, lambda one, other: one.wrapped == other.before):
        position = run[0].before
        while position < run[-1].wrapped:
            count = run[-1].wrapped - position
            page = await reader.read_page(position, count, _EVERYTHING)
            for item in page.events:
                found.append(_moved(item, wanted[len(found)].position))
            position = page.position
    return found


def _runs(
    items: Iterable[ShownEvent], together: Callable[[ShownEvent, ShownEvent], bool]
) -> Iterable[list[ShownEvent]]:
    run: list[ShownEvent] = []
    for item in items:
        if run and not together(run[-1], item):
            yield run
            run = []
        run.append(item)
    if run:
        yield run


def _moved(item: FeedEvent[Any] | BrokenEvent, position: Position) -> FeedEvent[Any] | BrokenEvent:
    if isinstance(item, BrokenEvent):
        return BrokenEvent(
            position, item.stream_id, item.version, item.type, item.category, item.error
        )
    return FeedEvent.of(item, position, item.category)
