"""Repeating: a request that may safely be sent again, until it is answered or time is up."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio

from ..retry import Backoff, Deadline
from .faults import Fault, Kind

_T = TypeVar("_T")


async def repeat(
    request: Callable[[], Awaitable[_T]], deadline: Deadline, backoff: Backoff, doing: str
) -> _T:
    """
    Send a request that stores nothing, or the same thing every time, until it is answered.

    Args:
        request: Sends it; raises `Fault`.
        deadline: Until when.
        backoff: The pauses between attempts.
        doing: What is being done, for the error, as in "reading stream …".

    Raises:
        StoreUnavailable: there was no answer before the deadline.
        RequestRefused: the server or the driver refuses it for good.
    """
    for pause in backoff.pauses():
        try:
            return await request()
        except Fault as fault:
            if fault.kind is Kind.REFUSED or not deadline.allows(pause):
                raise fault.as_error(doing) from fault
        await anyio.sleep(pause)
    raise AssertionError("pauses never end")
