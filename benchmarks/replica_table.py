"""The tables of the section about three replicas."""

from .peers import FEED
from .replicas import HANGS, REPLICAS, WITHOUT
from .results import Results
from .tables import series_of, spread_text, table


def replica_tables(results: Results) -> str:
    """Return what peers do on three nodes, and what a node that hangs costs; empty if unknown."""
    keys = series_of(results, REPLICAS)
    if not keys:
        return ""
    names = ("rate", "cpu_us", "p50_ms", "p99_ms")
    rows = [
        [key.case, key.subject, *(spread_text(results.spread(key, name)) for name in names)]
        for key in keys
        if key.case not in {HANGS, WITHOUT}
    ]
    rows.sort(key=lambda row: [key.case for key in keys].index(row[0]))
    head = ["", "", "events/s", "client CPU, µs per event", "p50, ms", "p99, ms"]
    hanging = [
        [f"{key.x} callers{' with a feed' if key.subject == FEED else ''}, {key.case}"]
        + [spread_text(results.spread(key, name)) for name in ("rate", "longest_ms")]
        for key in keys
        if key.case in {HANGS, WITHOUT}
    ]
    made = table(head, rows)
    if hanging:
        made += "\n" + table(
            ["one of three nodes hangs", "events/s", "longest append, ms"], hanging
        )
    return made
