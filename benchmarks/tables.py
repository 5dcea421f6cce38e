"""Tables of the report, in Markdown; each is empty if the results have no numbers for it."""

from collections.abc import Sequence
from textwrap import fill
from typing import Final

from event_store_async.counts import counted

from .bench import OURS, RAW
from .feed_requests import KINDS, REQUESTS
from .feeds import APPEND, CATCH_UP, DELIVERY, MEMORY, SEQUENCING, STREAMS
from .flat_cost import (
    BEHIND_DELETED,
    DELETED,
    FRESH,
    STATIC_ALONE,
    VERSIONS,
    at_version,
)
from .goals import Goal, goals
from .hotspots import by_area, by_function
from .peers import (
    ANNOUNCING,
    BATCHES,
    BATCHES_WITH_WRITE,
    DELIVERED,
    FEED,
    IN_SHORT,
    SEQUENCER,
    SINGLY,
    WITH_RESULT,
    WITH_WRITE,
)
from .privacy import PRIVACY
from .representation import LABELS, REMARKS
from .results import Key, Results
from .spread import Spread, ratio_text, ratios, spread
from .subscriptions import IDLE, PROJECTION, SUBSCRIPTION, TAKEOVER

_FUNCTIONS: Final = 15
_COLUMNS: Final = {
    "rate": "events/s",
    "cpu_us": "client CPU, µs per event",
    "loop_us": "of which event loop thread",
    "server_us": "server CPU, µs per event",
    "p50_ms": "p50, ms",
    "p90_ms": "p90, ms",
    "p99_ms": "p99, ms",
    "p99.9_ms": "p99.9, ms",
    "longest_ms": "longest, ms",
    "conflicts": "conflicts per append",
    "fairness": "time of the first process to finish relative to the last",
    "resident_mib": "resident set, MiB",
    "lag": "events behind at the end",
    "growth": "growth of that per append",
}
_SHARED: Final = "one stream"
_CURVES: Final = (
    ("Appends, a stream per caller", "hot_path", (RAW, OURS), "own streams", "callers"),
    (
        "Appends to one stream, no version expected",
        *("hot_stream", (RAW, OURS), _SHARED, "callers"),
    ),
    (
        "Ours and raw: a stream per caller",
        *("beside", (RAW, WITH_RESULT, OURS), "own streams", "callers"),
    ),
    ("Ours and raw: one stream", "beside", (RAW, SINGLY, OURS), _SHARED, "callers"),
    ("Reading, by page size", "replay", (RAW, OURS), "page size", "events per page"),
    ("Memory while reading", "memory", (OURS,), "resident set", "events read"),
    (
        "Processes, each with 16 callers, a stream per caller",
        *("processes", (OURS,), "own", "processes"),
    ),
    ("Processes, each with 16 callers, one stream", "processes", (OURS,), "hot", "processes"),
    (
        "Processes, each with one caller that expects a version, one stream",
        *("processes", (OURS,), "locked", "processes"),
    ),
    (
        "One attempt at an exact version, while the other processes append at any, one stream",
        *("processes", (OURS,), "exact", "processes"),
    ),
)
_HEADLINE: Final = {
    "one caller": ("**one caller**, one append after another", 1),
    "64 callers, own streams": ("**64 callers**, a stream each", 64),
    "64 callers, one stream": ("64 callers, **one stream**, no version expected", 64),
    "reading": ("**reading** a stream", 0),
}
"""The cases of the headline: how each is shown, and its callers."""
_LABELS: Final = {
    "own choice": "default",
    FRESH: "to a new stream",
    BEHIND_DELETED: f"after {DELETED:,} deleted rows",
    STATIC_ALONE: "the same, with the static condition alone",
    "64 callers, own streams": "64 callers, a stream each",
    "the next use: a stream's version": "next use: a stream's version",
    "the first append": "first append",
}
"""How names in recorded results are shown, if not as they are."""

_FEED_LABELS: Final = {"one batch": "one batch by raw, for comparison"}


def number(value: float) -> str:
    """Return a number with three significant digits, or as a whole number from 100 up."""
    return f"{value:,.0f}" if value >= 100 else f"{value or 0:.3g}"  # never -0


def spread_text(it: Spread | None) -> str:
    """Return a median, with the lowest and the highest value in brackets."""
    if it is None:
        return ""
    if it.least == it.most:
        return number(it.median)
    return f"{number(it.median)} ({number(it.least)} to {number(it.most)})"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def headline(results: Results) -> str:
    """Return our numbers of the comparison with the peers; empty if one was not measured."""
    rows = []
    for case, (text, callers) in _HEADLINE.items():
        key = Key("peers", OURS, case, callers)
        rate, latency = results.spread(key, "rate"), results.spread(key, "p50_ms")
        if rate is None or (callers and latency is None):
            return ""
        shown = "" if latency is None or not callers else f"{number(latency.median)} ms"
        rows.append([text, number(rate.median), shown])
    machine, node, size = (results.about[part] for part in ("machine", "node", "size"))
    text = (
        f"On this machine ({machine['cores']} cores, shared by the client and one Cassandra node, "
        f"replication factor {node['replication']}, payloads of {size['payload bytes']} bytes):"
    )
    made = table(["", "events/s", "latency of an append (p50)"], rows)
    return f"{fill(text, width=100, break_on_hyphens=False)}\n\n{made}"


def goal_table(results: Results) -> str:
    """Return the goals with their limits and the measured ratios."""
    rows = []
    for goal in goals(results):
        verdict = "" if goal.limit is None else "met" if goal.met else "**missed**"
        rows.append([goal.text, wanted_cell(goal), goal_cell(goal), verdict])
    return table(["ratio", "goal", "measured", ""], rows) if rows else ""


def wanted_cell(goal: Goal) -> str:
    """Return the limit of a goal; empty if it has none."""
    if goal.limit is None:
        return ""
    return f"{'at most' if goal.at_most else 'at least'} {goal.limit:g}"


def goal_cell(goal: Goal) -> str:
    """Return the measured ratio of a goal, with the lowest and the highest."""
    it = goal.measured
    digits = 2
    while not goal.met and float(ratio_text(it.median, digits)) == goal.limit:
        digits += 1  # a goal that was just missed must not be shown as its limit
    least, median, most = (ratio_text(each, digits) for each in (it.least, it.median, it.most))
    return f"{median} ({least} to {most})"


def machine_table(results: Results) -> str:
    """Return when the run started, how long its scenarios took, and its environment."""
    rows = [
        [name, ", ".join(f"{key} {value}" for key, value in results.about[name].items())]
        for name in ("machine", "versions", "node", "size")
    ]
    began = f"Started at {results.about['moment']}"
    if seconds := sum(results.about.get("seconds", {}).values()):
        minutes = counted(round(seconds / 60), "minute")
        began += f"; the scenarios took {minutes if seconds >= 90 else counted(seconds, 'second')}"
    if fewer := results.about.get("fewer_rounds"):
        listed = ", ".join(f"`{name}` ({rounds})" for name, rounds in fewer.items())
        began += f". The machine was slower than planned, so these had fewer rounds: {listed}"
    return f"{began}.\n\n{table(['', ''], rows)}"


def curves(results: Results) -> dict[str, str]:
    """Return the tables of all curves, by title."""
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
            _LABELS.get(key.case, f"{key.x:,}"),
            *[spread_text(results.spread(key, name)) for name in columns],
        ]
        for key in keys
    ]
    return table(["", x, *[_COLUMNS[name] for name in columns]], rows) if rows else ""


def feed_tables(results: Results) -> dict[str, str]:
    """Return the tables of a feed, by title."""
    appends = (OURS, FEED, ANNOUNCING)
    rows = {
        "Appends with a feed: one caller": [
            Key(APPEND, name, "own streams", 1) for name in (RAW, WITH_WRITE, FEED, ANNOUNCING)
        ],
        "Appends with a feed: 64 callers, a stream each": [
            Key(APPEND, name, "own streams", 64) for name in (RAW, WITH_WRITE, *appends)
        ],
        "Appends with a feed: 64 callers, one stream": [
            Key(APPEND, name, "one stream", 64) for name in (BATCHES, BATCHES_WITH_WRITE, *appends)
        ],
        "Sequencing the appends of 64 callers": [
            Key(SEQUENCING, name, "own streams", 64) for name in (RAW, SEQUENCER)
        ],
        "Reading a feed": [
            key for name in (RAW, FEED) for key in results.along(CATCH_UP, name, STREAMS)
        ],
        "Memory while reading a feed": results.along(CATCH_UP, FEED, MEMORY),
    }
    found = {title: _subjects(results, keys) for title, keys in rows.items()}
    found["Delivery to another process"] = _deliveries(results)
    found["What a feed sends"] = _requests(results)
    return {title: made for title, made in found.items() if made}


def _subjects(results: Results, keys: Sequence[Key]) -> str:
    keys = [key for key in keys if key in results.series]
    measured = {name for key in keys for name in results.series[key][0]} - {"conflicts"}
    columns = [name for name in _COLUMNS if name in measured]
    by_events = any(key.case == MEMORY for key in keys)
    rows = [
        [
            f"{key.x:,} events" if by_events else _FEED_LABELS.get(key.case, key.subject),
            *[spread_text(results.spread(key, name)) for name in columns],
        ]
        for key in keys
    ]
    return table(["", *[_COLUMNS[name] for name in columns]], rows) if rows else ""


def _deliveries(results: Results) -> str:
    columns = ("p50_ms", "p90_ms", "p99_ms")
    rows = [
        [
            _FEED_LABELS.get(key.case, key.subject),
            *[spread_text(results.spread(key, name)) for name in columns],
            *DELIVERED.get(key.subject, ("", "")),
        ]
        for key in series_of(results, DELIVERY)
    ]
    head = ["", *[_COLUMNS[name] for name in columns], "how it learns of events", "which it gets"]
    return table(head, rows) if rows else ""


def _requests(results: Results) -> str:
    rows = [
        [key.case, *[spread_text(results.spread(key, kind)) for kind in KINDS]]
        for key in series_of(results, REQUESTS)
    ]
    return table(["requests", *KINDS], rows) if rows else ""


def subscription_tables(results: Results) -> dict[str, str]:
    """Return the tables of subscriptions, by title."""
    found = {
        "A subscription with an empty handler": _slices(results, SUBSCRIPTION),
        "A projection in PostgreSQL": _slices(results, PROJECTION),
        "Taking over": _takeovers(results),
        "What an idle consumer group sends": _idle_groups(results),
    }
    return {title: made for title, made in found.items() if made}


def _slices(results: Results, scenario: str) -> str:
    names = ("rate", "cpu_us")
    rows = [
        [
            key.case if key.subject == FEED else f"{key.case}: {key.subject}",
            str(key.x) if key.x and key.subject == FEED else "",
            *[spread_text(results.spread(key, name)) for name in names],
        ]
        for key in series_of(results, scenario)
    ]
    return table(["", "slices", *[_COLUMNS[name] for name in names]], rows) if rows else ""


def _takeovers(results: Results) -> str:
    rows = [
        [key.case, spread_text(results.spread(key, "seconds"))]
        for key in series_of(results, TAKEOVER)
    ]
    return table(["a member is", "seconds"], rows) if rows else ""


def _idle_groups(results: Results) -> str:
    rows = [
        [str(key.x), *[spread_text(results.spread(key, kind)) for kind in KINDS]]
        for key in series_of(results, IDLE)
    ]
    return table(["members", *[f"{kind} per second" for kind in KINDS]], rows) if rows else ""


def flat_cost_table(results: Results) -> str:
    """Return what an append costs at each length of a stream, relative to version 1."""
    base = results.values(Key("flat_cost", OURS, at_version(VERSIONS[0]), 0), "p50_ms")
    keys = series_of(results, "flat_cost")
    if not base:
        return ""
    rows = []
    for key in keys:
        ratio = spread(ratios(results.values(key, "p50_ms"), base))
        numbers = [results.spread(key, "p50_ms"), ratio, results.spread(key, "files")]
        rows.append([_label(key.case), *map(spread_text, numbers)])
    return table(["append of one event", "p50, ms", "relative to version 1", "files read"], rows)


def snapshots_table(results: Results) -> str:
    """Return what loads and commands take, with and without stored snapshots."""
    rows = [
        [
            _label(key.case),
            f"{key.x:,}" if key.x else "",
            spread_text(results.spread(key, "p50_ms")),
        ]
        for key in series_of(results, "snapshots")
    ]
    return table(["", "events in the stream", "p50, ms"], rows) if rows else ""


def privacy_table(results: Results) -> str:
    """Return what appends and reads take, with and without encryption."""
    rows = [
        [key.case, f"{key.x:,}" if key.x else "1", spread_text(results.spread(key, "p50_ms"))]
        for key in series_of(results, PRIVACY)
    ]
    return table(["", "events", "p50, ms"], rows) if rows else ""


def truncation_table(results: Results) -> str:
    """Return what reading truncated streams takes."""
    rows = [
        [_label(key.case), f"{key.x:,}", spread_text(results.spread(key, "p50_ms"))]
        for key in series_of(results, "truncation")
    ]
    return table(["reading 100 events", "truncated before them", "p50, ms"], rows) if rows else ""


def compared(results: Results, scenario: str, first: str) -> dict[str, str]:
    """Return the tables of a scenario that compares peers or nodes, by case."""
    keys = [key for key in results.series if key.scenario == scenario]
    names = ("rate", "cpu_us", "p50_ms", "p99_ms")
    found = {}
    for case in dict.fromkeys(key.case for key in keys):
        columns = names[: 2 if case == "reading" else 4]
        ratio: tuple[str, ...] = ()
        promises: tuple[str, ...] = ()
        if scenario == "peers":
            ratio, promises = ("ours relative to it",), ("version checked", "on disk", "copies")
        rows = [
            [
                key.subject,
                *[spread_text(results.spread(key, name)) for name in columns],
                *([_ratio(results, key)] if ratio else ()),
                *(IN_SHORT[key.subject] if promises else ()),
            ]
            for key in keys
            if key.case == case
        ]
        head = [first, *[_COLUMNS[name] for name in columns], *ratio, *promises]
        found[_label(case)] = table(head, rows)
    return found


def _label(name: str) -> str:
    return _LABELS.get(name, name)


def _ratio(results: Results, key: Key) -> str:
    """Return our throughput relative to a peer's, the median of the rounds."""
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
    """Return how each peer describes itself."""
    rows = [
        [name, about["version"], about["guarantees"], about["notes"]]
        for name, about in results.peers.items()
        if about["ready"]
    ]
    return table(["peer", "version", "guarantees", "notes"], rows) if rows else ""


def opening_table(results: Results) -> str:
    """Return what opening a store costs."""
    keys = [key for key in results.series if key.scenario == "opening"]
    rows = [[_label(key.case), spread_text(results.spread(key, "p50_ms"))] for key in keys]
    return table(["", "ms"], rows) if rows else ""


def representation_table(results: Results) -> str:
    """Return what each representation of an event costs."""
    names = ("made_ns", "used_ns", "bytes")
    keys = [key for key in results.series if key.scenario == "representation"]
    keys.sort(key=lambda key: list(REMARKS).index(key.subject))
    rows = [
        [
            LABELS[key.subject],
            *[spread_text(results.spread(key, name)) for name in names],
            REMARKS[key.subject],
        ]
        for key in keys
    ]
    head = ["", "to make, ns", "to read three fields, ns", "bytes, without the fields' values", ""]
    return table(head, rows) if rows else ""


def profile_tables(results: Results, what: str) -> str:
    """Return where the CPU time of an event goes, by area and by function."""
    names = [name for name in (RAW, OURS) if f"{what}/{name}" in results.profiles]
    if not names:
        return ""
    stacks = [results.profiles[f"{what}/{name}"] for name in names]
    areas = [by_area(it) for it in stacks]
    names_of_areas = {name for it in areas for name in it}
    order = sorted(names_of_areas, key=lambda it: (-areas[-1].get(it, 0), it))
    rows = [[name, *[_small(it.get(name)) for it in areas]] for name in order]
    rows.append(["total", *[number(sum(it.values())) for it in stacks]])
    text = table(["client CPU, µs per event", *names], rows)
    functions = by_function(stacks[-1])
    order = sorted(functions, key=lambda it: (-functions[it][0], it))[:_FUNCTIONS]
    rows = [[f"`{name}`", *map(_small, functions[name])] for name in order]
    return f"{text}\n" + table(
        [f"{names[-1]}: functions by own time", "own, µs per event", "including calls"],
        rows,
    )


def _small(value: float | None) -> str:
    return "" if not value else f"{value:.3g}"


def series_of(results: Results, scenario: str) -> list[Key]:
    """Return the keys of a scenario."""
    return [key for key in results.series if key.scenario == scenario]
