"""Members of a consumer group, each a process of its own, so that one can be killed."""

import asyncio
import sys
from types import TracebackType
from typing import Final, Self
from uuid import UUID

from .followers import READY

SLICES: Final = 16


class MemberProcess:
    """
    A process that works on a subscription, and tells what it handles.

    Args:
        contact: The address of a node.
        port: Its port.
        keyspace: The keyspace of the store.
        name: The name of the subscription.

    Attributes:
        handled: When it first handled an event of each stream since this was cleared, in
            nanoseconds of the monotonic clock, which is the same for all processes of a machine.
    """

    def __init__(self, contact: str, port: int, keyspace: str, name: str) -> None:
        module = "benchmarks.peers.ours_member"
        self._command = (sys.executable, "-m", module, contact, str(port), keyspace, name)
        self.handled: dict[UUID, int] = {}
        self._news = asyncio.Event()

    async def __aenter__(self) -> Self:
        """Start it."""
        self._process = await asyncio.create_subprocess_exec(
            *self._command, stdout=asyncio.subprocess.PIPE
        )
        self._reading = asyncio.create_task(self._read())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End it, if it still runs."""
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()
        await asyncio.wait([self._reading])

    def end(self, *, kill: bool) -> None:
        """Kill it, or ask it to stop."""
        if kill:
            self._process.kill()
        else:
            self._process.terminate()

    async def reaches(self, streams: set[UUID]) -> None:
        """Wait until it has handled an event of each stream."""
        while not streams <= self.handled.keys():
            self._news.clear()
            await self._news.wait()

    async def _read(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            text = line.decode().strip()
            if text != READY:
                stream, moment = text.split()
                self.handled.setdefault(UUID(stream), int(moment))
                self._news.set()
