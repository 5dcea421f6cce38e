"""Appends: each on its way to an outcome. Who waits for it may leave at any time."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from ...encoding import EncodedEvents
from ...errors import StoreOverloaded
from ...hooks.append_watch import AppendWatch, BatchWatch
from ...results import AppendResult
from ...retry import Deadline
from ...versions import ExpectedVersion

_LOG: Final = logging.getLogger("event_store_async")


class Append:
    """
    An append on its way, and the future by which its caller waits.

    It is made for every append, so it is one object, with slots and no more than it needs: what
    many appends hold at once is what Python's garbage collector goes through again and again.

    Attributes:
        stream_id: The stream.
        encoded: The events.
        expected_version: What the caller expects of the stream.
        deadline: Until when the outcome must be known.
        outcome: What the caller awaits; done too where the caller has left.
        watch: Who collects its facts, where a hook is to be told.
        started: Whether something of it may have been sent.
    """

    __slots__ = (
        "deadline",
        "encoded",
        "expected_version",
        "outcome",
        "started",
        "stream_id",
        "watch",
    )

    def __init__(
        self,
        stream_id: UUID,
        encoded: EncodedEvents,
        expected_version: ExpectedVersion,
        deadline: Deadline,
        outcome: asyncio.Future[AppendResult],
        watch: AppendWatch | None = None,
    ) -> None:
        self.stream_id = stream_id
        self.encoded = encoded
        self.expected_version = expected_version
        self.deadline = deadline
        self.outcome = outcome
        self.watch = watch
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
        """Give up waiting for its turn."""
        if not self.started and not self.outcome.done():
            self.outcome.set_exception(
                StoreOverloaded(
                    f"the appends to stream {self.stream_id} that came before this one "
                    "took longer than its deadline; nothing of it was sent"
                )
            )


def watch_of(appends: Sequence[Append]) -> BatchWatch | None:
    """Return who watches a batch of these appends' events; None where no hook is to be told."""
    first = appends[0]
    if first.watch is None:
        return None
    watches = [append.watch for append in appends]
    return BatchWatch(first.stream_id, [watch for watch in watches if watch is not None])
