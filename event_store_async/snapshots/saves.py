"""Saves: snapshots that are saved in the background, few at a time."""

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import Context
from typing import Any, Final
from uuid import UUID

from ..snapshot import Snapshot

AT_ONCE: Final = 4
"""How many are saved at a time: few beside the appends, which share the connection."""

WAITING: Final = 1000
"""How many may wait."""

Save = Callable[[UUID, str, Snapshot[Any]], Awaitable[None]]


class BackgroundSaves:
    """
    Saves snapshots in the background.

    Of one stream and kind only the newest waits: it makes the older ones pointless.

    Args:
        save: Saves one. It reports its failures, and raises none.
        drop: Reports one that is given up, because too many wait or the store closes.
    """

    def __init__(self, save: Save, drop: Callable[[UUID, str, Snapshot[Any]], object]) -> None:
        self._save = save
        self._drop = drop
        self._waiting: dict[tuple[UUID, str], Snapshot[Any]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    def add(self, stream_id: UUID, kind: str, snapshot: Snapshot[Any]) -> None:
        """Save a snapshot soon."""
        key = stream_id, kind
        waiting = self._waiting.get(key)
        if self._closed or (waiting is None and len(self._waiting) >= WAITING):
            self._drop(stream_id, kind, snapshot)
            return
        if waiting is None or waiting.version < snapshot.version:
            self._waiting[key] = snapshot
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
        for (stream_id, kind), snapshot in self._waiting.items():
            self._drop(stream_id, kind, snapshot)
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
            stream_id, kind = key = next(iter(self._waiting))
            await self._save(stream_id, kind, self._waiting.pop(key))
