"""Tables of the report, in Markdown: each is made of results, or is empty where there are none."""

from collections.abc import Sequence
from typing import Final

from .bench import OURS, RAW
from .flat_cost import VERSIONS, at_version
from .goals import goals
from .hotspots import by_area, by_function
from .peers import IN_SHORT, SINGLY
from .representation import REMARKS
from .results import Key, Results
from .spread import Spread, ratios, spread

_FUNCTIONS: Final = 15
_COLUMNS: Final = {
    "rate": "events/s",
    "cpu_us": "client CPU, µs an event",
    "loop_us": "of it the event loop's thread",
    "p50_ms": "p50, ms",
    "p90_ms": "p90, ms",
    "p99_ms": "p99, ms",
    "p99.9_ms": "p99.9, ms",
    "conflicts": "conflicts an append",
    "resident_mib": "resident set, MiB",
}
_SHARED: Final = "one stream"
_CURVES: Final = (
    ("Appends to streams of their own", "hot_path", (RAW, OURS), "own streams", "callers"),
    (
        "Appends to one stream, no version expected",
        *("hot_stream", (RAW, SINGLY, OURS), _SHARED, "callers"),
    ),
    ("Ours beside raw: own streams", "beside", (RAW, OURS), "own streams", "callers"),
    ("Ours beside raw: one stream", "beside", (RAW, SINGLY, OURS), _SHARED, "callers"),
    ("Reading, by page size", "replay", (RAW, OURS), "page size", "events a page"),
    ("Memory while reading", "memory", (OURS,), "resident set", "events read"),
    (
        "Processes, each with 16 callers, streams of their own",
        *("processes", (OURS,), "own", "processes"),
    ),
    ("Processes, each with 16 callers, one stream", "processes", (OURS,), "hot", "processes"),
    (
        "Processes, each with one caller that expects a version, one stream",
        *("processes", (OURS,), "locked", "processes"),
    ),
)


def number(value: float) -> str:
    """Return a number with three digits that count."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def spread_text(it: Spread | None) -> str:
    """Return a median with the least and the most."""
    if it is None:
        return ""
    if it.least == it.most:
        return number(it.median)
    return f"{number(it.median)} ({number(it.least)} to {number(it.most)})"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def goal_table(results: Results) -> str:
    """Return the goals: what was to be reached, and what was measured."""
    rows = []
    for goal in goals(results):
        wanted = ""
        if goal.limit is not None:
            wanted = f"{'at most' if goal.at_most else 'at least'} {goal.limit:g}"
        verdict = "" if goal.limit is None else "met" if goal.met else "**missed**"
        it = goal.measured
        measured = f"{it.median:.2f} ({it.least:.2f} to {it.most:.2f})"
        rows.append([goal.text, wanted, measured, verdict])
    return table(["ratio", "goal", "measured", ""], rows) if rows else ""


def machine_table(results: Results) -> str:
    """Return what was measured on."""
    rows = [
        [name, ", ".join(f"{key} {value}" for key, value in results.about[name].items())]
        for name in ("machine", "versions", "node", "size")
    ]
    return f"Begun at {results.about['moment']}.\n\n" + table(["", ""], rows)


def curves(results: Results) -> dict[str, str]:
    """Return the tables of all curves by their titles."""
    return {
        title: made
        for title, *curve in _CURVES
        if (made := _curve(results, *curve))  # type: ignore[arg-type]
    }


def _curve(results: Results, scenario: str, subjects: tuple[str, ...], case: str, x: str) -> str:
    keys = [key for subject in subjects for key in results.along(scenario, subject, case)]
    if scenario == "replay":
        keys += results.along(scenario, OURS, "own choice")
    measured = {name for key in keys for name in results.series[key][0]}
    if scenario != "processes":
        measured.discard("conflicts")
    columns = [name for name in _COLUMNS if name in measured]
    rows = [
        [
            key.subject,
            "its own choice" if key.case == "own choice" else f"{key.x:,}",
            *[spread_text(results.spread(key, name)) for name in columns],
        ]
        for key in keys
    ]
    return table(["", x, *[_COLUMNS[name] for name in columns]], rows) if rows else ""


def flat_cost_table(results: Results) -> str:
    """Return what an append costs at each length of a stream, beside version 1."""
    base = results.values(Key("flat_cost", OURS, at_version(VERSIONS[0]), 0), "p50_ms")
    keys = series_of(results, "flat_cost")
    if not base:
        return ""
    rows = []
    for key in keys:
        beside = spread(ratios(results.values(key, "p50_ms"), base))
        numbers = [results.spread(key, "p50_ms"), beside, results.spread(key, "files")]
        rows.append([key.case, *map(spread_text, numbers)])
    return table(["append of one event", "p50, ms", "beside version 1", "files looked into"], rows)


def compared(results: Results, scenario: str, first: str) -> dict[str, str]:
    """Return the tables of a scenario that compares peers or nodes, by what they do."""
    keys = [key for key in results.series if key.scenario == scenario]
    names = ("rate", "cpu_us", "p50_ms", "p99_ms")
    found = {}
    for case in dict.fromkeys(key.case for key in keys):
        columns = names[: 2 if case == "reading" else 4]
        beside: tuple[str, ...] = ()
        promises: tuple[str, ...] = ()
        if scenario == "peers":
            beside, promises = ("ours beside it",), ("version checked", "on disk", "copies")
        rows = [
            [
                key.subject,
                *[spread_text(results.spread(key, name)) for name in columns],
                *([_beside(results, key)] if beside else ()),
                *(IN_SHORT[key.subject] if promises else ()),
            ]
            for key in keys
            if key.case == case
        ]
        head = [first, *[_COLUMNS[name] for name in columns], *beside, *promises]
        found[case] = table(head, rows)
    return found


def _beside(results: Results, key: Key) -> str:
    """Return how many times a peer's rate ours is, by the median of the rounds."""
    ours = next(
        (
            results.values(it, "rate")
            for it in results.series
            if (it.scenario, it.subject, it.case, it.x) == (key.scenario, OURS, key.case, key.x)
        ),
        [],
    )
    theirs = results.values(key, "rate")
    if key.subject == OURS or not ours or len(ours) != len(theirs):
        return ""
    return f"{spread(ratios(ours, theirs)).median:.2f}"


def promises_table(results: Results) -> str:
    """Return what each peer says of itself."""
    rows = [
        [name, about["version"], about["guarantees"], about["notes"]]
        for name, about in results.peers.items()
        if about["ready"]
    ]
    return table(["peer", "version", "guarantees", "notes"], rows) if rows else ""


def opening_table(results: Results) -> str:
    """Return what opening a store costs."""
    keys = [key for key in results.series if key.scenario == "opening"]
    rows = [[key.case, spread_text(results.spread(key, "p50_ms"))] for key in keys]
    return table(["", "ms"], rows) if rows else ""


def representation_table(results: Results) -> str:
    """Return what each representation of an event costs."""
    names = ("made_ns", "used_ns", "bytes")
    keys = [key for key in results.series if key.scenario == "representation"]
    keys.sort(key=lambda key: list(REMARKS).index(key.subject))
    rows = [
        [
            key.subject,
            *[spread_text(results.spread(key, name)) for name in names],
            REMARKS[key.subject],
        ]
        for key in keys
    ]
    head = ["", "made, ns", "three fields read, ns", "bytes, its fields aside", ""]
    return table(head, rows) if rows else ""


def profile_tables(results: Results, what: str) -> str:
    """Return where the CPU time of an append or of a read goes, by area and by function."""
    names = [name for name in (RAW, OURS) if f"{what}/{name}" in results.profiles]
    if not names:
        return ""
    stacks = [results.profiles[f"{what}/{name}"] for name in names]
    areas = [by_area(it) for it in stacks]
    order = sorted({name for it in areas for name in it}, key=lambda it: -areas[-1].get(it, 0))
    rows = [[name, *[_small(it.get(name)) for it in areas]] for name in order]
    rows.append(["together", *[number(sum(it.values())) for it in stacks]])
    text = table(["µs of client CPU an event", *names], rows)
    functions = by_function(stacks[-1])
    order = sorted(functions, key=lambda it: -functions[it][0])[:_FUNCTIONS]
    rows = [[f"`{name}`", *map(_small, functions[name])] for name in order]
    return f"{text}\n" + table(
        [f"{names[-1]}: functions, by their own time", "its own, µs an event", "with all it calls"],
        rows,
    )


def _small(value: float | None) -> str:
    return "" if not value else f"{value:.3g}"


def series_of(results: Results, scenario: str) -> list[Key]:
    """Return the keys of a scenario."""
    return [key for key in results.series if key.scenario == scenario]
