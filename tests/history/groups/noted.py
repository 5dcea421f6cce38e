"""Noted delivery: hands events over, and notes under which lease, when, and with what result."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol
from uuid import UUID

from event_store_async import FeedEvent, Position
from event_store_async.subscriptions import Lease, Registration, Stopped
from event_store_async.subscriptions.delivery import Delivery


class Notes(Protocol):
    """Where calls of handlers are noted."""

    def begin(self, lease: Lease, event: FeedEvent[Any]) -> object:
        """Note that a call begins now; return the call."""

    def end(self, call: Any, *, succeeded: bool) -> None:
        """Note that a call ends now."""


class NotedDelivery:
    """
    Hands events over, and notes it.

    In a page, the events of a stream are handled together: its first event stands for the call, and
    the others are noted when it has succeeded.

    Args:
        inner: Hands events over.
        notes: Where that is noted.
    """

    def __init__(self, inner: Delivery, notes: Notes) -> None:
        self._inner = inner
        self._notes = notes

    @property
    def takes_pages(self) -> bool:
        return self._inner.takes_pages

    @property
    def has_position(self) -> bool:
        return self._inner.has_position

    def is_transient(self, error: BaseException) -> bool:
        return self._inner.is_transient(error)

    async def prepare(self, registration: Registration, lease: Lease) -> Stopped | None:
        return await self._inner.prepare(registration, lease)

    async def open(self, lease: Lease) -> Position | None:
        return await self._inner.open(lease)

    async def deliver(
        self, lease: Lease, events: Sequence[FeedEvent[Any]], up_to: Position
    ) -> None:
        await self._noted(lease, events, lambda: self._inner.deliver(lease, events, up_to))

    async def redeliver(self, lease: Lease, event: FeedEvent[Any]) -> None:
        await self._noted(lease, [event], lambda: self._inner.redeliver(lease, event))

    async def has_redelivered(self, lease: Lease, event: FeedEvent[Any]) -> bool:
        return await self._inner.has_redelivered(lease, event)

    async def advance(self, lease: Lease, position: Position) -> None:
        await self._inner.advance(lease, position)

    async def _noted(
        self,
        lease: Lease,
        events: Sequence[FeedEvent[Any]],
        call: Callable[[], Awaitable[None]],
    ) -> None:
        notes = self._notes
        first: dict[UUID, FeedEvent[Any]] = {}
        for event in events:
            first.setdefault(event.stream_id, event)
        calls = [notes.begin(lease, event) for event in first.values()]
        try:
            await call()
        except BaseException:
            for each in calls:
                notes.end(each, succeeded=False)
            raise
        for each in calls:
            notes.end(each, succeeded=True)
        for event in events:
            if event is not first[event.stream_id]:
                notes.end(notes.begin(lease, event), succeeded=True)
