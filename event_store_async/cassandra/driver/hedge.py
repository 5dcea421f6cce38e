"""Hedge: sends a request again, to another node, if the first one does not answer soon."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final, TypeVar

import anyio

from ...tasks import task_group
from .faults import Certainty, Fault

_T = TypeVar("_T")

PATIENCE = 0.25
"""Seconds without an answer after which a request is sent once more."""

MOST: Final = 6
"""
How often a request is sent at most. When many are sent side by side, some of them meet the same
node two or three times: the driver goes round the nodes, and not for each request by itself.
"""


async def hedged(request: Callable[[bool], Awaitable[_T]]) -> _T:
    """
    Send a request that only asks; if it is not answered soon, send it again, `MOST` times in all.

    The first answer counts. A node that hangs keeps its connections open, so a request to it ends
    by its time limit only, seconds later; the driver sends the next one to the node after it. For
    what a store asks before its first append, since one question after another would wait.

    Args:
        request: Sends the request and raises `Fault`. Its argument is True from the second time
            on: it should ask another node then.

    Raises:
        Fault: the server refused it; or no request was answered, and this came first.
    """
    answers: list[_T] = []
    faults: list[Fault] = []
    ended = anyio.Event()

    async def ask(*, again: bool) -> None:
        try:
            answers.append(await request(again))
        except Fault as fault:
            if fault.certainty is Certainty.REFUSED:  # another node would refuse it as well
                raise
            faults.append(fault)
        ended.set()

    async with task_group() as group:
        for sent in range(1, MOST + 1):
            group.start_soon(partial(ask, again=sent > 1))
            with anyio.move_on_after(PATIENCE if sent < MOST else None):
                # A fault says nothing as long as another request may still be answered.
                while not answers and len(faults) < sent:
                    await ended.wait()
                    ended = anyio.Event()
            if answers or len(faults) == sent:
                break
        group.cancel_scope.cancel()
    if answers:
        return answers[0]
    raise faults[0]
