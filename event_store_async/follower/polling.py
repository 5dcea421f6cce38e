"""Polling: how often a followed stream is read, and how long an outage is waited out."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from ..checks import check_callable, check_not_negative, check_positive
from ..errors import InvalidArgument
from ..retry import Backoff

_GROWTH: Final = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Polling:
    """
    How `StreamFollower.follow` polls a store.

    A poll reads whatever has been appended since the last one. The pause after it is `shortest` if
    there was something; otherwise it grows by half each time, up to `longest`. Each pause is a
    random time between half and all of that, so that many followers do not poll together.

    Of an `EventStore` and a `MemoryEventStore`, an append by the same object ends a pause early.
    Even so, two polls are at least half of `shortest` apart.

    Attributes:
        shortest: Seconds between two polls while events arrive.
        longest: Seconds between two polls while none do, or while the store does not answer. A
            follower that waits costs one read in this time.
        max_outage: How long the store may be unavailable, in seconds from the first failed poll,
            before a step raises `StoreUnavailable`. None waits for ever; 0 raises at once.
        sleep: Waits for a number of seconds. Tests may replace it. A call may be a task of its own,
            which is cancelled if there is news earlier.

    Raises:
        InvalidArgument: a number is not finite or not in range, or `shortest` is above `longest`.
    """

    shortest: float = 0.05
    longest: float = 2.0
    max_outage: float | None = None
    sleep: Callable[[float], Awaitable[Any]] = field(default=asyncio.sleep, repr=False)

    def __post_init__(self) -> None:
        """Check that the numbers are in range."""
        check_positive("shortest", self.shortest, finite=True)
        check_positive("longest", self.longest, finite=True)
        if self.shortest > self.longest:
            raise InvalidArgument(
                f"shortest must not be above longest, {self.shortest} is above {self.longest}"
            )
        if self.max_outage is not None:
            check_not_negative("max_outage", self.max_outage)
        check_callable("sleep", self.sleep)

    def pauses(self) -> Iterator[float]:
        """Return an endless iterator over the pauses while nothing arrives, in seconds."""
        return Backoff(self.shortest, self.longest, _GROWTH).pauses()
