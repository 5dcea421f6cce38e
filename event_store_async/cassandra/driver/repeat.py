"""Repeats a request that may safely be sent again, until it is answered or time is up."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from ...retry import Backoff, Deadline, Retry
from .faults import Certainty, Fault

_T = TypeVar("_T")

Explain = Callable[[Fault, Deadline], Awaitable[None]]
"""Looks for the reason of a fault until a deadline at most, and raises the error if it finds one
that makes another attempt useless."""


async def repeat(
    request: Callable[[bool], Awaitable[_T]],
    deadline: Deadline,
    backoff: Backoff,
    doing: str,
    explain: Explain | None = None,
) -> _T:
    """
    Send a request that stores nothing, or the same thing every time, until it is answered.

    Args:
        request: Sends the request and raises `Fault`. Its argument is True from the second
            attempt on: it should ask another node then, since the first one may hang, or may be
            cut off from the others.
        deadline: Until when attempts are made.
        backoff: The pauses between attempts.
        doing: What is being done, for the error, as in "reading stream …".
        explain: Looks for the reason of a fault.

    Raises:
        StoreUnavailable: there was no answer before the deadline.
        RequestRefused: the server or the driver refuses the request for good.
        EventStoreError: what *explain* raises.
    """
    retry = Retry(backoff, deadline)
    while True:
        try:
            return await request(retry.again)
        except Fault as fault:
            if explain is not None:
                await explain(fault, deadline)
            if fault.certainty is Certainty.REFUSED or not retry.allows():
                raise fault.as_error(doing) from fault
        await retry.pause()
