"""``make bench``: measures, shows and records."""

import argparse
import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.markdown import Markdown
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from .about import about
from .bench import Size
from .completeness import missing
from .goals import goals
from .guard import compare
from .report import RECORDED, markdown, publish
from .results import Results
from .run import SCENARIOS, measure

QUICK = Size(rounds=5, seconds=0.4, events=20_000, quick=True)
FULL = Size(rounds=5, seconds=0.5, events=60_000, quick=False)


def main() -> int:
    """Run from the command line; return the exit code."""
    parser = argparse.ArgumentParser(prog="make bench", description="Measure the library.")
    parser.add_argument("--quick", action="store_true", help="three minutes: raw and ours only")
    parser.add_argument("--only", default="", help=f"comma-separated: {', '.join(SCENARIOS)}")
    parser.add_argument("--record", action="store_true", help="write docs/performance.md")
    parser.add_argument("--strict", action="store_true", help="fail if a ratio became worse")
    given = parser.parse_args()
    only = [name for name in given.only.split(",") if name]
    if unknown := set(only) - set(SCENARIOS):
        parser.error(f"no scenario {', '.join(sorted(unknown))}; there are {', '.join(SCENARIOS)}")
    if given.record and (only or given.quick):
        parser.error("only a full run can be recorded")
    columns = (
        TextColumn("{task.description:<64}"),
        BarColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[left]}"),
    )
    size = QUICK if given.quick else FULL
    results = Results(about(size, datetime.now(UTC).isoformat(timespec="minutes")))
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        try:
            asyncio.run(measure(results, size, only, progress))
        except KeyboardInterrupt:
            if results.series:
                sys.stdout.write(f"Interrupted; the results so far are in {_write(results)}\n")
            return 130
    return _show(results, record=given.record, strict=given.strict)


def _show(results: Results, *, record: bool, strict: bool) -> int:
    path = _write(results)
    Console().print(Markdown(markdown(results, plots=False)))
    worse = False
    if RECORDED.exists():
        for verdict in compare(goals(results), goals(Results.read(RECORDED))):
            sys.stdout.write(f"{verdict.text}\n")
            worse = worse or verdict.worse
    sys.stdout.write(f"\nAll numbers: {path}\n")
    gaps = missing(results) if record else []
    if record and results.failed:
        sys.stdout.write("Not recorded, because something failed: see above.\n")
    elif gaps:
        sys.stdout.write("Not recorded, because the run is not complete:\n")
        sys.stdout.write("".join(f"  {line}\n" for line in gaps))
    elif record:
        results.write(RECORDED)
        publish(results)
    return int(results.failed or bool(gaps) or (worse and strict))


def _write(results: Results) -> Path:
    moment = results.about["moment"].replace(":", "")
    path = Path("results") / "bench" / f"{moment}.json"
    results.write(path)
    return path


if __name__ == "__main__":
    sys.exit(main())
