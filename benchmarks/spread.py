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


def ratio_text(value: float, digits: int = 2) -> str:
    """
    Return a ratio with so many decimal digits; below 0.1, with so many significant digits.

    A value that rounds to zero even with three digits more is ``0``, without a sign.
    """
    if round(value, digits + 3) == 0:
        return "0"
    # Of the rounded value: 0.0999 is shown as 0.10.
    exponent = int(f"{value:.{digits - 1}e}".partition("e")[2])
    return f"{value:.{max(digits, digits - 1 - exponent)}f}"
