"""The report: docs/performance.md and its plots, made of a recorded run and of nothing else."""

import sys
from pathlib import Path
from typing import Final

from . import tables
from .flames import write_flame_graphs
from .goals import Goal, goals
from .plots import PLOTS, plot
from .profiles import PROFILES
from .results import Results

ROOT: Final = Path(__file__).parents[1]
RECORDED: Final = ROOT / "benchmarks" / "recorded.json"
TRIED: Final = ROOT / "benchmarks" / "tried.md"
PAGE: Final = ROOT / "docs" / "performance.md"
_INTRODUCTION: Final = """\
# Performance

Made by `make bench RECORD=1` from [recorded.json](../benchmarks/recorded.json); no number here
was typed. Every number is the median of {rounds} rounds, the least and the most in brackets. In
each round everybody has a turn, and ratios are taken within rounds, so that what disturbs the
machine for a while meets all. The goals of appending have rounds of their own, {pairs}: ours and
raw do the same one behind the other, in processes that are started anew every few rounds, since
one process may be faster than another of the same code for as long as it lasts. Client CPU is the
user and system time of the client's process, the driver's threads included. A goal is shown even
where it is missed.

Client and server share the machine's cores, so what a client saves in CPU the server gains. "raw"
is the same conditional batch, or the same page of rows, written by hand on the driver, without
anything that makes it safe: it is the limit of what a library can reach.
"""
_GROUPS: Final = """\
One batch for each append, on one stream, is measured twice, both times by the same 64 callers of
one process who wait in a lane, so that nobody duels with anybody: by hand, and by the library with
groups of one event (`ours_singly`). The goal is held against the first, which is the faster one and
has nothing of the library in it; the second shows what the groups alone gain.
"""
_FLAT: Final = """\
Appends in turns, in another order each time. The streams at version 1 and at version 100,000 are
as old, both are written out to disk, and nothing is being written out or compacted any more: a
stream that is not stored yet stands in no file at all, so it is shown, but is not what the others
are held against. Paxos looks the row up in each file that has rows of the stream, which a trace of
that look-up counts: a long stream is written out several times before it is compacted into one.
"""
_PROFILE: Final = """\
Ours beside raw, appending to 64 streams and reading. The microseconds are measured without a
profiler; its samples, taken from outside while the thread holds Python's lock, tell how those of
the event loop's thread are made up. Where Python calls C, what has a name is shown by it.
"""
_HOT: Final = """\
64 callers who all append to one stream, expecting no version, measured as above: raw writes one
batch for each append, ours one for those that came together.
"""
_RELATED: Final = {
    "latency": "append",
    "throughput": "append",
    "append_cpu": "append",
    "group_commit": "hot",
    "group_commit_alone": "hot",
    "replay": "read",
    "read_cpu": "read",
    "memory": "read",
}
"""Which profile tells more about a goal."""


def markdown(results: Results, *, plots: bool) -> str:
    """Return the page; for a terminal, without plots."""
    rounds = results.about["size"]["rounds"]
    pairs = max(
        (len(results.series[key]) for key in tables.series_of(results, "beside")), default=0
    )
    parts = [_INTRODUCTION.format(rounds=rounds, pairs=pairs)]
    parts += [_section("Goals", tables.goal_table(results))]
    parts += [_missed(results, goal) for goal in goals(results) if not goal.met]
    if plots:
        shown = [f"![{title}](performance/{name}.svg)\n" for name, title in PLOTS.items()]
        parts.append(_section("Plots", "\n".join(shown)))
    parts.append(_section("Measured on", tables.machine_table(results)))
    for title, made in tables.curves(results).items():
        parts.append(_section(title, made, _GROUPS if "one stream, no" in title else ""))
    parts.append(_section("Flat cost", tables.flat_cost_table(results), _FLAT))
    said = tried(TRIED.read_text(encoding="utf-8"), "peers")
    if said and tables.series_of(results, "peers"):
        parts.append(_section("Beside the peers", said))
    for scenario, first in (("peers", "peer"), ("variants", "node")):
        for case, made in tables.compared(results, scenario, first).items():
            parts.append(_section(f"{scenario.capitalize()}: {case}", made))
    if tables.series_of(results, "peers"):
        parts.append(_section("What each peer promises", tables.promises_table(results)))
    parts.append(_section("Opening a store", tables.opening_table(results)))
    parts.append(_section("How an event is represented", tables.representation_table(results)))
    parts += _profiles(results, plots=plots)
    parts.append(_section("Not measured", "".join(f"- {note}\n" for note in results.notes)))
    return "\n".join(part for part in parts if part)


def publish(results: Results) -> None:
    """Write the page and its plots."""
    plot(results, PAGE.parent / "performance")
    write_flame_graphs(results, PAGE.parent / "performance")
    PAGE.write_text(markdown(results, plots=True), encoding="utf-8")


def tried(text: str, name: str) -> str:
    """Return what a document like tried.md says under the heading of a goal; empty if nothing."""
    for section in text.split("\n## ")[1:]:
        heading, _, body = section.partition("\n")
        if heading.strip() == name:
            return body.strip() + "\n"
    return ""


def _section(title: str, text: str, words: str = "") -> str:
    if not text:
        return ""
    return f"## {title}\n\n" + (f"{words}\n" if words else "") + text


def _missed(results: Results, goal: Goal) -> str:
    text = f"### Missed: {goal.text}\n\n"
    what = _RELATED.get(goal.name)
    if what and any(name.startswith(f"{what}/") for name in results.profiles):
        text += f"Where the time goes: [the profile](#profile-{what}).\n\n"
    said = tried(TRIED.read_text(encoding="utf-8"), goal.name)
    return text + (f"What was tried:\n\n{said}" if said else "Nothing is written yet of why.\n")


def _profiles(results: Results, *, plots: bool) -> list[str]:
    parts = []
    for what in PROFILES:
        made = tables.profile_tables(results, what)
        if made and plots:
            made += f"\n![Flame graph: {what}](performance/flame_{what}.svg)\n"
        parts.append(_section(f"Profile: {what}", made, _HOT if what == "hot" else _PROFILE))
    return parts


def main() -> None:
    """Make the page anew of the recorded run."""
    publish(Results.read(Path(sys.argv[1]) if len(sys.argv) > 1 else RECORDED))


if __name__ == "__main__":
    main()
