"""Deliveries: whether a subscription or projection bears every way in which events may come."""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from random import Random
from typing import Any, Final, TypeAlias, TypeVar
from uuid import UUID

from ..checks import check_callable, check_stream_id, is_event_list, listed
from ..errors import InvalidArgument
from ..excerpt import excerpt
from ..feeds import Position
from ..memory import MemoryEventStore
from ..ports.slices import Beat, Checkpoints, Lease, ParkedStream, Registration, Roster, SliceKey
from ..ports.subscriptions import SubscriptionStore
from ..ports.transactions import Stopped
from ..subscriptions import Pace, SubscriptionRunner
from .rendering import difference

_V = TypeVar("_V")

Make: TypeAlias = Callable[
    [_V, MemoryEventStore, SubscriptionStore, Mapping[str, Any]], SubscriptionRunner
]
"""Makes a subscription or projection for a view, of a store and what keeps subscriptions."""

_ORDERS: Final = 5
_MOST_EVENTS: Final = 1000
_BEAT: Final = 0.01
"""Seconds: a process that crashed is taken over after three of them."""


class DeliveryDiffers(AssertionError):
    """
    A legal delivery of the same events led to another result.

    Attributes:
        delivery: Which one, in words.
        expected: The result of the plain delivery.
        actual: The result of this one.
    """

    def __init__(self, delivery: str, expected: object, actual: object) -> None:
        lines = "\n".join(difference([expected], [actual]))
        super().__init__(f"another result with {delivery}\n{lines}")
        self.delivery = delivery
        self.expected = expected
        self.actual = actual


class _Crash(BaseException):
    """The process has crashed: it does nothing more."""


@dataclass(frozen=True)
class _Delivery:
    """One way in which events may come."""

    words: str
    events: tuple[tuple[UUID, Any], ...]
    slices: int = 1
    page: int = 500
    crash: int | None = None
    commits: bool = True


async def every_delivery(
    events: Iterable[tuple[UUID, Any]],
    begin: Callable[[], _V],
    make: Callable[
        [_V, MemoryEventStore, SubscriptionStore, Mapping[str, Any]], SubscriptionRunner
    ],
    observe: Callable[[_V], Awaitable[object]],
) -> int:
    """
    Deliver events in every legal way, and demand one and the same result.

    They come plainly; with a crash before and after every commit, so that they come again; event by
    event and in pages; in one slice and in five; and with the streams interleaved in other orders.

    Args:
        events: The streams and the payloads or `NewEvent`s to append, in order. Each commit is a
            run, so give some dozens.
        begin: Returns a view, or whatever the handler changes, as it is at first.
        make: Takes it, a store with the events, what keeps subscriptions, and options to be passed
            on: ``return Projection("name", store.feed(), …, subscriptions, **options)``.
        observe: Returns what the view shows, to be compared.

    Returns:
        How many ways were tried.

    Raises:
        DeliveryDiffers: a way led to another result than the plain one.
        InvalidArgument: an argument is not valid.
        Exception: what *begin*, *make* or *observe* raises.
    """
    if not is_event_list(events):
        raise InvalidArgument(f"events must be an iterable of pairs, not {excerpt(events)}")
    given = tuple(listed("events", events, _MOST_EVENTS))
    for each in given:
        if not isinstance(each, tuple) or len(each) != 2:
            raise InvalidArgument(f"each of events must be a stream and a payload: {excerpt(each)}")
        check_stream_id(each[0])
    if not given:
        raise InvalidArgument("events must not be empty: nothing would be delivered")
    for name, function in (("begin", begin), ("make", make), ("observe", observe)):
        check_callable(name, function)
    expected, commits = await _result(_Delivery("plain delivery", given), begin, make, observe)
    tried = 1
    for delivery in _deliveries(given, commits):
        actual, _ = await _result(delivery, begin, make, observe)
        if actual != expected:
            raise DeliveryDiffers(delivery.words, expected, actual)
        tried += 1
    return tried


def _deliveries(events: tuple[tuple[UUID, Any], ...], commits: int) -> Iterator[_Delivery]:
    yield _Delivery("pages of one event", events, page=1)
    yield _Delivery("five slices", events, slices=5)
    # With pages of one event, there is a commit for each.
    for page, count in ((1, len(events)), (500, commits)):
        for crash in range(1, count + 1):
            for done in (False, True):
                when = "after" if done else "before"
                words = f"pages of {page}, and a crash {when} commit {crash}"
                yield _Delivery(words, events, page=page, crash=crash, commits=done)
    random = Random(0)  # noqa: S311 - not for secrets
    for number in range(1, _ORDERS + 1):
        yield _Delivery(f"streams in another order ({number})", _shuffled(events, random))


def _shuffled(events: tuple[tuple[UUID, Any], ...], random: Random) -> tuple[tuple[UUID, Any], ...]:
    """Return the events in another order in which each stream's is the same."""
    left: dict[UUID, list[Any]] = {}
    for stream_id, payload in events:
        left.setdefault(stream_id, []).append(payload)
    order = [stream_id for stream_id, _ in events]
    random.shuffle(order)
    return tuple((stream_id, left[stream_id].pop(0)) for stream_id in order)


async def _result(
    delivery: _Delivery,
    begin: Callable[[], _V],
    make: Callable[
        [_V, MemoryEventStore, SubscriptionStore, Mapping[str, Any]], SubscriptionRunner
    ],
    observe: Callable[[_V], Awaitable[object]],
) -> tuple[object, int]:
    store, view = MemoryEventStore(), begin()
    for stream_id, payload in delivery.events:
        await store.persist_events(stream_id, [payload])
    pace = Pace(page=delivery.page, commit_seconds=0, beat=_BEAT, lease=3 * _BEAT)
    options = {"slices": delivery.slices, "pace": pace}
    crashing = CrashingSubscriptions(store.subscriptions, delivery.crash, commits=delivery.commits)
    with suppress(_Crash):
        await make(view, store, crashing, options).catch_up()
    if crashing.has_crashed:
        await make(view, store, store.subscriptions, options).catch_up()
    return await observe(view), crashing.count


class CrashingSubscriptions(SubscriptionStore):
    """
    The subscriptions of a process that crashes at one of its commits.

    Args:
        store: Keeps the subscriptions.
        at: The number of the commit; None for never.
        commits: Whether the commit is carried out.

    Attributes:
        count: How many commits there were.
        has_crashed: Whether it has crashed.
    """

    def __init__(self, store: SubscriptionStore, at: int | None, *, commits: bool) -> None:
        self._store = store
        self._at = at
        self._commits = commits
        self.count = 0
        self.has_crashed = False

    def _living(self) -> SubscriptionStore:
        if self.has_crashed:
            raise _Crash
        return self._store

    async def commit(  # noqa: D102 - inherited from the port
        self, lease: Lease, position: Position, parked: Mapping[UUID, ParkedStream | None]
    ) -> Lease:
        store = self._living()
        self.count += 1
        self.has_crashed = self.count == self._at
        if not self.has_crashed:
            return await store.commit(lease, position, parked)
        if self._commits:
            await store.commit(lease, position, parked)
        raise _Crash

    async def register(  # noqa: D102 - inherited from the port
        self, name: str, slices: int, start: Position
    ) -> Registration:
        return await self._living().register(name, slices, start)

    async def beat(self, name: str, member: UUID, beat: Beat) -> Roster:  # noqa: D102 - inherited
        return await self._living().beat(name, member, beat)

    async def leave(self, name: str, member: UUID) -> None:  # noqa: D102 - inherited from the port
        await self._living().leave(name, member)

    async def claim(  # noqa: D102 - inherited from the port
        self, key: SliceKey, member: UUID, seen_fence: int
    ) -> Lease | None:
        return await self._living().claim(key, member, seen_fence)

    async def refresh(self, lease: Lease) -> Lease:  # noqa: D102 - inherited from the port
        return await self._living().refresh(lease)

    async def release(self, lease: Lease) -> None:  # noqa: D102 - inherited from the port
        await self._living().release(lease)

    async def prepared(  # noqa: D102 - inherited from the port
        self, registration: Registration, stopped: Stopped | None = None
    ) -> Registration:
        return await self._living().prepared(registration, stopped)

    async def divide(self, registration: Registration) -> Registration:  # noqa: D102 - inherited
        return await self._living().divide(registration)

    async def checkpoints(self, name: str) -> Checkpoints:  # noqa: D102 - inherited from the port
        return await self._living().checkpoints(name)
