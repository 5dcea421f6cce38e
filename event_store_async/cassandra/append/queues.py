"""A queue for each stream: appends of one process wait for each other instead of conflicting."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final
from uuid import UUID

from ...counts import counted
from ...errors import AppendOutcomeUnknown, StoreClosed, StoreOverloaded
from ...futures import answer_at_once
from ...retry import Deadline, nearest
from ...settings import Settings
from ...versions import ANY
from .batch import PendingAppend, answer_all, next_batch
from .executor import Executor
from .plan import AppendPlan

_LOG: Final = logging.getLogger("event_store_async")

_SHORTEST_TIMER: Final = 0.01
"""Seconds. Thousands of appends may wait, and the timer looks at all of them each time."""


class StreamQueues:
    """
    A queue for each stream that is being appended to; first come, first served.

    An append that was started is carried through, even if its caller is cancelled. A queue is
    removed as soon as it is empty.

    Args:
        executor: Carries out the appends whose turn it is.
        settings: How many may wait in one queue, and how many may share a batch.

    Attributes:
        turns: Whose turn it is on the streams that others append to, too.
    """

    def __init__(self, executor: Executor, settings: Settings) -> None:
        self._executor = executor
        self._listener = executor.listener
        self.turns = executor.listener.turns
        self._settings = settings
        self._queues: dict[int, StreamQueue] = {}  # a UUID is slow to hash
        self._limit = settings.max_pending
        self._most = settings.max_waiting
        self._waiting = 0  # in all queues
        self._closed = False
        self._emptied: asyncio.Future[None] | None = None  # set once `drain` waits

    def __len__(self) -> int:
        """Return how many streams are being appended to."""
        return len(self._queues)

    @property
    def waiting(self) -> int:
        """How many appends wait for their turn; from any thread."""
        return self._waiting

    def submit(self, append: PendingAppend) -> None:
        """
        Carry out an append when its turn comes, now or later.

        Its result, or the error that it ends with, is in `PendingAppend.outcome`.
        A caller that is cancelled leaves at once. Before its turn nothing is sent; after that the
        append is carried through without it.

        Raises:
            StoreClosed, StoreOverloaded: the append was not accepted, and nothing is sent.
        """
        if self._closed:
            raise StoreClosed
        queues, stream_id = self._queues, append.stream_id
        queue = queues.get(stream_id.int)
        if len(queues) + self._waiting >= self._limit:
            self._refuse_overload(append, queue)
        if queue is not None:
            self._wait(queue, append)
            return
        queue = queues[stream_id.int] = empty_queue(stream_id)
        if self.turns.streams and self._must_wait(append):
            self._wait(queue, append)
            self._listen(queue)
        else:
            self._serve(queue, (append,))

    def refuse(self) -> None:
        """Refuse new appends from now on, and wait for no turn of another process."""
        self._closed = True
        self._listener.hurry_all()

    async def drain(self, timeout: float) -> bool:
        """
        Wait for the appends that were accepted before `refuse`; return whether all were settled.

        Those that are not settled after *timeout* seconds are given up: their callers get
        `AppendOutcomeUnknown` if the append was started, and `StoreClosed` if it was not. Their
        requests go on until the server answers; `ended` waits for that.
        """
        if self._queues:
            self._emptied = asyncio.get_running_loop().create_future()
            await asyncio.wait([self._emptied], timeout=timeout)
        for queue in self._queues.values():
            queue.abandon()
        return not self._queues

    async def ended(self) -> None:
        """Wait for what `drain` gave up: it ends once the session refuses its next request."""
        if self._queues and self._emptied is not None:
            await self._emptied

    def _wait(self, queue: "StreamQueue", append: PendingAppend) -> None:
        """Put an append at the end of its queue, until its deadline at most."""
        if append.watch is not None:
            append.watch.queue_depth = len(queue.waiting) + len(queue.serving)
        waiting = queue.waiting
        if not isinstance(waiting, deque):
            waiting = queue.waiting = deque()
        if len(waiting) >= self._most:
            raise StoreOverloaded(
                f"{counted(len(waiting), 'append')} already waiting for stream {append.stream_id}"
            )
        waiting.append(append)
        self._waiting += 1
        if append.expected_version is not ANY and isinstance(append.expected_version, int):
            self._listener.hurry(queue.stream_id)
        if queue.timer is None or append.deadline.at < queue.due:
            queue.expire_at(append.deadline, self._left)

    def _left(self, number: int) -> None:
        """Note that appends left a queue without having been served."""
        self._waiting -= number

    def _refuse_overload(self, append: PendingAppend, queue: "StreamQueue | None") -> None:
        if append.watch is not None and queue is not None:
            append.watch.queue_depth = len(queue.waiting) + len(queue.serving)
        raise StoreOverloaded(
            f"{counted(len(self._queues) + self._waiting, 'append')} already in progress or "
            f"waiting, to {counted(len(self._queues), 'stream')}; nothing of this one was sent",
            hint="append less at once, or raise Settings.max_pending",
        )

    def _advance(self, queue: "StreamQueue") -> None:
        """Serve the next appends of a queue, in the turn of this process."""
        if self.turns.streams and queue.waiting and self._must_wait(queue.waiting[0]):
            self._listen(queue)
        else:
            self._serve_next(queue)

    def _must_wait(self, append: PendingAppend) -> bool:
        """Return whether an append must let other processes go first: none at an exact version."""
        exact = isinstance(append.expected_version, int)
        return not exact and self._listener.must_wait(append.stream_id)

    def _listen(self, queue: "StreamQueue") -> None:
        """Wait for a turn; more appends join meanwhile, and each of them until its deadline."""
        waiting = self._listener.wait(queue.stream_id, Deadline(self._settings.timeout))
        queue.task = asyncio.get_running_loop().create_task(waiting)
        queue.task.add_done_callback(partial(self._listened, queue))

    def _listened(self, queue: "StreamQueue", task: asyncio.Task[None]) -> None:
        queue.task = None
        if task.cancelled():  # only a loop that ends does that
            self._lose(queue)
            return
        if task.exception() is not None:
            _LOG.debug("stream %s was not listened to", queue.stream_id, exc_info=task.exception())
        self._serve_next(queue)

    def _serve_next(self, queue: "StreamQueue") -> None:
        """Serve the next appends of a queue, or remove it if it is empty."""
        appends: Sequence[PendingAppend] = ()
        if queue.waiting:
            before = len(queue.waiting)
            appends = next_batch(queue.waiting, self._settings)
            self._waiting -= before - len(queue.waiting)
        if appends:
            self._serve(queue, appends)
        else:
            self._remove(queue)

    def _serve(self, queue: "StreamQueue", appends: Sequence[PendingAppend]) -> None:
        queue.serving = appends
        for append in appends:
            append.started = True
        if self._listener.hurried and isinstance(appends[0].expected_version, int):
            self._calm(queue)
        try:
            # Called back by the event loop: most appends never need a task.
            begun = self._executor.begin(appends, self._attempted, queue)
        except Exception:  # noqa: BLE001 - `carry_out` meets it again, and tells the callers
            begun = False
        if not begun:
            self._carry_out(queue, None)

    def _calm(self, queue: "StreamQueue") -> None:
        """Take turns again, unless another append at an exact version waits."""
        if not any(isinstance(append.expected_version, int) for append in queue.waiting):
            self._listener.calm(queue.stream_id)

    def _attempted(self, queue: "StreamQueue", plan: AppendPlan) -> None:
        if self._executor.finish(plan):
            serving = queue.serving
            self._served(queue)
            # At last: the callers may append again.
            if len(serving) == 1:
                answer_at_once(serving[0].outcome, plan.results[0])
            else:
                answer_all(serving, plan.results)
        else:
            self._carry_out(queue, plan)

    def _carry_out(self, queue: "StreamQueue", plan: AppendPlan | None) -> None:
        carrying = self._executor.carry_out(queue.serving, plan)
        queue.task = asyncio.get_running_loop().create_task(carrying)
        queue.task.add_done_callback(partial(self._carried_out, queue))

    def _carried_out(self, queue: "StreamQueue", task: asyncio.Task[None]) -> None:
        queue.task = None
        if task.cancelled():  # only a loop that ends does that
            self._lose(queue)
        elif (error := task.exception()) is not None:
            _LOG.error("appends to stream %s were lost", queue.stream_id, exc_info=error)
            self._lose(queue)
        else:
            self._served(queue)

    def _served(self, queue: "StreamQueue") -> None:
        if queue.waiting or len(queue.serving) > 1:
            # In the loop's next turn: the callers that are answered may append again by then, and
            # so join the next batch.
            asyncio.get_running_loop().call_soon(self._advance, queue)
        else:
            self._remove(queue)
        queue.serving = ()

    def _lose(self, queue: "StreamQueue") -> None:
        queue.abandon()
        self._remove(queue)

    def _remove(self, queue: "StreamQueue") -> None:
        del self._queues[queue.stream_id.int]
        if self._listener.hurried:
            self._listener.calm(queue.stream_id)
        if queue.waiting:  # they are lost
            self._waiting -= len(queue.waiting)
        if queue.timer is not None:
            queue.timer.cancel()
        if self._emptied is not None and not self._queues and not self._emptied.done():
            self._emptied.set_result(None)


class StreamQueue:
    """
    The appends to one stream. Made by `empty_queue`: a constructor would be felt, as for an append.

    Attributes:
        stream_id: The stream.
        waiting: Those whose turn has not come, in order.
        serving: Those whose turn it is.
        task: Carries them out if the first attempt did not store them, or waits for the turn of
            this process. Nothing cancels it but a loop that ends.
        timer: Expires those that wait too long: one timer for all, since most never need it.
        due: When it does, by the monotonic clock; only while there is a timer.
    """

    __slots__ = ("_left", "due", "serving", "stream_id", "task", "timer", "waiting")
    stream_id: UUID
    waiting: deque[PendingAppend] | tuple[()]
    serving: Sequence[PendingAppend]
    task: asyncio.Task[None] | None
    timer: asyncio.TimerHandle | None
    due: float
    _left: Callable[[int], object]

    def expire_at(self, deadline: Deadline, left: Callable[[int], object]) -> None:
        """
        Set the timer to a deadline; the one that there may be is later.

        Args:
            deadline: The deadline.
            left: Called with how many appends have left the queue then.
        """
        if self.timer is not None:
            self.timer.cancel()
        self.due = deadline.at
        self._left = left
        later = max(deadline.remaining(), _SHORTEST_TIMER)
        self.timer = asyncio.get_running_loop().call_later(later, self._expire)

    def _expire(self) -> None:
        self.timer = None
        for append in self.waiting:
            if append.deadline.remaining() <= 0:
                append.expire()
        before = len(self.waiting)
        while isinstance(self.waiting, deque) and self.waiting and self.waiting[0].left:
            self.waiting.popleft()
        self._left(before - len(self.waiting))
        staying = [append.deadline for append in self.waiting if not append.left]
        if staying:
            self.expire_at(nearest(staying), self._left)

    def abandon(self) -> None:
        """Fail every append that is still queued or in flight."""
        for append in self.serving:
            unknown = AppendOutcomeUnknown(
                append.stream_id, append.expected_version, append.encoded.events
            )
            append.give_up(unknown)
        for append in self.waiting:
            append.give_up(StoreClosed())


def empty_queue(stream_id: UUID) -> StreamQueue:
    """Make the queue of a stream."""
    queue = StreamQueue()
    queue.stream_id = stream_id
    queue.waiting = ()  # most queues never need a deque
    queue.serving = ()
    queue.task = None
    queue.timer = None
    return queue
