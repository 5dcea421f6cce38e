"""Plot: numbers over time as a small drawing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from .samples import Sample

WIDTH: Final = 600
HEIGHT: Final = 80


@dataclass(frozen=True)
class Plot:
    """
    A line of numbers over time, as an SVG's template draws it.

    Attributes:
        line: The points of the line, in units of the drawing.
        area: The points of the area below it.
        highest: The highest number.
        last: The last number.
        seconds: How many seconds it spans.
        width: The width of the drawing.
        height: Its height.
    """

    line: str
    area: str
    highest: float
    last: float
    seconds: float
    width: int = WIDTH
    height: int = HEIGHT


def plot(samples: Sequence[Sample]) -> Plot | None:
    """Return the drawing of numbers, oldest first; None if there are less than two."""
    if len(samples) < 2:
        return None
    first, last = samples[0][0], samples[-1][0]
    span = max(last - first, 0.001)
    highest = max(number for _, number in samples)
    scale = (HEIGHT - 6) / (highest or 1)
    points = [
        (round((at - first) / span * WIDTH, 1), round(HEIGHT - 3 - max(number, 0) * scale, 1))
        for at, number in samples
    ]
    line = " ".join(f"{x},{y}" for x, y in points)
    return Plot(line, f"0,{HEIGHT} {line} {WIDTH},{HEIGHT}", highest, samples[-1][1], last - first)
