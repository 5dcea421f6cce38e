"""Lanes: the appends of one process to one stream wait for each other instead of duelling."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

from ..errors import AppendOutcomeUnknown, StoreClosed, StoreOverloaded
from ..results import AppendResult
from ..settings import Settings
from .appending import Append
from .callers import Caller
from .groups import next_group


class Lanes:
    """
    A lane for each stream that is being appended to; first come, first served.

    What has been started is carried through by a task of the lane's, whatever becomes of the
    caller. A lane is gone as soon as it is empty.

    Args:
        carry_out: Carries out the appends of callers that one batch can serve, and answers them.
        settings: How many may wait in one lane, and how many may be served together.
    """

    def __init__(
        self, carry_out: Callable[[Sequence[Caller]], Awaitable[None]], settings: Settings
    ) -> None:
        self._carry_out = carry_out
        self._settings = settings
        self._lanes: dict[UUID, deque[Caller]] = {}
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
        elif len(lane) >= self._settings.max_waiting:
            raise StoreOverloaded(
                f"{len(lane):,} appends wait for stream {append.stream_id} already"
            )
        caller = Caller(append)
        lane.append(caller)
        timer = loop.call_at(append.deadline.at, caller.expire)
        try:
            return await caller.outcome
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

    async def _drain(self, stream_id: UUID, lane: deque[Caller]) -> None:
        try:
            while lane:
                callers = next_group(lane, self._settings)
                if callers:
                    await self._serve(callers)
                    # Those who have just been answered may append again: they join the next group.
                    await asyncio.sleep(0)
        finally:
            del self._lanes[stream_id]
            for caller in lane:
                caller.fail(StoreClosed())

    async def _serve(self, callers: Sequence[Caller]) -> None:
        for caller in callers:
            caller.started = True
        try:
            await self._carry_out(callers)
        except asyncio.CancelledError:
            for caller in callers:
                append = caller.append
                caller.fail(
                    AppendOutcomeUnknown(
                        append.stream_id, append.expected_version, append.drafts.events
                    )
                )
            raise
