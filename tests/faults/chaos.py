"""The chaos run: ``python -m tests.faults.chaos --duration 120``."""

import argparse
import asyncio
import os
import random
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from event_store_async.embedded import StartProgress
from event_store_async.embedded.provisions import provide
from event_store_async.embedded.releases import find_release

from .network import Network, enter_command, why_not
from .ring import COMMIT_LOGS
from .run import Options, run

_INSIDE: Final = "EVENT_STORE_CHAOS_NETWORK"


def main(arguments: Sequence[str]) -> int:
    """Run; return 0 if no violation was found."""
    options = _parser().parse_args(arguments)
    isolated = _INSIDE in os.environ
    if isolated:
        Network.prepare()
    else:
        _enter_a_network(arguments)
    try:
        report = asyncio.run(run(Options(**vars(options), isolated=isolated)))
    except KeyboardInterrupt:
        return 130
    sys.stdout.write(report.text + "\n")
    return 0 if report.passed else 1


def _enter_a_network(arguments: Sequence[str]) -> None:
    """Continue in a network namespace if that is allowed, otherwise return."""
    reason = why_not()
    if reason is not None:
        sys.stderr.write(f"no node will be cut off from its peers: {reason}\n")
        return
    # Nothing can be downloaded from inside the namespace.
    asyncio.run(provide(find_release(None), StartProgress()))
    command = enter_command([sys.executable, "-m", "tests.faults.chaos", *arguments])
    os.execvpe(command[0], command, os.environ | {_INSIDE: "1"})  # noqa: S606


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.chaos", description=__doc__)
    parser.add_argument("--duration", type=float, default=120.0, help="seconds of faults")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--writers", type=int, default=4, help="processes (default: 4)")
    parser.add_argument(
        "--tasks", type=int, default=4, help="concurrent calls of each process (default: 4)"
    )
    parser.add_argument(
        "--streams", type=int, default=6, help="streams in use at a time (default: 6)"
    )
    parser.add_argument(
        "--feed", action="store_true", help="the table has a feed, which is sequenced and read"
    )
    parser.add_argument(
        "--sequencers", type=int, default=2, help="processes that only sequence (default: 2)"
    )
    parser.add_argument(
        "--readers", type=int, default=3, help="processes that read the feed (default: 3)"
    )
    parser.add_argument(
        "--handlers", type=int, default=3, help="processes with subscriptions (default: 3)"
    )
    parser.add_argument(
        "--erasers",
        type=int,
        default=1,
        help="processes that truncate, delete and close streams of a table without a feed",
    )
    parser.add_argument("--pause", type=float, default=0.15, help="mean seconds between calls")
    parser.add_argument("--heap", default="512M", help="heap of each node (default: 512M)")
    parser.add_argument(
        "--commit-log",
        choices=COMMIT_LOGS,
        default="batch",
        help="whether what a node acknowledged survives its crash: with batch it does (default)",
    )
    parser.add_argument(
        "--output", type=Path, default=Path("results/chaos"), help="folder for the run's files"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
