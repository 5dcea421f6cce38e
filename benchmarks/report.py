"""The report: docs/performance.md and its plots, made of a recorded run and of nothing else."""

import sys
from pathlib import Path
from typing import Final

from .bench import OURS, RAW
from .goals import goals
from .plots import PLOTS, plot
from .results import Results
from .spread import Spread

ROOT: Final = Path(__file__).parents[1]
RECORDED: Final = ROOT / "benchmarks" / "recorded.json"
PAGE: Final = ROOT / "docs" / "performance.md"
_INTRODUCTION: Final = """\
# Performance

Made by `make bench RECORD=1` from [recorded.json](../benchmarks/recorded.json); no number here
was typed. Every number is the median of {rounds} rounds, the least and the most in brackets. In
each round everybody has a turn, and ratios are taken within rounds, so that what disturbs the
machine for a while meets all. Client CPU is the user and system time of the client's process, the
driver's threads included. A goal is shown even where it is missed.

Client and server share the machine's cores, so what a client saves in CPU the server gains. "raw"
is the same conditional batch, or the same page of rows, written by hand on the driver, without
anything that makes it safe: it is the limit of what a library can reach.
"""


def markdown(results: Results, *, plots: bool) -> str:
    """Return the page."""
    rounds = results.about["size"]["rounds"]
    parts = [_INTRODUCTION.format(rounds=rounds), _goals(results), _machine(results)]
    parts += [_curve(results, *curve) for curve in _CURVES]
    parts += [_peers(results), _plain(results), _notes(results)]
    if plots:
        shown = [f"![{title}](performance/{name}.svg)\n" for name, title in PLOTS.items()]
        parts.insert(2, "## Plots\n\n" + "\n".join(shown))
    return "\n".join(part for part in parts if part)


def publish(results: Results) -> None:
    """Write the page and its plots."""
    plot(results, PAGE.parent / "performance")
    PAGE.write_text(markdown(results, plots=True), encoding="utf-8")


_CURVES: Final = (
    ("Appends to streams of their own", "hot_path", (RAW, OURS), "own streams", "callers"),
    (
        "Appends to one stream, no version expected",
        "hot_stream",
        (RAW, OURS),
        "one stream",
        "callers",
    ),
    ("Reading, by page size", "replay", (RAW, OURS), "page size", "events a page"),
    ("Memory while reading", "memory", (OURS,), "resident set", "events"),
    (
        "Processes, each with 16 callers, streams of their own",
        "processes",
        (OURS,),
        "own",
        "processes",
    ),
    ("Processes, each with 16 callers, one stream", "processes", (OURS,), "hot", "processes"),
    (
        "Processes, each with one caller that expects a version, one stream",
        *("processes", (OURS,), "locked", "processes"),
    ),
    ("Flat cost", "flat_cost", (OURS,), "append at version", "version"),
)
_COLUMNS: Final = {
    "rate": "events/s",
    "cpu_us": "client CPU, µs an event",
    "p50_ms": "p50, ms",
    "p90_ms": "p90, ms",
    "p99_ms": "p99, ms",
    "p99.9_ms": "p99.9, ms",
    "conflicts": "conflicts an append",
    "grown_mib": "grown by, MiB",
}


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _spread(it: Spread | None) -> str:
    if it is None:
        return ""
    if it.least == it.most:
        return _number(it.median)
    return f"{_number(it.median)} ({_number(it.least)} to {_number(it.most)})"


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def _goals(results: Results) -> str:
    rows = [
        [
            goal.text,
            f"{'at most' if goal.at_most else 'at least'} {goal.limit:g}",
            f"{goal.measured.median:.2f} ({goal.measured.least:.2f} to {goal.measured.most:.2f})",
            "met" if goal.met else "**missed**",
        ]
        for goal in goals(results)
    ]
    if not rows:
        return ""
    return "## Goals\n\n" + _table(["ratio", "goal", "measured", ""], rows)


def _machine(results: Results) -> str:
    rows = [
        [name, ", ".join(f"{key} {value}" for key, value in results.about[name].items())]
        for name in ("machine", "versions", "node", "size")
    ]
    text = f"## Measured on\n\nBegun at {results.about['moment']}.\n\n"
    return text + _table(["", ""], rows)


def _curve(
    results: Results, title: str, scenario: str, subjects: tuple[str, ...], case: str, x: str
) -> str:
    keys = [key for subject in subjects for key in results.along(scenario, subject, case)]
    if scenario == "replay":
        keys += results.along(scenario, OURS, "own choice")
    if not keys:
        return ""
    measured = {name for key in keys for name in results.series[key][0]}
    if scenario != "processes":
        measured.discard("conflicts")
    columns = [name for name in _COLUMNS if name in measured]
    rows = [
        [
            key.subject,
            f"{key.x:,}" if key.x or scenario != "replay" else "its own choice",
            *[_spread(results.spread(key, name)) for name in columns],
        ]
        for key in keys
    ]
    head = ["", x, *[_COLUMNS[name] for name in columns]]
    return f"## {title}\n\n" + _table(head, rows)


def _peers(results: Results) -> str:
    text = ""
    for scenario, first in (("peers", "peer"), ("variants", "node")):
        keys = [key for key in results.series if key.scenario == scenario]
        for case in dict.fromkeys(key.case for key in keys):
            rows = [
                [
                    key.subject,
                    *[
                        _spread(results.spread(key, name))
                        for name in ("rate", "cpu_us", "p50_ms", "p99_ms")
                    ],
                ]
                for key in keys
                if key.case == case
            ]
            head = [first, "events/s", "client CPU, µs an event", "p50, ms", "p99, ms"]
            text += f"\n## {scenario.capitalize()}: {case}\n\n" + _table(head, rows)
    rows = [
        [name, about["version"], about["guarantees"], about["notes"]]
        for name, about in results.peers.items()
        if about["ready"]
    ]
    if text and rows:
        text += "\n## What each peer promises\n\n"
        text += _table(["peer", "version", "guarantees", "notes"], rows)
    return text.lstrip("\n")


def _plain(results: Results) -> str:
    keys = [key for key in results.series if key.scenario == "opening"]
    if not keys:
        return ""
    rows = [[key.case, _spread(results.spread(key, "p50_ms"))] for key in keys]
    return "## Opening a store\n\n" + _table(["", "ms"], rows)


def _notes(results: Results) -> str:
    if not results.notes:
        return ""
    return "## Not measured\n\n" + "".join(f"- {note}\n" for note in results.notes)


def main() -> None:
    """Make the page anew of the recorded run."""
    publish(Results.read(Path(sys.argv[1]) if len(sys.argv) > 1 else RECORDED))


if __name__ == "__main__":
    main()
