"""Deadline: requests for keys end in the time that a call has."""

from collections.abc import Awaitable
from typing import TypeVar

import anyio

from ..errors import StoreUnavailable

T = TypeVar("T")


async def within(timeout: float | None, asking: Awaitable[T]) -> T:
    """
    Return the answer of a key store, if it comes within *timeout* seconds.

    Raises:
        StoreUnavailable: it does not.
        EventStoreError: as the key store does.
    """
    if timeout is None:
        return await asking
    with anyio.move_on_after(timeout):
        return await asking
    raise StoreUnavailable(f"the key store did not answer within {timeout:g} s")
