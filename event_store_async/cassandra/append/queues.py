"""A queue for each stream: appends of one process wait for each other instead of duelling."""

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from functools import partial
from typing import Final
from uuid import UUID

from ...errors import AppendOutcomeUnknown, StoreClosed, StoreOverloaded
from ...results import Persisted
from ...retry import Deadline, nearest
from ...settings import Settings
from .batch import next_group
from .executor import Grouper
from .first_attempt import Attempts
from .pending import Append
from .settler import Proposal

_LOG: Final = logging.getLogger("event_store_async")

_SHORTEST_TIMER: Final = 0.01
"""Seconds: thousands may wait, and each time all of them are looked at."""


class StreamQueues:
    """
    A lane for each stream that is being appended to; first come, first served.

    What has been started is carried through, whatever becomes of the caller. A lane is gone as
    soon as it is empty.

    Args:
        attempts: Makes first attempts.
        grouper: Carries through what a first attempt cannot.
        settings: How many may wait in one lane, and how many may be served together.
    """

    def __init__(self, attempts: Attempts, grouper: Grouper, settings: Settings) -> None:
        self._attempts = attempts
        self._grouper = grouper
        self._settings = settings
        self._lanes: dict[int, _StreamQueue] = {}  # a UUID is slow to hash
        self._closed = False
        self._emptied: asyncio.Future[None] | None = None  # somebody waits for the last lane

    def __len__(self) -> int:
        """Return how many streams are being appended to."""
        return len(self._lanes)

    @property
    def waiting(self) -> int:
        """How many appends wait for their turn; from any thread."""
        return sum(len(lane.waiting) for lane in list(self._lanes.values()))

    def submit(self, append: Append) -> None:
        """
        Take an append in: it is carried out when it is the stream's turn, now or later.

        A caller that is cancelled leaves at once: before its turn nothing is sent, afterwards the
        append is carried through without it.

        Raises:
            StoreClosed, StoreOverloaded: it is not taken in. Whatever else comes of it, its
                `Append.outcome` tells.
        """
        if self._closed:
            raise StoreClosed
        lane = self._lanes.get(append.stream_id.int)
        if lane is not None:
            self._wait(lane, append)
        else:
            lane = self._lanes[append.stream_id.int] = _StreamQueue(append.stream_id)
            self._serve(lane, (append,))

    def refuse(self) -> None:
        """Refuse new appends from now on."""
        self._closed = True

    async def close(self, timeout: float) -> bool:
        """
        Wait for the appends that came before `refuse`; True if all were carried through.

        Those that are not after *timeout* seconds are given up: a caller that still waits meets
        `AppendOutcomeUnknown` if its append was begun, `StoreClosed` if not. What is at the
        server goes on until it ends; `ended` waits for it.
        """
        self.refuse()
        if self._lanes:
            self._emptied = asyncio.get_running_loop().create_future()
            await asyncio.wait([self._emptied], timeout=timeout)
        for lane in self._lanes.values():
            lane.abandon()
        return not self._lanes

    async def ended(self) -> None:
        """Wait for what `close` gave up; it ends where the session refuses it."""
        if self._lanes and self._emptied is not None:
            await self._emptied

    def _wait(self, lane: "_StreamQueue", append: Append) -> None:
        """Let it wait behind others: not for longer than its deadline."""
        if append.watch is not None:
            append.watch.queue_depth = len(lane.waiting) + len(lane.serving)
        if len(lane.waiting) >= self._settings.max_waiting:
            raise StoreOverloaded(
                f"{len(lane.waiting):,} appends wait for stream {append.stream_id} already"
            )
        if not isinstance(lane.waiting, deque):
            lane.waiting = deque()
        lane.waiting.append(append)
        lane.expire_at(append.deadline)

    def _advance(self, lane: "_StreamQueue") -> None:
        """Begin with those whose turn it is."""
        appends = next_group(lane.waiting, self._settings) if lane.waiting else ()
        if appends:
            self._serve(lane, appends)
        else:
            self._remove(lane)

    def _serve(self, lane: "_StreamQueue", appends: Sequence[Append]) -> None:
        lane.serving = appends
        for append in appends:
            append.started = True
        try:
            begun = self._attempts.begin(appends)
        except Exception:  # noqa: BLE001 - the callers meet it where it is carried out
            begun = None
        if begun is None:
            self._carry_out(lane, None)
        else:
            proposal, results = begun
            assert proposal.request is not None  # noqa: S101 - `begin` gave it
            proposal.request.then(partial(self._attempted, lane, proposal, results))

    def _attempted(
        self, lane: "_StreamQueue", proposal: Proposal, results: Sequence[Persisted]
    ) -> None:
        if self._attempts.finish(lane.serving, proposal, results):
            self._served(lane)
        else:
            self._carry_out(lane, proposal)

    def _carry_out(self, lane: "_StreamQueue", proposal: Proposal | None) -> None:
        carrying = self._grouper.carry_out(lane.serving, proposal)
        lane.task = asyncio.get_running_loop().create_task(carrying)
        lane.task.add_done_callback(partial(self._carried_out, lane))

    def _carried_out(self, lane: "_StreamQueue", task: asyncio.Task[None]) -> None:
        lane.task = None
        if task.cancelled():  # the loop ends
            self._lose(lane)
        elif (error := task.exception()) is not None:
            _LOG.error("appends to stream %s were lost", lane.stream_id, exc_info=error)
            self._lose(lane)
        else:
            self._served(lane)

    def _served(self, lane: "_StreamQueue") -> None:
        if lane.waiting or len(lane.serving) > 1:
            # Those who have just been answered may append again: they join the next group.
            asyncio.get_running_loop().call_soon(self._advance, lane)
        else:
            self._remove(lane)
        lane.serving = ()

    def _lose(self, lane: "_StreamQueue") -> None:
        lane.abandon()
        self._remove(lane)

    def _remove(self, lane: "_StreamQueue") -> None:
        del self._lanes[lane.stream_id.int]
        if lane.timer is not None:
            lane.timer.cancel()
        if not self._lanes and self._emptied is not None and not self._emptied.done():
            self._emptied.set_result(None)


class _StreamQueue:
    """
    The appends to one stream.

    Attributes:
        stream_id: The stream.
        waiting: Whose turn has not come, in order.
        serving: Whose turn it is.
        task: What carries them out, where a first attempt did not; nobody cancels it but a loop
            that ends.
        timer: Expires those who wait too long: one for all of them, since most never need it.
    """

    __slots__ = ("_due", "serving", "stream_id", "task", "timer", "waiting")

    def __init__(self, stream_id: UUID) -> None:
        self.stream_id = stream_id
        self.waiting: deque[Append] | tuple[()] = ()  # most lanes never need one
        self.serving: Sequence[Append] = ()
        self.task: asyncio.Task[None] | None = None
        self.timer: asyncio.TimerHandle | None = None
        self._due = 0.0

    def expire_at(self, deadline: Deadline) -> None:
        """See to it that somebody who waits until a deadline waits no longer."""
        if self.timer is not None:
            if deadline.at >= self._due:
                return
            self.timer.cancel()
        self._due = deadline.at
        later = max(deadline.remaining(), _SHORTEST_TIMER)
        self.timer = asyncio.get_running_loop().call_later(later, self._expire)

    def _expire(self) -> None:
        self.timer = None
        for append in self.waiting:
            if append.deadline.remaining() <= 0:
                append.expire()
        while isinstance(self.waiting, deque) and self.waiting and self.waiting[0].left:
            self.waiting.popleft()
        staying = [append.deadline for append in self.waiting if not append.left]
        if staying:
            self.expire_at(nearest(staying))

    def abandon(self) -> None:
        """Tell those who are still here that nobody cares for them any more."""
        for append in self.serving:
            unknown = AppendOutcomeUnknown(
                append.stream_id, append.expected_version, append.encoded.events
            )
            append.give_up(unknown)
        for append in self.waiting:
            append.give_up(StoreClosed())
