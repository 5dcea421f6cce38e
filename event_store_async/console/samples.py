"""Samples: numbers over time, as far as this process has looked at them."""

from collections import OrderedDict, deque
from collections.abc import Callable
from itertools import pairwise
from typing import Final

_KEPT: Final = 300
_SERIES: Final = 500
_CLOSEST: Final = 1.0
_RATE_SECONDS: Final = 10.0

Sample = tuple[float, float]
"""Seconds of a monotonic clock, and the number."""


class Samples:
    """
    Series of numbers over time. Each is bounded, and so is their count: the oldest are let go.

    Args:
        now: The clock: seconds that never go back.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._series: OrderedDict[str, deque[Sample]] = OrderedDict()

    def add(self, name: str, number: float) -> None:
        """Add a number to a series, unless the last one is less than a second old."""
        now = self._now()
        series = self._series.setdefault(name, deque(maxlen=_KEPT))
        self._series.move_to_end(name)
        if not series or now - series[-1][0] >= _CLOSEST:
            series.append((now, number))
        while len(self._series) > _SERIES:
            self._series.popitem(last=False)

    def series(self, name: str) -> list[Sample]:
        """Return a series, as seconds before now (0 or less) and numbers, oldest first."""
        now = self._now()
        return [(at - now, number) for at, number in self._series.get(name, ())]

    def rates(self, name: str) -> list[Sample]:
        """Return by how much a series rose a second, from each sample to the next."""
        return [
            (later, (after - before) / (later - earlier))
            for (earlier, before), (later, after) in pairwise(self.series(name))
            if later > earlier
        ]

    def rate(self, name: str) -> float | None:
        """Return by how much a series rose a second, of late; None before the second sample."""
        found = self.series(name)
        recent = [sample for sample in found if sample[0] >= -_RATE_SECONDS] or found[-2:]
        if len(recent) < 2:
            recent = found[-2:]
        if len(recent) < 2:
            return None
        (earlier, before), (later, after) = recent[0], recent[-1]
        return (after - before) / (later - earlier) if later > earlier else None
