"""Plots of a run, as SVG that can be read on a light and on a dark page."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl

from .bench import OURS, RAW
from .results import Key, Results

PLOTS: Final = {
    "latency": "Latency of appends to streams of their own",
    "throughput": "Throughput against callers, streams of their own",
    "hot_stream": "One stream: throughput against callers",
    "replay": "Reading: rate against page size",
}
_GREY: Final = "#808080"
_COLOURS: Final = {RAW: "#d08020", OURS: "#2080d0"}


def plot(results: Results, directory: Path) -> None:
    """Write a plot for each of `PLOTS`."""
    mpl.use("Agg")
    directory.mkdir(parents=True, exist_ok=True)
    own = ("hot_path", "own streams")
    _draw(results, directory, "latency", own, ("p50_ms", "p99_ms"), ("callers", "milliseconds"))
    _draw(results, directory, "throughput", own, ("rate",), ("callers", "events a second"))
    hot = ("hot_stream", "one stream")
    _draw(results, directory, "hot_stream", hot, ("rate",), ("callers", "events a second"))
    pages = ("replay", "page size")
    _draw(results, directory, "replay", pages, ("rate",), ("events a page", "events a second"))


def _draw(
    results: Results,
    directory: Path,
    name: str,
    curve: tuple[str, str],
    numbers: Sequence[str],
    labels: tuple[str, str],
) -> None:
    from matplotlib import pyplot as plt

    style: Any = {"svg.hashsalt": name, "text.color": _GREY, "axes.edgecolor": _GREY}
    style |= {"axes.labelcolor": _GREY, "xtick.color": _GREY, "ytick.color": _GREY}
    with mpl.rc_context(style):
        figure, axes = plt.subplots(figsize=(8, 4.5), layout="constrained")
        for subject, colour in _COLOURS.items():
            keys = results.along(curve[0], subject, curve[1])
            for number, line in zip(numbers, ("-", "--"), strict=False):
                label = f"{subject} {number.removesuffix('_ms')}"
                _line(axes, results, keys, number, label, colour=colour, line=line)
        axes.set_xscale("log", base=10 if curve[0] == "replay" else 2)
        axes.set_yscale("log" if curve[0] != "replay" else "linear")
        axes.xaxis.set_major_formatter(lambda x, _: f"{x:,.0f}")
        axes.yaxis.set_major_formatter(lambda y, _: f"{y:,.10g}")
        axes.set_xlabel(labels[0])
        axes.set_ylabel(labels[1])
        axes.set_title(PLOTS[name])
        axes.grid(alpha=0.3)
        axes.legend(framealpha=0)
        figure.savefig(
            directory / f"{name}.svg",
            transparent=True,
            metadata=dict.fromkeys(["Creator", "Date", "Format", "Type"]),
        )
        plt.close(figure)


def _line(
    axes: Any,
    results: Results,
    keys: Sequence[Key],
    number: str,
    label: str,
    *,
    colour: str,
    line: str,
) -> None:
    spreads = [(key.x, it) for key in keys if (it := results.spread(key, number)) is not None]
    if not spreads:
        return
    at = [x for x, _ in spreads]
    axes.plot(at, [it.median for _, it in spreads], line, color=colour, label=label, marker=".")
    least, most = [it.least for _, it in spreads], [it.most for _, it in spreads]
    axes.fill_between(at, least, most, color=colour, alpha=0.15)
