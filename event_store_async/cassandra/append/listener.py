"""The listener: it waits for the turn of this process on a stream that others append to."""

import asyncio
from typing import Final
from uuid import UUID

from ...errors import EventStoreError, StoreOverloaded
from ...events import RecordedEvent
from ...retry import Deadline
from ..read.reader import Reader
from .planner import KnownHeads
from .stream_turns import StreamTurns

_READING: Final = 0.5
"""Seconds that a read of the version may take. Without an answer, the append itself finds out."""


class Listener:
    """
    Waits for turns, one wait for a stream at a time.

    A wait ends at once if an append that must not wait joins the queue of its stream (`hurry`), or
    if the store is being closed (`hurry_all`).

    Args:
        turns: Decides how long.
        reader: Reads the versions of streams.
        known_heads: Learns them.

    Attributes:
        turns: Decides how long.
        hurried: The streams for which no wait may begin, by their ids as numbers.
    """

    def __init__(
        self, turns: StreamTurns, reader: Reader[RecordedEvent], known_heads: KnownHeads
    ) -> None:
        self.turns = turns
        self._reader = reader
        self._known_heads = known_heads
        self._asleep: dict[int, asyncio.Future[None]] = {}
        self.hurried: set[int] = set()
        self._all_hurried = False

    def must_wait(self, stream_id: UUID) -> bool:
        """Return whether this process has had its turn on a stream, and nothing hurries."""
        return (
            self.turns.is_over(stream_id)
            and stream_id.int not in self.hurried
            and not self._all_hurried
        )

    async def wait(self, stream_id: UUID, deadline: Deadline) -> None:
        """
        Wait for the turn; the version at which the stream is then is among the known heads.

        Raises:
            StoreOverloaded: the deadline would pass meanwhile.
        """
        listening = self.turns.listen(stream_id)
        while not (self._all_hurried or stream_id.int in self.hurried):
            pause = listening.pause()
            if not deadline.allows(pause):
                raise StoreOverloaded(
                    f"others append to stream {stream_id} without a pause; "
                    "nothing of this append is stored"
                )
            if not await self._sleeps(stream_id.int, pause):
                return
            known = self._known_heads.get(stream_id) or 0
            within = Deadline(min(_READING, deadline.remaining()))
            try:
                version = await self._reader.head(stream_id, within)
            except EventStoreError:
                return
            version = max(version, known)  # a quorum read may not show what is half committed
            self._known_heads.put(stream_id, version)
            if listening.hears(version, known):
                return

    def hurry(self, stream_id: UUID) -> None:
        """End the wait for a stream, and let none begin before `calm`."""
        self.hurried.add(stream_id.int)
        self._wake(stream_id.int)

    def calm(self, stream_id: UUID) -> None:
        """Let this process wait again for its turns on a stream."""
        self.hurried.discard(stream_id.int)

    def hurry_all(self) -> None:
        """End all waits, and let none begin."""
        self._all_hurried = True
        for key in list(self._asleep):
            self._wake(key)

    async def _sleeps(self, key: int, seconds: float) -> bool:
        """Pause; return False if something hurried meanwhile."""
        loop = asyncio.get_running_loop()
        asleep = self._asleep[key] = loop.create_future()
        timer = loop.call_later(seconds, self._wake, key)
        try:
            await asleep
        finally:
            timer.cancel()
            self._asleep.pop(key, None)
        return not (self._all_hurried or key in self.hurried)

    def _wake(self, key: int) -> None:
        asleep = self._asleep.pop(key, None)
        if asleep is not None and not asleep.done():
            asleep.set_result(None)
