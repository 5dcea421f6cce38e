"""Retries: how long to wait between attempts, and until when."""

import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from operator import attrgetter
from time import monotonic
from typing import Final

import anyio

from .checks import check_callable, check_not_negative, check_positive
from .errors import InvalidArgument

_MOMENT: Final = attrgetter("at")

SHORTEST_ATTEMPT: Final = 0.05
"""With fewer seconds left than this, no attempt is made: its answer would come too late."""

LONGEST_ATTEMPT: Final = 2_000_000.0
"""Seconds. The driver counts the milliseconds of a batch in 32 bits."""


@dataclass(frozen=True, slots=True)
class Backoff:
    """
    Growing, jittered pauses between attempts.

    The n-th pause is a random time between half and all of ``initial * factor ** n``, capped at
    `maximum`, so that callers that failed together do not retry together.

    Attributes:
        initial: The first pause's upper bound, in seconds.
        maximum: Every pause's upper bound, in seconds.
        factor: How the upper bound grows.
        random: Returns a number in [0, 1).

    Raises:
        InvalidArgument: a number is negative or not finite, `factor` is below 1, or `random` is
            not callable.
    """

    initial: float = 0.01
    maximum: float = 0.5
    factor: float = 2.0
    random: Callable[[], float] = field(default=random.random, repr=False)  # noqa: S311

    def __post_init__(self) -> None:
        """Check that the pauses do not shrink; raises `InvalidArgument`."""
        check_not_negative("initial", self.initial)
        check_not_negative("maximum", self.maximum)
        check_positive("factor", self.factor, finite=True)
        if self.factor < 1:
            raise InvalidArgument(f"factor must be 1 or more, not {self.factor}")
        check_callable("random", self.random)

    def pauses(self) -> Iterator[float]:
        """Return an endless iterator over the pauses, in seconds."""
        bound = self.initial
        while True:
            yield bound * (0.5 + 0.5 * self.random())
            bound = min(bound * self.factor, self.maximum)


class Deadline:
    """A moment on the monotonic clock."""

    __slots__ = ("at",)

    def __init__(self, timeout: float) -> None:
        """Set the deadline *timeout* seconds from now."""
        self.at = monotonic() + timeout

    def remaining(self) -> float:
        """Return the seconds that are left; negative once the deadline has passed."""
        return self.at - monotonic()

    def allows(self, pause: float) -> bool:
        """Return whether there is time for a pause of this many seconds and another attempt."""
        return self.remaining() > pause + SHORTEST_ATTEMPT


class Retry:
    """
    The attempts of one call: whether there is time for another, and the pause before it.

    Usage::

        retry = Retry(backoff, deadline)
        while True:
            try:
                return await attempt()
            except Fault:
                if not retry.allows():
                    raise
            await retry.pause()

    Args:
        backoff: The pauses.
        deadline: Until when attempts are made.

    Attributes:
        again: Whether an attempt was made already: True from the first `pause` on.
    """

    __slots__ = ("_deadline", "_next", "_pauses", "again")

    def __init__(self, backoff: Backoff, deadline: Deadline) -> None:
        self._pauses = backoff.pauses()
        self._deadline = deadline
        self._next: float | None = None  # the next pause, once it has been drawn
        self.again = False

    def allows(self) -> bool:
        """Return whether there is time for the next pause and another attempt."""
        return self._deadline.allows(self._drawn())

    async def pause(self) -> None:
        """Wait for the next pause, however near the deadline is; see `allows`."""
        pause = self._drawn()
        self._next = None
        self.again = True
        await anyio.sleep(pause)

    def _drawn(self) -> float:
        # Drawn once: what `allows` judged is what `pause` waits for.
        if self._next is None:
            self._next = next(self._pauses)
        return self._next


def nearest(deadlines: Iterable[Deadline]) -> Deadline:
    """Return the deadline that comes first; there must be one."""
    return min(deadlines, key=_MOMENT)
