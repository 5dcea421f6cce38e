"""Spread: the range and the median of repeated measurements."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Spread:
    """The lowest, median and highest value of several rounds."""

    least: float
    median: float
    most: float

    def overlaps(self, other: "Spread") -> bool:
        """Return whether the two ranges overlap, so that both values may be equal."""
        return self.least <= other.most and other.least <= self.most


def spread(values: Sequence[float]) -> Spread:
    """Return the spread of one value per round."""
    return Spread(min(values), statistics.median(values), max(values))


def ratios(above: Sequence[float], below: Sequence[float]) -> list[float]:
    """Return the ratio of each round, in which both values were measured."""
    return [one / other for one, other in zip(above, below, strict=True)]


def percentile(ordered: Sequence[float], percent: float) -> float:
    """Return a percentile of ascending values, by the nearest rank."""
    rank = max(1, -(-len(ordered) * percent // 100))
    return ordered[int(rank) - 1]
