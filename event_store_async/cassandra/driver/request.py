"""Requests: one in flight, how many may be in flight at once, and which are sent together."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from contextvars import Context, copy_context
from typing import Any, Final, TypeAlias, TypeVarTuple

from ...errors import WrongEventLoop
from ...futures import answer_at_once

BUSY: Final = 16
"""From this many requests at the server on, sending the next one at once gains nothing."""

_Args = TypeVarTuple("_Args")

MakeRequest: TypeAlias = Callable[..., Coroutine[Any, Any, Any]]
"""Makes the driver's coroutine of a request."""

PATIENCE: Final = 0.001
"""Seconds for which a request is held at most; an asyncio timer is no finer than a millisecond."""


class Request:
    """
    A request at the driver. It runs to its end even if its caller is cancelled.

    The futures that its coroutine awaits step it, as a task would, at a fraction of a task's cost.
    If the driver's session belongs to another event loop, the request ends in `WrongEventLoop`;
    as with a task, it has been sent by then.

    Args:
        make: Makes the driver's coroutine, which may only await futures of the loop.
        ended: Called when a request that was sent has ended, before its waiter is.
        loop: The running event loop.
        args: What *make* is called with; a tuple costs a fifth of a `partial`.

    Attributes:
        loop: The event loop.
        done: Whether the request has ended.
    """

    __slots__ = (
        "_args",
        "_coroutine",
        "_ended",
        "_error",
        "_make",
        "_result",
        "_then",
        "_then_args",
        "done",
        "loop",
    )
    _then_args: tuple[Any, ...]  # of the callback, if there is one
    _coroutine: Coroutine[Any, Any, Any]
    _result: Any  # once it has ended without an error

    def __init__(
        self,
        make: MakeRequest,
        ended: Callable[["Request"], None],
        loop: asyncio.AbstractEventLoop,
        args: tuple[Any, ...] = (),
    ) -> None:
        self.loop = loop
        self._make = make
        self._args = args
        self._ended = ended
        self._then: Callable[..., object] | None = None
        self._error: BaseException | None = None
        self.done = False

    def send(self) -> None:
        """Hand the request to the driver."""
        try:
            self._coroutine = self._make(*self._args)
        except BaseException as error:  # noqa: BLE001 - `result` raises it
            self._error = error
            self._end()
        else:
            self._step(None)

    def refuse(self, error: Exception) -> None:
        """End the request with an error; it was not sent."""
        self._ended = _never_sent
        self._error = error
        self._end()

    def then(self, callback: Callable[[*_Args], object], *args: *_Args) -> None:
        """Call back when the request has ended. A second callback replaces the first."""
        if self.done:
            self.loop.call_soon(callback, *args)
        else:
            self._then = callback
            self._then_args = args

    async def wait(self) -> Any:
        """Wait for the end, then do as `result`; the caller may be cancelled."""
        if not self.done:
            waiting: asyncio.Future[None] = self.loop.create_future()
            self.then(answer_at_once, waiting, None)
            await waiting
        return self.result()

    def result(self) -> Any:
        """Return what the driver returned, or raise what it raised. Only once `done`."""
        if self._error is not None:
            raise self._error
        return self._result

    def _step(self, awaited: asyncio.Future[Any] | None) -> None:
        # Does what asyncio's Task.__step does. `awaited` is the future that has just finished;
        # None on the first step, while the caller is still sending.
        try:
            future = self._coroutine.send(None)
        except StopIteration as end:
            self._result = end.value
        except BaseException as error:  # noqa: BLE001 - `result` raises it
            self._error = error
        else:
            if future is None:  # a bare yield: it lets others run
                self.loop.call_soon(self._step, None)
            elif future.get_loop() is not self.loop:  # its answer would arrive in that loop
                self._coroutine.close()
                self._error = WrongEventLoop()
                self._end()
            else:
                future._asyncio_future_blocking = False  # noqa: SLF001 - as a task does it
                future.add_done_callback(self._step)
            return
        # After the block: within it, whoever goes on would be handling what the block caught.
        self._end(awaited is None)

    def _end(self, soon: bool = True) -> None:
        """Call back, *soon* instead of now while the caller is sending; the outcome is kept."""
        self.done = True
        self._ended(self)
        # The arguments refer to this request. Keeping them would leave a reference cycle, with all
        # that belongs to an append, to the garbage collector: an eighth of an append's time.
        then = self._then
        if then is not None:
            args, self._then_args = self._then_args, ()
            if soon:
                self.loop.call_soon(then, *args)
            else:
                then(*args)


def _never_sent(_: Request) -> None:
    """Stand in for what is called when a request that was sent has ended."""


class Permits:
    """
    How many requests may be in flight at once. Tasks and callbacks wait in one queue, in order.

    Args:
        count: How many permits there are.

    Attributes:
        value: How many permits are free; 0 while anything waits.
    """

    __slots__ = ("_waiting", "value")

    def __init__(self, count: int) -> None:
        self.value = count
        self._waiting: OrderedDict[object, Callable[[], bool]] = OrderedDict()

    def take(self) -> bool:
        """Take a permit if one is free. Returns whether it did."""
        if self.value:
            self.value -= 1
            return True
        return False

    def give_back(self) -> None:
        """Give a permit back: to the first in the queue that takes it."""
        while self._waiting:
            _, grant = self._waiting.popitem(last=False)
            if grant():
                return
        self.value += 1

    def ask(self, key: object, grant: Callable[[], bool]) -> None:
        """
        Join the queue without a task. Only if no permit is free.

        Args:
            key: Identifies the place in the queue, for `forget`.
            grant: Called once, when there is a permit. Returns whether it takes it.
        """
        self._waiting[key] = grant

    def forget(self, key: object) -> None:
        """Leave the queue."""
        self._waiting.pop(key, None)

    async def wait(self) -> None:
        """Wait in the queue for a permit; the caller may be cancelled."""
        granted: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def grant() -> bool:
            if granted.done():
                return False
            granted.set_result(None)
            return True

        self.ask(granted, grant)
        try:
            await granted
        except asyncio.CancelledError:
            self.forget(granted)
            if not granted.cancelled():  # the permit came at the same moment
                self.give_back()
            raise


class Outbox:
    """
    Hands requests to the driver, several at a time.

    A request that is sent alone wakes the driver's thread and the server's, and takes a packet of
    its own: a fifth of the client's CPU at 64 requests in flight (``make bench ONLY=hot_path``). So

    - with nothing at the server, a request is sent at once;
    - with up to `BUSY` requests there, at the end of the event loop's turn;
    - with more there, it is held for `PATIENCE` at most, or until no more than `BUSY` are there.
      Its answer comes no later: with less work for each request, all are served sooner.

    Attributes:
        held: The requests that are held, each with the context of its caller.
    """

    __slots__ = ("_leaving", "_timer", "held")

    def __init__(self) -> None:
        self.held: list[tuple[Request, Context]] = []
        self._leaving = False  # the held requests are sent at the end of this turn
        self._timer: asyncio.TimerHandle | None = None

    def post(self, request: Request, at_server: int, at_once: bool = True) -> None:
        """Send a request, *at_once* or in a moment; *at_server* others are at the server."""
        if at_once and not at_server and not self.held:
            request.send()
            return
        self.held.append((request, copy_context()))
        if at_server <= BUSY:
            self._leave(request.loop)
        elif self._timer is None:
            self._timer = request.loop.call_later(PATIENCE, self._send_all)

    def landed(self, at_server: int) -> None:
        """Note that a request has ended; *at_server* are still at the server."""
        if self.held and at_server <= BUSY:
            self._leave(self.held[0][0].loop)

    def _leave(self, loop: asyncio.AbstractEventLoop) -> None:
        if not self._leaving:
            self._leaving = True
            loop.call_soon(self._send_all)

    def _send_all(self) -> None:
        held, self.held = self.held, []
        self._leaving = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for request, context in held:
            context.run(request.send)  # an instrumented driver sees the caller's own context
