"""Callers: who waits for an append's outcome. They may leave at any time."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Final

from ..errors import StoreOverloaded
from ..results import AppendResult
from ..watching import BatchWatch
from .appending import Append

_LOG: Final = logging.getLogger("event_store_async")


def watch_of(callers: "Sequence[Caller]") -> BatchWatch | None:
    """Return who watches a batch of these callers' events; None where no hook is to be told."""
    append = callers[0].append
    if append.watch is None:
        return None
    watches = [caller.append.watch for caller in callers]
    return BatchWatch(append.stream_id, [watch for watch in watches if watch is not None])


class Caller:
    """
    Somebody who waits for the outcome of an append.

    Attributes:
        append: The append.
        outcome: What the caller awaits; done too where the caller has left.
        started: Whether something of the append may have been sent.
    """

    __slots__ = ("append", "outcome", "started")

    def __init__(self, append: Append) -> None:
        self.append = append
        self.outcome: asyncio.Future[AppendResult] = asyncio.get_running_loop().create_future()
        self.started = False

    @property
    def left(self) -> bool:
        """Whether nobody waits any more."""
        return self.outcome.done()

    def answer(self, result: AppendResult) -> None:
        """Hand over the outcome."""
        if not self.outcome.done():
            self.outcome.set_result(result)

    def fail(self, error: Exception) -> None:
        """Raise an error where the caller waits."""
        if not self.outcome.done():
            self.outcome.set_exception(error)
        elif self.outcome.cancelled():
            _LOG.warning("an append whose caller was cancelled failed: %s", error)

    def give_up(self, error: Exception) -> None:
        """Raise an error where the caller waits, unless it has been told its outcome."""
        if not self.outcome.done():
            self.outcome.set_exception(error)

    def expire(self) -> None:
        """Give up waiting for the append's turn."""
        if not self.started and not self.outcome.done():
            self.outcome.set_exception(
                StoreOverloaded(
                    f"the appends to stream {self.append.stream_id} that came before this one "
                    "took longer than its deadline; nothing of it was sent"
                )
            )
