"""Retrying: how long to wait between attempts, and until when."""

import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from operator import attrgetter
from time import monotonic
from typing import Final

_MOMENT: Final = attrgetter("at")

SHORTEST_ATTEMPT: Final = 0.05
"""Seconds below which no attempt is begun: its answer would come too late."""


@dataclass(frozen=True, slots=True)
class Backoff:
    """
    Growing, jittered pauses between attempts.

    The n-th pause is drawn between half of and the whole of ``initial * factor ** n``, capped at
    `maximum`: callers that failed together do not come back together.

    Attributes:
        initial: The first pause's upper bound, in seconds.
        maximum: Every pause's upper bound, in seconds.
        factor: How the upper bound grows.
        random: Returns a number in [0, 1).
    """

    initial: float = 0.01
    maximum: float = 0.5
    factor: float = 2.0
    random: Callable[[], float] = field(default=random.random, repr=False)  # noqa: S311

    def pauses(self) -> Iterator[float]:
        """Return the pauses, in seconds, without end."""
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
        """Return the seconds that are left; negative once it has passed."""
        return self.at - monotonic()

    def allows(self, pause: float) -> bool:
        """Tell whether another attempt is worth making after a pause of so many seconds."""
        return self.remaining() > pause + SHORTEST_ATTEMPT


def nearest(deadlines: Iterable[Deadline]) -> Deadline:
    """Return the deadline that comes first; there must be one."""
    return min(deadlines, key=_MOMENT)
