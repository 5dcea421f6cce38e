"""Lanes: the appends of one process to one stream wait for each other instead of duelling."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final
from uuid import UUID

from ..errors import AppendOutcomeUnknown, StoreClosed, StoreOverloaded
from ..results import AppendResult
from .appending import Append

_LOG: Final = logging.getLogger("event_store_async")


class _Entry:
    __slots__ = ("append", "outcome", "started")

    def __init__(self, append: Append, outcome: "asyncio.Future[AppendResult]") -> None:
        self.append = append
        self.outcome = outcome
        self.started = False

    def expire(self) -> None:
        if not self.started and not self.outcome.done():
            self.outcome.set_exception(
                StoreOverloaded(
                    f"the appends to stream {self.append.stream_id} that came before this one "
                    "took longer than its deadline; nothing of it was sent"
                )
            )


class Lanes:
    """
    A lane for each stream that is being appended to; first come, first served.

    What has been started is carried through by a task of the lane's, whatever becomes of the
    caller. A lane is gone as soon as it is empty.

    Args:
        carry_out: Carries out one append.
        max_waiting: Appends that may wait in one lane.
    """

    def __init__(
        self, carry_out: Callable[[Append], Awaitable[AppendResult]], *, max_waiting: int
    ) -> None:
        self._carry_out = carry_out
        self._max_waiting = max_waiting
        self._lanes: dict[UUID, deque[_Entry]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    def __len__(self) -> int:
        """Return how many streams are being appended to."""
        return len(self._lanes)

    async def submit(self, append: Append) -> AppendResult:
        """
        Wait for the stream's turn, and for the outcome.

        A caller that is cancelled leaves at once: before its turn nothing is sent, afterwards the
        append is carried through without it.

        Raises:
            StoreClosed, StoreOverloaded, and what carrying it out raises
        """
        if self._closed:
            raise StoreClosed
        loop = asyncio.get_running_loop()
        lane = self._lanes.get(append.stream_id)
        if lane is None:
            lane = self._lanes[append.stream_id] = deque()
            task = loop.create_task(self._drain(append.stream_id, lane))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        elif len(lane) >= self._max_waiting:
            raise StoreOverloaded(
                f"{len(lane):,} appends wait for stream {append.stream_id} already"
            )
        entry = _Entry(append, loop.create_future())
        lane.append(entry)
        timer = loop.call_at(append.deadline.at, entry.expire)
        try:
            return await entry.outcome
        finally:
            timer.cancel()

    def refuse(self) -> None:
        """Refuse new appends from now on."""
        self._closed = True

    async def close(self, timeout: float) -> bool:
        """
        Wait for the appends that came before `refuse`; True if all were carried through.

        Those that are not after *timeout* seconds are abandoned: a caller that still waits meets
        `AppendOutcomeUnknown` if its append was begun, `StoreClosed` if not.
        """
        self.refuse()
        if not self._tasks:
            return True
        _, late = await asyncio.wait(self._tasks, timeout=timeout)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late)
        return not late

    async def _drain(self, stream_id: UUID, lane: deque[_Entry]) -> None:
        try:
            while lane:
                entry = lane.popleft()
                if not entry.outcome.done():
                    entry.started = True
                    await self._settle(entry)
        finally:
            del self._lanes[stream_id]
            for entry in lane:
                if not entry.outcome.done():
                    entry.outcome.set_exception(StoreClosed())

    async def _settle(self, entry: _Entry) -> None:
        try:
            result = await self._carry_out(entry.append)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the caller's answer
            if entry.outcome.done():
                _LOG.warning("an append whose caller was cancelled failed: %s", error)
            else:
                entry.outcome.set_exception(error)
        except asyncio.CancelledError:
            if not entry.outcome.done():
                append = entry.append
                entry.outcome.set_exception(
                    AppendOutcomeUnknown(
                        append.stream_id, append.expected_version, append.drafts.events
                    )
                )
            raise
        else:
            if not entry.outcome.done():
                entry.outcome.set_result(result)
