"""Arrival order: appends that wait for keys reach the other store in the order of their calls."""

import asyncio
from uuid import UUID


class ArrivalOrder:
    """The appends to each stream that wait for keys, in the order of their calls."""

    def __init__(self) -> None:
        self._last: dict[UUID, asyncio.Future[None]] = {}

    def is_free(self, stream_id: UUID) -> bool:
        """Return whether nobody waits, so that an append without a pause needs no place."""
        return stream_id not in self._last

    def take(self, stream_id: UUID) -> "Arrival":
        """Return the next place at a stream. It must be ended."""
        return Arrival(self._last, stream_id)


class Arrival:
    """
    A place in the order at one stream.

    Args:
        last: The last place at each stream.
        stream_id: The stream.
    """

    def __init__(self, last: dict[UUID, asyncio.Future[None]], stream_id: UUID) -> None:
        self._before = last.get(stream_id)
        self._over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._last = last
        self._stream_id = stream_id
        last[stream_id] = self._over

    async def come(self) -> None:
        """Wait until all earlier ones are over."""
        if self._before is not None and not self._before.done():
            await asyncio.wait([self._before])

    def end(self) -> None:
        """Let the next one go on, once all earlier ones are over; harmless to repeat."""
        if self._before is None or self._before.done():
            self._finish()
        else:
            self._before.add_done_callback(lambda _: self._finish())

    def _finish(self) -> None:
        if self._over.done():
            return
        self._over.set_result(None)
        if self._last.get(self._stream_id) is self._over:
            del self._last[self._stream_id]
