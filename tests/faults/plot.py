"""Plot: throughput and latency over time, with the faults marked."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl

from ..history.history import History
from ..history.operations import Append, Mark, Operation, Read

_SECOND: Final = 1e9
_BINS: Final = 200
_COLOURS: Final = {
    "kill -9": "#d62728",
    "pause": "#ff7f0e",
    "pause two": "#8c564b",
    "isolate": "#9467bd",
    "isolate all": "#5b3a8c",
    "drop": "#1f77b4",
    "delay": "#17becf",
    "deafen": "#2ca02c",
    "mute": "#bcbd22",
    "cut": "#e377c2",
    "kill writer": "#000000",
    "pause writer": "#7f7f7f",
    "kill sequencer": "#1b7837",
    "pause sequencer": "#a6dba0",
    "kill reader": "#8c2d04",
    "pause reader": "#fdae6b",
}


class Axis:
    """
    Time, in seconds since the first call, in bins wide enough to tell apart in print.

    Args:
        operations: The calls that ended.
    """

    def __init__(self, operations: Sequence[Operation]) -> None:
        self._start = min((op.span.began for op in operations), default=0)
        end = max((op.span.ended for op in operations), default=0)
        self.length = self.seconds(end)
        self._bin = max(1.0, round(self.length / _BINS))

    def seconds(self, at: int) -> float:
        """Return a moment, in seconds."""
        return (at - self._start) / _SECOND

    def bin(self, at: int) -> float:
        """Return the beginning of a moment's bin."""
        return self.seconds(at) // self._bin * self._bin

    @property
    def bins(self) -> list[float]:
        """The beginnings of all bins."""
        return [index * self._bin for index in range(int(self.length / self._bin) + 1)]

    def rate(self, count: int) -> float:
        """Return a count within one bin as a rate per second."""
        return count / self._bin


def plot(history: History, directory: Path) -> None:
    """Write plot.png and plot.svg."""
    mpl.use("Agg")
    from matplotlib import pyplot as plt

    operations = [
        op
        for op in history.operations
        if op.end is not None and not (isinstance(op, Read) and op.final)
    ]
    axis = Axis(operations)
    figure, (rates, latencies, faults) = plt.subplots(
        3, sharex=True, figsize=(13, 8.5), height_ratios=(3, 3, 2.4), layout="constrained"
    )
    _rates(rates, operations, axis)
    _latencies(latencies, operations, axis)
    draw_faults(faults, history.marks, axis)
    figure.suptitle("Appends and reads on three nodes under faults")
    figure.savefig(directory / "plot.png", dpi=80)
    figure.savefig(
        directory / "plot.svg", metadata=dict.fromkeys(["Creator", "Date", "Format", "Type"])
    )
    plt.close(figure)


def _rates(axes: Any, operations: Sequence[Operation], axis: Axis) -> None:
    counts: dict[str, Counter[float]] = defaultdict(Counter)
    for operation in operations:
        kind = f"append: {operation.end}" if isinstance(operation, Append) else "read"
        counts[kind][axis.bin(operation.span.ended)] += 1
    for kind in sorted(counts):
        axes.plot(axis.bins, [axis.rate(counts[kind][at]) for at in axis.bins], label=kind, lw=1)
    axes.set_ylabel("answers per second")
    axes.legend(loc="upper left", fontsize="small", ncols=6)
    axes.margins(y=0.25)


def _latencies(axes: Any, operations: Sequence[Operation], axis: Axis) -> None:
    took: dict[float, list[float]] = defaultdict(list)
    for operation in operations:
        span = operation.span
        if isinstance(operation, Append):
            took[axis.bin(span.ended)].append((span.ended - span.began) / 1e6)
    bins = sorted(took)
    ordered = [sorted(took[at]) for at in bins]
    for name, share in (("median", 0.5), ("95 in 100", 0.95), ("longest", 1.0)):
        values = [values[int(share * (len(values) - 1))] for values in ordered]
        axes.plot(bins, values, label=name, lw=1)
    axes.set_yscale("log")
    axes.set_ylabel("appends, milliseconds")
    axes.legend(loc="upper left", fontsize="small", ncols=3)
    axes.margins(y=0.2)


def draw_faults(axes: Any, marks: Sequence[Mark], axis: Axis) -> None:
    """Draw a bar for each fault, those of a kind in one row."""
    had = {mark.name for mark in marks}
    names = [name for name in _COLOURS if name in had]
    begun: dict[tuple[str, str], int] = {}
    for mark in marks:
        if mark.name not in names:
            continue
        if mark.phase == "begin":
            begun[mark.name, mark.on] = mark.at
        elif (at := begun.pop((mark.name, mark.on), None)) is not None:
            length = max((mark.at - at) / _SECOND, axis.length / 400)
            row = names.index(mark.name)
            axes.barh(row, length, left=axis.seconds(at), color=_COLOURS[mark.name])
    axes.set_yticks(range(len(names)), names, fontsize="small")
    axes.invert_yaxis()
    axes.set_xlabel("seconds")
