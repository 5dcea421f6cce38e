"""Turns: the commands of one aggregate wait for each other instead of duelling."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from uuid import UUID


class _Turn:
    __slots__ = ("lock", "users")

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.users = 0


class Turns:
    """A turn for each aggregate that is in use; first come, first served."""

    def __init__(self) -> None:
        self._turns: dict[UUID, _Turn] = {}

    def __len__(self) -> int:
        """Return how many aggregates are in use."""
        return len(self._turns)

    @asynccontextmanager
    async def of(self, aggregate_id: UUID) -> AsyncGenerator[None, None]:
        """Wait for the aggregate's turn, and keep it; who is cancelled leaves the queue."""
        turn = self._turns.setdefault(aggregate_id, _Turn())
        # Counted before the wait: an entry in use is never replaced by another lock.
        turn.users += 1
        try:
            async with turn.lock:
                yield
        finally:
            turn.users -= 1
            if not turn.users:
                del self._turns[aggregate_id]
