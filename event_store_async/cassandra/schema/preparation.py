"""Preparation: one call at a time prepares what all of them need."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio

from ...errors import StoreUnavailable
from ...retry import Backoff, Deadline
from ..driver.repeat import Explain, repeat

_T = TypeVar("_T")


class Preparation:
    """
    Lets calls prepare statements by turns, each until its own deadline.

    Args:
        doing: What is being done, for errors.
        backoff: The pauses between attempts.
    """

    def __init__(self, doing: str, backoff: Backoff) -> None:
        self._doing = doing
        self._backoff = backoff
        self._lock = anyio.Lock()

    async def run(
        self, load: Callable[[], Awaitable[_T]], deadline: Deadline, explain: Explain
    ) -> _T:
        """
        Prepare something when it is this call's turn, and try again until it is answered.

        Raises:
            StoreUnavailable: there was no turn, or no answer, before the deadline.
            EventStoreError: what `repeat` and *load* raise.
        """
        try:
            # The call that holds the lock may have more time left than this one.
            with anyio.fail_after(max(0.0, deadline.remaining())):
                async with self._lock:
                    return await repeat(
                        lambda _: load(), deadline, self._backoff, self._doing, explain
                    )
        except TimeoutError:
            raise StoreUnavailable(f"{self._doing}: no answer in time") from None
