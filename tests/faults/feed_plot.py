"""Feed plot: how long events took to be published, over time, with the faults marked."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl

from ..history.feed.delays import Delay, delays_of
from ..history.feed.readings import Readings
from ..history.history import History
from ..history.intents import intents_of
from ..history.operations import Append, Read
from .plot import Axis, draw_faults

_LEAST: Final = 0.001
"""Seconds; shorter delays are drawn as this, since the axis is logarithmic."""


def plot_feed(history: History, readings: Readings, directory: Path) -> None:
    """Write feed.png and feed.svg."""
    mpl.use("Agg")
    from matplotlib import pyplot as plt

    operations = [
        op
        for op in history.operations
        if op.end is not None and not (isinstance(op, Read) and op.final)
    ]
    axis = Axis(operations)
    intents = [
        intent
        for each in history.streams.values()
        for intent in intents_of(op for op in each if isinstance(op, Append))
    ]
    figure, (rates, delays, faults) = plt.subplots(
        3, sharex=True, figsize=(13, 8.5), height_ratios=(2, 3, 3), layout="constrained"
    )
    _rates(rates, [op for op in operations if isinstance(op, Append)], readings, axis)
    _delays(delays, delays_of(intents, readings.first_seen), axis)
    draw_faults(faults, history.marks, axis)
    figure.suptitle("From the acknowledgement of an append to the first reader of the feed")
    figure.savefig(directory / "feed.png", dpi=80)
    figure.savefig(
        directory / "feed.svg", metadata=dict.fromkeys(["Creator", "Date", "Format", "Type"])
    )
    plt.close(figure)


def _rates(axes: Any, appends: Sequence[Append], readings: Readings, axis: Axis) -> None:
    stored: Counter[float] = Counter()
    for append in appends:
        if append.end == "stored" and not append.earlier:
            stored[axis.bin(append.span.ended)] += len(append.events)
    seen = Counter(axis.bin(at) for at in readings.first_seen.values())
    for name, counts in (("acknowledged", stored), ("first delivered", seen)):
        axes.plot(axis.bins, [axis.rate(counts[at]) for at in axis.bins], label=name, lw=1)
    axes.set_ylabel("events per second")
    axes.legend(loc="upper left", fontsize="small", ncols=2)
    axes.margins(y=0.25)


def _delays(axes: Any, delays: Sequence[Delay], axis: Axis) -> None:
    took: dict[float, list[float]] = defaultdict(list)
    for delay in delays:
        took[axis.bin(delay.acknowledged)].append(max(delay.seconds, _LEAST))
    bins = sorted(took)
    ordered = [sorted(took[at]) for at in bins]
    for name, share in (("median", 0.5), ("95 in 100", 0.95), ("longest", 1.0)):
        values = [values[int(share * (len(values) - 1))] for values in ordered]
        axes.plot(bins, values, label=name, lw=1)
    axes.set_yscale("log")
    axes.set_ylabel("delay of appends, seconds")
    axes.legend(loc="upper left", fontsize="small", ncols=3)
    axes.margins(y=0.2)
