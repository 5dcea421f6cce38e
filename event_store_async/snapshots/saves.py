"""Saves: snapshots that are saved in the background, few at a time."""

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import Context
from dataclasses import dataclass
from typing import Final
from uuid import UUID

AT_ONCE: Final = 4
"""How many are saved at a time: few beside the appends, which share the connection."""

WAITING: Final = 1000
"""How many may wait."""


@dataclass(frozen=True, slots=True)
class PendingSave:
    """
    A snapshot to be saved.

    Attributes:
        stream_id: The stream.
        kind: Its kind.
        version: Its version.
        save: Saves it. It reports a failure, and raises none.
        drop: Reports that it is given up.
    """

    stream_id: UUID
    kind: str
    version: int
    save: Callable[[], Awaitable[None]]
    drop: Callable[[], object]


class BackgroundSaves:
    """
    Saves snapshots in the background.

    Of one stream and kind only the newest waits: it makes the older ones pointless.
    """

    def __init__(self) -> None:
        self._waiting: dict[tuple[UUID, str], PendingSave] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    def add(self, pending: PendingSave) -> None:
        """Save a snapshot soon, unless too many wait."""
        key = pending.stream_id, pending.kind
        waiting = self._waiting.get(key)
        if self._closed or (waiting is None and len(self._waiting) >= WAITING):
            pending.drop()
            return
        if waiting is None or waiting.version < pending.version:
            self._waiting[key] = pending
        if len(self._tasks) < AT_ONCE:
            # In a context of its own: the correlation and the span are those of one command.
            task = asyncio.get_running_loop().create_task(self._work(), context=Context())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def refuse(self) -> None:
        """Refuse further snapshots; those that wait are still saved."""
        self._closed = True

    async def drain(self, timeout: float) -> bool:
        """Wait until all are saved, *timeout* seconds at most; give up the others."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=timeout)
        for pending in self._waiting.values():
            pending.drop()
        self._waiting.clear()
        for task in self._tasks:
            task.cancel()
        return True  # a snapshot is a hint: the outcome of its save is nobody's concern

    async def ended(self) -> None:
        """Wait for what was cancelled."""
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _work(self) -> None:
        while self._waiting:
            await self._waiting.pop(next(iter(self._waiting))).save()
