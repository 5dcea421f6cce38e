"""A lease: a lock that one holder has at a time, and that expires if its holder dies."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Protocol
from uuid import UUID, uuid4

import anyio

from ...retry import Backoff, Deadline, Retry


class Lock(Protocol):
    """Where a lease is kept: a cell of a table, changed on conditions, with a time to live."""

    async def take(self, holder: UUID) -> bool:
        """Take the lock, or keep it. Returns whether *holder* has it now."""

    async def give_back(self, holder: UUID) -> None:
        """Give the lock back if *holder* has it."""


class LeaseTaken(Exception):
    """Another holder has had the lock for as long as this one was ready to wait."""


class SchemaLease:
    """
    Takes a lock for as long as a context manager's body runs.

    Each `SchemaLease` is a holder of its own. The lock is not renewed: the body must end before it
    expires, or be safe to run in two places.

    Args:
        lock: The lock.
        backoff: The pauses between attempts to take it.
    """

    def __init__(self, lock: Lock, backoff: Backoff) -> None:
        self._lock = lock
        self._backoff = backoff
        self._holder = uuid4()

    @asynccontextmanager
    async def held(self, *, within: float) -> AsyncGenerator[None, None]:
        """
        Hold the lock.

        Args:
            within: Seconds to wait for it.

        Raises:
            LeaseTaken: another holder has not given it back in time.
        """
        retry = Retry(self._backoff, Deadline(within))
        while not await self._lock.take(self._holder):
            if not retry.allows():
                raise LeaseTaken
            await retry.pause()
        try:
            yield
        finally:
            # Given back even if the caller is cancelled; others would wait until it expires.
            with anyio.CancelScope(shield=True):
                await self._lock.give_back(self._holder)
