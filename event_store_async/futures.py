"""Futures: how the task that awaits one goes on without another turn of the event loop."""

import asyncio
from typing import TypeVar

_T = TypeVar("_T")


def answer_at_once(future: asyncio.Future[_T], result: _T) -> None:
    """
    Set the result of a future, and let the task that awaits it go on within this call.

    By itself, a future has the loop call the task in the loop's next turn. This calls what the loop
    would call. With one append in flight, it spares a twentieth of the client's work.

    Only from a callback of the event loop, since a task cannot go on within another one. The caller
    must be done with all that the task might change. A future that is done stays as it is.
    """
    # Both of asyncio's implementations have this attribute; it is empty once the future is done.
    waiting = future._callbacks  # noqa: SLF001
    if waiting and len(waiting) == 1:
        ((go_on, context),) = waiting
        future.remove_done_callback(go_on)
        future.set_result(result)
        context.run(go_on, future)
    elif not future.done():
        future.set_result(result)
