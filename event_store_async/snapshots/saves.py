"""Saves: snapshots that are saved in the background, few at a time."""

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import Context
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import anyio

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
    save: Callable[[], Coroutine[Any, Any, None]]
    drop: Callable[[], object]


class BackgroundSaves:
    """
    Saves snapshots in the background.

    Of one stream and kind one is saved at a time, and only the newest waits: it makes older ones
    pointless.
    """

    def __init__(self) -> None:
        self._waiting: dict[tuple[UUID, str], PendingSave] = {}
        self._running: dict[asyncio.Task[None], PendingSave] = {}
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
        self._start()

    async def give_up(self, stream_id: UUID) -> None:
        """Give up what waits for a stream, and wait until nothing of it is being saved."""
        for key in [key for key in self._waiting if key[0] == stream_id]:
            self._waiting.pop(key).drop()
        saving = [task for task, each in self._running.items() if each.stream_id == stream_id]
        if saving:
            await asyncio.wait(saving)

    def refuse(self) -> None:
        """Refuse further snapshots; those that wait are still saved."""
        self._closed = True

    async def drain(self, timeout: float) -> bool:
        """Wait until all are saved, *timeout* seconds at most; give up the others."""
        with anyio.move_on_after(timeout):
            while self._running:
                await asyncio.wait(self._running)
        for pending in self._waiting.values():
            pending.drop()
        self._waiting.clear()
        for task in self._running:
            task.cancel()
        return True  # a snapshot is a hint: the outcome of its save is nobody's concern

    async def ended(self) -> None:
        """Wait for what was cancelled."""
        if self._running:
            await asyncio.wait(self._running)

    def _start(self) -> None:
        while len(self._running) < AT_ONCE and (key := self._next()) is not None:
            pending = self._waiting.pop(key)
            # In a context of its own: the correlation and the span are those of one command.
            task = asyncio.get_running_loop().create_task(pending.save(), context=Context())
            self._running[task] = pending
            task.add_done_callback(self._ended)

    def _next(self) -> tuple[UUID, str] | None:
        """Return what has waited longest, but for what has one in progress already."""
        busy = {(each.stream_id, each.kind) for each in self._running.values()}
        return next((key for key in self._waiting if key not in busy), None)

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._running[task]
        # Nothing is started in a loop that cancels its tasks, because it ends. What a save itself
        # raised, a panic of an extension for example, is asyncio's to report.
        if not task.cancelled():
            self._start()
