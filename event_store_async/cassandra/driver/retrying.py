"""Repeating: a request that may safely be sent again, until it is answered or time is up."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio

from ...retry import Backoff, Deadline
from .faults import Certainty, Fault

_T = TypeVar("_T")


async def repeat(
    request: Callable[[bool], Awaitable[_T]], deadline: Deadline, backoff: Backoff, doing: str
) -> _T:
    """
    Send a request that stores nothing, or the same thing every time, until it is answered.

    Args:
        request: Sends it, to the next node if told to: the first one may hang, or be cut from the
            others; raises `Fault`.
        deadline: Until when.
        backoff: The pauses between attempts.
        doing: What is being done, for the error, as in "reading stream …".

    Raises:
        StoreUnavailable: there was no answer before the deadline.
        RequestRefused: the server or the driver refuses it for good.
    """
    elsewhere = False
    for pause in backoff.pauses():
        try:
            return await request(elsewhere)
        except Fault as fault:
            elsewhere = True
            if fault.certainty is Certainty.REFUSED or not deadline.allows(pause):
                raise fault.as_error(doing) from fault
        await anyio.sleep(pause)
    raise AssertionError("pauses never end")
