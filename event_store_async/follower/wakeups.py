"""Wakeups: end the waits of followers early, when their own store has news for them."""

import asyncio
from collections.abc import Awaitable
from typing import Any
from uuid import UUID


class Wakeups:
    """
    The followers of a store that wait, by stream: they are woken in the order in which they came.

    A wake-up is a hint. One that is lost costs a follower the rest of its pause, and no event.

    Attributes:
        waiting: What they wait for. A store asks whether it is empty before it calls `wake`, so
            that an append costs nothing more while nobody follows.
    """

    __slots__ = ("waiting",)

    def __init__(self) -> None:
        # A UUID is slow to hash; a dict keeps its order, which a set does not.
        self.waiting: dict[int, dict[asyncio.Future[None], None]] = {}

    def wake(self, stream_id: UUID) -> None:
        """End the waits of those who follow a stream."""
        for told in tuple(self.waiting.get(stream_id.int, ())):
            _end(told)

    def wake_all(self) -> None:
        """End all waits: the store is closing."""
        for waiting in tuple(self.waiting.values()):
            for told in tuple(waiting):
                _end(told)

    async def wait(self, stream_id: UUID, sleep: Awaitable[Any]) -> bool:
        """Wait until *sleep* is over or the stream has news; return whether it has news."""
        key = stream_id.int
        told: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        asleep = asyncio.ensure_future(sleep)
        asleep.add_done_callback(lambda _: _end(told))
        waiting = self.waiting.setdefault(key, {})
        waiting[told] = None
        try:
            await told
            if not asleep.done():
                return True
            asleep.result()
            return False
        finally:
            del waiting[told]
            if not waiting:
                self.waiting.pop(key, None)
            asleep.cancel()


def _end(told: asyncio.Future[None]) -> None:
    # A store in memory may be used by several event loops, one after the other, or in threads: the
    # followers in other loops find the events by polling.
    if not told.done() and told.get_loop() is asyncio.get_running_loop():
        told.set_result(None)
