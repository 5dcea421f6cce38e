"""Plots of a run, as SVG that is readable on light and dark pages."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

import matplotlib as mpl

from event_store_async.counts import counted

from .bench import OURS, RAW
from .feeds import APPEND, DELIVERY
from .goals import Goal, goals
from .peers import ANNOUNCING, FEED, SINGLY, WITH_WRITE
from .replicas import HANGS, REPLICAS, WITHOUT
from .results import Key, Results
from .subscriptions import PROJECTED, PROJECTION


@dataclass(frozen=True, slots=True)
class _Panel:
    numbers: Sequence[str]
    label: str
    log: bool = True


_RATE: Final = _Panel(("rate",), "events per second")
_CPU: Final = _Panel(("cpu_us",), "client CPU, µs per event", log=False)
_LATENCY: Final = _Panel(("p50_ms", "p99_ms", "p99.9_ms"), "milliseconds")
_CURVES: Final = {
    "latency": ("hot_path", "own streams", "callers", (_LATENCY,)),
    "throughput": ("hot_path", "own streams", "callers", (_RATE, _CPU)),
    "hot_stream": ("hot_stream", "one stream", "callers", (_RATE, _CPU)),
    "replay": (
        *("replay", "page size", "events per page"),
        (_Panel(_RATE.numbers, _RATE.label, log=False), _CPU),
    ),
}
PLOTS: Final = {
    "peers": "Ours beside the peers: events per second",
    "goals": "The goals: how far each is met or missed",
    "latency": "Latency of appends, a stream per caller",
    "throughput": "Throughput of appends by number of callers, a stream per caller",
    "hot_stream": "Throughput of appends by number of callers, one stream",
    "replay": "Throughput of reading by page size",
    "feed_appends": "Appends with a feed: throughput with 64 callers, latency with one",
    "feed_delivery": "From an append to its handler in another process",
    "projection": "A projection in PostgreSQL",
    "snapshots": "Stored snapshots: p50, milliseconds",
    "replicas": "Three nodes that share one machine: events per second",
}
_PEERS: Final = {
    "one caller": "one caller",
    "64 callers, own streams": "64 callers, a stream each",
    "64 callers, one stream": "64 callers, one stream",
    "reading": "reading a stream",
}
"""The cases of the plot of the peers, and how each is named there."""
_LOADING: Final = "loading an aggregate"
_LOGARITHMIC: Final = {"p50, milliseconds", "p99, milliseconds", _LOADING}
"""The panels in which one bar is a hundred times as long as another."""
_LABEL: Final = 34
"""Characters in a line of a bar's label."""
_FACTORS: Final = (0.125, 0.25, 0.5, 0.8, 1, 1.25, 2, 4, 8)
"""The scale of the plot of the goals; what lies beyond is drawn at its ends."""
_GREY: Final = "#808080"
_COLOURS: Final = {
    RAW: "#d08020",
    WITH_WRITE: "#d08020",
    SINGLY: "#30a060",
    OURS: "#2080d0",
    FEED: "#8050c0",
    ANNOUNCING: "#8050c0",
}
_LINES: Final = ("-", "--", ":")


_Bars: TypeAlias = Sequence[tuple[str, Key, str]]
"""Bars: the label of each, and what it shows."""


def plot(results: Results, directory: Path) -> None:
    """Write a plot for each of `PLOTS` that the results have numbers for."""
    mpl.use("Agg")
    directory.mkdir(parents=True, exist_ok=True)
    for name in _CURVES:
        _draw(results, directory, name)
    for name, panels in _bars(results).items():
        _draw_bars(results, directory, name, panels)
    if limited := _limited(results):
        _draw_goals(limited, directory)


def plotted(results: Results) -> set[str]:
    """Return the names of the plots that the results have numbers for."""
    return {*_CURVES, *_bars(results), *(["goals"] if _limited(results) else ())}


def _limited(results: Results) -> list[Goal]:
    return [goal for goal in goals(results) if goal.limit is not None]


def _bars(results: Results) -> dict[str, dict[str, _Bars]]:
    """Return the panels of the plots with bars, each by its label."""
    panels: dict[str, dict[str, _Bars]] = {
        "peers": {
            label: [
                (key.subject, key, "rate")
                for key in results.series
                if (key.scenario, key.case) == ("peers", case)
            ]
            for case, label in _PEERS.items()
        },
        "feed_appends": {
            "own streams: events per second": [
                (name, Key(APPEND, name, "own streams", 64), "rate")
                for name in (OURS, FEED, ANNOUNCING)
            ],
            "one stream: events per second": [
                (name, Key(APPEND, name, "one stream", 64), "rate")
                for name in (OURS, FEED, ANNOUNCING)
            ],
            "one caller: p50, milliseconds": [
                (name, Key(APPEND, name, "own streams", 1), "p50_ms")
                for name in (RAW, WITH_WRITE, FEED, ANNOUNCING)
            ],
        },
        "feed_delivery": {
            f"{number}, milliseconds": [
                (key.subject, key, f"{number}_ms")
                for key in results.series
                if key.scenario == DELIVERY and key.case == "delivery"
            ]
            for number in ("p50", "p99")
        },
        "projection": {
            label: [
                (_of_slices(key), key, number)
                for key in results.series
                if key.scenario == PROJECTION
            ]
            for number, label in (("rate", _RATE.label), ("cpu_us", _CPU.label))
        },
        "snapshots": {
            _LOADING: [
                (f"{key.x:,} events, {key.case.removeprefix('loading ')}", key, "p50_ms")
                for key in results.series
                if key.scenario == "snapshots" and key.x
            ],
            "carrying out a command": [
                (key.case.removeprefix("a command, "), key, "p50_ms")
                for key in results.series
                if key.scenario == "snapshots" and not key.x
            ],
        },
        "replicas": {
            case: [
                (key.subject, key, "rate")
                for key in results.series
                if key.scenario == REPLICAS and key.case == case
            ]
            for case in dict.fromkeys(
                key.case
                for key in results.series
                if key.scenario == REPLICAS and key.case not in {HANGS, WITHOUT}
            )
        },
    }
    return {
        name: measured
        for name, each in panels.items()
        if (measured := {label: bars for label, bars in each.items() if _has(results, bars)})
    }


def _of_slices(key: Key) -> str:
    if key.subject != FEED:
        return f"{key.case}: {key.subject}"
    return f"{key.case}, {counted(key.x, 'slice')}" if key.case == PROJECTED else key.case


def _has(results: Results, bars: _Bars) -> bool:
    return any(results.values(key, number) for _, key, number in bars)


def _draw_bars(results: Results, directory: Path, name: str, panels: dict[str, _Bars]) -> None:
    from matplotlib import pyplot as plt

    with mpl.rc_context(_style(name)):
        columns = min(len(panels), 3 if len(panels) % 2 else 2)
        rows = -(-len(panels) // columns)
        size = (4.2 * columns + 1, 3 * rows)
        figure, grid = plt.subplots(
            rows, columns, figsize=size, layout="constrained", squeeze=False
        )
        for axes, (label, bars) in zip(grid.flat, panels.items(), strict=False):
            for text, key, number in reversed(bars):
                spread = results.spread(key, number)
                if spread is None:
                    continue
                reach = [[spread.median - spread.least], [spread.most - spread.median]]
                colour = _COLOURS.get(key.subject, _GREY)
                lines = textwrap.fill(text, _LABEL)
                axes.barh(lines, spread.median, xerr=reach, color=colour, ecolor=_GREY)
            if label in _LOGARITHMIC:
                axes.set_xscale("log")
            axes.set_xlabel(label)
            axes.grid(alpha=0.3, axis="x")
        figure.suptitle(PLOTS[name])
        _save(figure, directory, name)
        plt.close(figure)


def _draw_goals(limited: Sequence[Goal], directory: Path) -> None:
    """Draw each goal as a factor: from 1 on it is met; below 1 it is missed."""
    from matplotlib import pyplot as plt
    from matplotlib.ticker import NullLocator

    with mpl.rc_context(_style("goals")):
        size = (11, 0.32 * len(limited) + 1.2)
        figure, axes = plt.subplots(figsize=size, layout="constrained")
        for row, goal in enumerate(reversed(limited)):
            median, *reach = (min(max(it, _FACTORS[0]), _FACTORS[-1]) for it in _factors(goal))
            colour, mark = ("#30a060", "o") if goal.met else ("#d04040", "X")
            axes.plot(reach, [row, row], color=colour, alpha=0.4)
            axes.plot([median], [row], mark, color=colour)
        axes.axvline(1, color=_GREY, ls="--")
        axes.set_xscale("log")
        axes.set_xlim(_FACTORS[0], _FACTORS[-1])
        axes.set_xticks(_FACTORS, [f"{each:g}" for each in _FACTORS])
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_yticks(range(len(limited)), [_brief(goal) for goal in reversed(limited)])
        axes.set_xlabel("measured, relative to the goal: met from 1 on, missed below")
        axes.grid(alpha=0.3, axis="x")
        figure.suptitle(PLOTS["goals"])
        _save(figure, directory, "goals")
        plt.close(figure)


def _factors(goal: Goal) -> tuple[float, float, float]:
    """Return median, least and most of a goal, each relative to its limit; more is better."""
    limit, it = goal.limit or 1.0, goal.measured
    factors = [  # a growth may be negative
        limit / max(each, limit / _FACTORS[-1]) if goal.at_most else each / limit
        for each in (it.median, it.least, it.most)
    ]
    return factors[0], factors[1], factors[2]


def _brief(goal: Goal) -> str:
    """Return what is compared, without what it is compared with."""
    text, _, _ = goal.text.partition(" relative to ")
    return text


def _style(name: str) -> Any:
    style: dict[str, Any] = {"svg.hashsalt": name, "text.color": _GREY, "axes.edgecolor": _GREY}
    style |= {"axes.labelcolor": _GREY, "xtick.color": _GREY, "ytick.color": _GREY}
    return style | {"font.size": 11, "lines.linewidth": 2}


def _save(figure: Any, directory: Path, name: str) -> None:
    figure.savefig(
        directory / f"{name}.svg",
        transparent=True,
        metadata=dict.fromkeys(["Creator", "Date", "Format", "Type"]),
    )


def _draw(results: Results, directory: Path, name: str) -> None:
    from matplotlib import pyplot as plt

    scenario, case, x, panels = _CURVES[name]
    with mpl.rc_context(_style(name)):
        size = (5 * len(panels) + 3.5 * (len(panels) == 1), 4.5)
        figure, grid = plt.subplots(
            1, len(panels), figsize=size, layout="constrained", squeeze=False
        )
        for axes, panel in zip(grid[0], panels, strict=True):
            at: set[int] = set()
            for subject, colour in _COLOURS.items():
                keys = results.along(scenario, subject, case)
                if not keys:
                    continue
                at.update(key.x for key in keys)
                for number, line in zip(panel.numbers, _LINES, strict=False):
                    label = subject
                    if len(panel.numbers) > 1:
                        label = f"{subject} {number.removesuffix('_ms')}"
                    _line(axes, results, keys, number, label, colour=colour, line=line)
                own = results.spread(Key(scenario, subject, "own choice", 0), panel.numbers[0])
                if own is not None:
                    label = f"{subject}, default page size"
                    axes.axhline(own.median, ls="--", color=colour, label=label)
            _scale(axes, panel, sorted(at), x)
        figure.suptitle(PLOTS[name])
        _save(figure, directory, name)
        plt.close(figure)


def _scale(axes: Any, panel: _Panel, at: list[int], x: str) -> None:
    from matplotlib.ticker import LogLocator, NullFormatter, NullLocator

    axes.set_xscale("log")
    axes.set_xticks(at, [f"{it:,}" for it in at], rotation=45 if len(at) > 5 else 0)
    axes.xaxis.set_minor_locator(NullLocator())
    if panel.log:
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_minor_formatter(NullFormatter())
    else:
        axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(lambda y, _: f"{y:,.10g}")
    axes.set_xlabel(x)
    axes.set_ylabel(panel.label)
    axes.grid(alpha=0.3)
    if axes.lines:
        axes.legend(framealpha=0, labelcolor=_GREY)


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
    axes.plot(
        at,
        [it.median for _, it in spreads],
        line,
        color=colour,
        label=label,
        marker="o",
        markersize=4,
    )
    if line != _LINES[0]:
        return  # one band per subject, since more would hide each other
    least, most = [it.least for _, it in spreads], [it.most for _, it in spreads]
    axes.fill_between(at, least, most, color=colour, alpha=0.15, linewidth=0)
