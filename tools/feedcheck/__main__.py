"""``python -m tools.feedcheck``: searches the protocol of the feed for a broken promise."""

import argparse
import sys
import time
from collections.abc import Sequence

from .report import HEADER, Progress, line, trace_lines
from .run import BOUND, Run
from .suite import runs


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    found = argparse.ArgumentParser(prog="python -m tools.feedcheck", description=__doc__)
    found.add_argument(
        "--only", action="append", metavar="NAME", help="runs whose name contains NAME; may repeat"
    )
    found.add_argument("--list", action="store_true", help="list the runs, and search nothing")
    found.add_argument("--trace", action="store_true", help="print the trace of each violation")
    found.add_argument(
        "--max-states",
        type=_count,
        metavar="N",
        help=f"stop each sound run after about N states (default: {BOUND:,} for the large ones)",
    )
    found.add_argument(
        "--deep",
        action="store_true",
        help="search the large runs to their end: hours, and many GiB",
    )
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Search, print a line for each run, and return 1 if one is not as expected."""
    given = parser().parse_args(arguments)
    chosen = [
        run for run in runs() if given.only is None or any(name in run.name for name in given.only)
    ]
    if not chosen:
        print(f"no run has {' or '.join(given.only)} in its name; see --list", file=sys.stderr)
        return 2
    if given.list:
        for run in chosen:
            print(f"{run.name:<22} {run.about}")
        return 0
    print(HEADER, flush=True)
    started, failed = time.monotonic(), 0
    for run in chosen:
        most_states = given.max_states
        if most_states is None and run.is_large and not given.deep:
            most_states = BOUND
        failed += _is_unexpected(run, most_states, is_traced=given.trace)
    print(f"\n{len(chosen) - failed} as expected, {failed} not")
    print(f"{time.monotonic() - started:.0f} s", file=sys.stderr)
    return 1 if failed else 0


def _is_unexpected(run: Run, most_states: int | None, *, is_traced: bool) -> bool:
    progress = Progress(run, sys.stderr)
    try:
        result = run.result(most_states=most_states, told=progress.told)
    finally:
        progress.end()
    print(line(result), flush=True)
    if is_traced or result.faults:
        for text in trace_lines(result):
            print(text)
    return bool(result.faults)


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


if __name__ == "__main__":
    sys.exit(main())
