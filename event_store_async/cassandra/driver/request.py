"""Requests: what has been sent ends by itself, whoever waits for it."""

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from ...errors import WrongEventLoop


class Request:
    """
    A request at the driver.

    Its coroutine is stepped by the futures that it waits for, as a task would do it, at a fraction
    of a task's cost. Nobody can cancel it. Where the driver's session belongs to another event
    loop, it ends with `WrongEventLoop`, as it would in a task: by then it has been sent.

    Args:
        make: Makes the driver's coroutine. It may wait for futures of the loop only.
        ended: Called when what was sent has ended, before anybody who waits is told.
        loop: The event loop, which runs.

    Attributes:
        loop: The event loop.
        done: Whether it has ended.
    """

    __slots__ = ("_coroutine", "_ended", "_error", "_make", "_result", "_then", "done", "loop")
    _coroutine: Coroutine[Any, Any, Any]

    def __init__(
        self,
        make: Callable[[], Coroutine[Any, Any, Any]],
        ended: Callable[["Request"], None],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self.loop = loop
        self._make = make
        self._ended = ended
        self._then: Callable[[], object] | None = None
        self._result: Any = None
        self._error: BaseException | None = None
        self.done = False

    def send(self) -> None:
        """Hand the request to the driver."""
        try:
            self._coroutine = self._make()
        except BaseException as error:  # noqa: BLE001 - it is told to whoever asks for the result
            self._end(error)
        else:
            self._step(None)

    def refuse(self, error: Exception) -> None:
        """End it unsent."""
        self._error = error
        self.done = True
        self._tell(soon=True)

    def then(self, callback: Callable[[], object]) -> None:
        """Call back when the request has ended; the one who asked last is called."""
        if self.done:
            self.loop.call_soon(callback)
        else:
            self._then = callback

    async def wait(self) -> Any:
        """Return what the driver returned, or raise what it raised; may be cancelled."""
        if not self.done:
            waiting: asyncio.Future[None] = self.loop.create_future()
            self.then(partial(_wake, waiting))
            await waiting
        return self.result()

    def result(self) -> Any:
        """Return what the driver returned, or raise what it raised, of a request that is done."""
        if self._error is not None:
            raise self._error
        return self._result

    def _step(self, awaited: asyncio.Future[Any] | None) -> None:
        try:
            future = self._coroutine.send(None)
        except StopIteration as end:
            self._result = end.value
            self._end(None, soon=awaited is None)
        except BaseException as error:  # noqa: BLE001 - it is told to whoever asks for the result
            self._end(error, soon=awaited is None)
        else:
            if future is None:  # it only gives way to others
                self.loop.call_soon(self._step, None)
            elif future.get_loop() is not self.loop:  # its answer would come there, if ever
                self._coroutine.close()
                self._end(WrongEventLoop())
            else:
                future._asyncio_future_blocking = False  # noqa: SLF001 - as a task does it
                future.add_done_callback(self._step)

    def _end(self, error: BaseException | None, *, soon: bool = True) -> None:
        """Remember the outcome and tell it; *soon*, not now, where somebody is still sending."""
        self._error = error
        self.done = True
        self._ended(self)
        self._tell(soon=soon)

    def _tell(self, *, soon: bool) -> None:
        # Forgotten, since it knows this request: a circle of all that belongs to an append would
        # be left to the garbage collector, an eighth of the append's time.
        then, self._then = self._then, None
        if then is not None:
            if soon:
                self.loop.call_soon(then)
            else:
                then()


def _wake(waiting: asyncio.Future[None]) -> None:
    if not waiting.done():
        waiting.set_result(None)
