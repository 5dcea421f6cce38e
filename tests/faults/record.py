"""Record: the results of a run with a feed, put into the docs (``-m tests.faults.record``)."""

import json
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from .processes import ROOT

PAGE: Final = ROOT / "docs" / "reliability.md"
PLOT: Final = ROOT / "docs" / "reliability-feed.svg"
BEGIN: Final = "<!-- The recorded run of the feed, written by: make chaos-record -->"
END: Final = "<!-- The end of the recorded run of the feed -->"


def table(summary: Mapping[str, Any]) -> str:
    """Return what the page says about a run: its facts, and a table of its results."""
    facts, counts, found = summary["facts"], summary["counts"], summary["found"]
    faults = summary["faults"]
    kinds = ", ".join(f"{count:,} `{name}`" for name, count in sorted(faults.items()))
    lost = sum(count for name, count in found.items() if name.startswith("feed"))
    groups = sum(count for name, count in found.items() if name.startswith("groups"))
    other = sum(found.values()) - lost - groups
    handled = sum(count for name, count in counts.items() if name.endswith("calls of handlers"))
    delays = [counts[f"delay, {name}, milliseconds"] for name in ("median", "99 in 100", "longest")]
    median, most, longest = (f"{each / 1000:,.2f} s" for each in delays)
    rows = {
        "duration": f"{float(facts['seconds of faults']) / 60:g} minutes of faults, then the "
        "settlement, the rest of the feed, and the last reads",
        "faults": f"{sum(faults.values()):,}: {kinds}; also {summary['clock jumps']:,} jumps of "
        "clocks",
        "appends": f"{counts['appends']:,} calls; {counts['events']:,} events of "
        f"{counts['streams']:,} streams were committed",
        "outcomes unknown at first": f"{counts.get('unknown at first', 0):,}, of which "
        f"{counts.get('unknown, then stored', 0):,} turned out to be stored",
        "the feed": f"{counts['events in the feed']:,} events; {counts['events delivered']:,} "
        f"delivered to the readers, in {counts['deliveries']:,} pages or steps",
        "skipped, twice, out of order, phantom, wrong or passed positions, readers that differ, "
        "late": f"**{lost:,}**",
        "violations of what is promised of appends and reads": f"**{other:,}**",
        "from the acknowledgement of an append to the first reader, faults included": f"median "
        f"{median}, 99 in 100 within {most}, longest {longest}",
    }
    if handled:
        rows["calls of handlers of subscriptions"] = f"{handled:,}"
        rows["violations of what is promised of subscriptions"] = f"**{groups:,}**"
    versions = (
        f"Cassandra {facts['cassandra']} (three embedded nodes), acsylla {facts['acsylla']}, "
        f"Python {facts['python']}, {facts['machine']}; seed {facts['seed']}."
    )
    body = "\n".join(f"| {name} | {value} |" for name, value in rows.items())
    plot = f"![The delay of the feed over time, with the faults marked]({PLOT.name})"
    return f"{versions}\n\n| | |\n|---|---|\n{body}\n\n{plot}\n"


def record(directory: Path, page: Path = PAGE, plot: Path = PLOT) -> None:
    """
    Put a run's results into the page, and its plot beside it.

    Raises:
        ValueError: the page has no place for it, or the run had no feed.
    """
    summary = json.loads((directory / "summary.json").read_text())
    if "events in the feed" not in summary["counts"]:
        raise ValueError(f"{directory} is a run without a feed")
    before, begin, rest = page.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{page} has no place for the results")
    page.write_text(f"{before}{BEGIN}\n\n{table(summary)}\n{END}{after}")
    shutil.copyfile(directory / "feed.svg", plot)


def main(arguments: Sequence[str]) -> int:
    """Record the run of a directory; by default, the newest one with a feed."""
    runs = [Path(each) for each in arguments] or sorted(
        ROOT.glob("results/chaos/*/feed.svg"), key=lambda path: path.stat().st_mtime
    )
    if not runs:
        sys.stderr.write("there is no run with a feed in results/chaos/\n")
        return 1
    record(runs[-1].parent if runs[-1].is_file() else runs[-1])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
