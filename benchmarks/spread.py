"""Spread: what repeated measurements say together."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Spread:
    """The least, the median and the most of several rounds."""

    least: float
    median: float
    most: float

    def overlaps(self, other: "Spread") -> bool:
        """Tell whether both could be the same, as far as the rounds show."""
        return self.least <= other.most and other.least <= self.most


def spread(values: Sequence[float]) -> Spread:
    """Return the spread of one value a round."""
    return Spread(min(values), statistics.median(values), max(values))


def ratios(above: Sequence[float], below: Sequence[float]) -> list[float]:
    """Return the ratio of each round: both were measured in it, one behind the other."""
    return [one / other for one, other in zip(above, below, strict=True)]


def percentile(ordered: Sequence[float], percent: float) -> float:
    """Return a percentile of values in rising order, by the nearest rank."""
    rank = max(1, -(-len(ordered) * percent // 100))
    return ordered[int(rank) - 1]
