"""``make bench``: measure, show, record."""

import argparse
import asyncio
import sys
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.markdown import Markdown
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from .about import about
from .bench import Bench, Size
from .goals import goals
from .guard import compare
from .opening import opening
from .report import RECORDED, markdown, publish
from .results import Results
from .scenarios import SCENARIOS
from .variants import node, variants

QUICK = Size(rounds=5, seconds=0.6, events=20_000, quick=True)
FULL = Size(rounds=5, seconds=0.5, events=100_000, quick=False)
ALL = {**SCENARIOS, "opening": opening, "variants": variants}


async def measure(size: Size, only: list[str], say: Callable[[str, float], None]) -> Results:
    """Measure the scenarios on a node of our own."""
    results = Results(about(size, datetime.now(UTC).isoformat(timespec="minutes")))
    async with AsyncExitStack() as stack:
        say("starting a node", 0)
        path = Path(stack.enter_context(TemporaryDirectory(ignore_cleanup_errors=True)))
        cluster = await stack.enter_async_context(node(path, {}))
        contact = cluster.contact_points[0]
        bench = Bench(results, size, contact, cluster.port, stack, say)
        for name, scenario in ALL.items():
            if only and name not in only:
                continue
            try:
                await scenario(bench)
            except Exception as error:  # noqa: BLE001 - what was measured so far is worth keeping
                results.notes.append(f"{name} failed: {type(error).__name__}: {error}")
                results.failed = True
    return results


def main() -> int:
    """Run from the command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="make bench", description="Measure the library.")
    parser.add_argument("--quick", action="store_true", help="within three minutes: raw and ours")
    parser.add_argument("--only", default="", help=f"of {', '.join(ALL)}; separated by commas")
    parser.add_argument("--record", action="store_true", help="make docs/performance.md of it")
    parser.add_argument("--strict", action="store_true", help="fail where a ratio became worse")
    given = parser.parse_args()
    only = [name for name in given.only.split(",") if name]
    if unknown := set(only) - set(ALL):
        parser.error(f"no scenario {', '.join(sorted(unknown))}; there are {', '.join(ALL)}")
    columns = (TextColumn("{task.description:<60}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=1.0)

        def say(text: str, done: float) -> None:
            progress.update(task, description=text, completed=done)

        results = asyncio.run(measure(QUICK if given.quick else FULL, only, say))
    moment = results.about["moment"].replace(":", "")
    path = Path("results") / "bench" / f"{moment}.json"
    results.write(path)
    Console().print(Markdown(markdown(results, plots=False)))
    worse = False
    if RECORDED.exists():
        for verdict in compare(goals(results), goals(Results.read(RECORDED))):
            sys.stdout.write(f"{verdict.text}\n")
            worse = worse or verdict.worse
    sys.stdout.write(f"\nAll numbers: {path}\n")
    if given.record and not results.failed:
        results.write(RECORDED)
        publish(results)
    return int(results.failed or (worse and given.strict))


if __name__ == "__main__":
    sys.exit(main())
