"""
What telemetry costs: ``python -m benchmarks.telemetry``.

One process for each kind of hook runs the same appends and reads. The processes take turns, in a
new order each round, and their own CPU time is compared. ``--against DIRECTORY`` adds a checkout
without any hook code, which ``git worktree add DIRECTORY COMMIT`` creates.
"""

import argparse
import asyncio
import json
import os
import random
import statistics
import subprocess
import sys
import timeit
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from event_store_async import EventStore
from event_store_async.embedded import EmbeddedCassandra

from .peers import REPLICATION

HOOKS = ("none", "no-op", "prometheus", "opentelemetry", "logs")
BASE = "no hook code"
WORKER = Path(__file__).parent / "telemetry_worker.py"

Rounds = dict[str, list[dict[str, float]]]


class Worker:
    """A worker process."""

    def __init__(self, kind: str, appends: int, port: int, package: Path | None) -> None:
        environment = dict(os.environ)
        if package is not None:
            environment["PYTHONPATH"] = str(package)
        self._process = subprocess.Popen(
            [sys.executable, str(WORKER), kind, str(appends), str(port)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._to, self._from = self._process.stdin, self._process.stdout
        assert self._from.readline().strip() == "ready", f"the worker of {kind} did not start"

    def round(self) -> dict[str, float]:
        """Run a round and return its costs."""
        self._to.write("\n")
        self._to.flush()
        costs: dict[str, float] = json.loads(self._from.readline())
        return costs

    def end(self) -> None:
        """End it."""
        self._to.close()
        self._process.wait(30)


def measure(kinds: Sequence[str], given: argparse.Namespace, port: int) -> Rounds:
    """Let the workers take turns."""
    appends = given.appends if not port else given.appends // 10
    workers = {
        kind: Worker(kind, appends, port, given.against if kind == BASE else None) for kind in kinds
    }
    rounds: Rounds = {kind: [] for kind in kinds}
    try:
        place = "Cassandra" if port else "in memory"
        for _ in track(range(given.rounds), f"rounds, {place}", console=Console(stderr=True)):
            for kind in random.sample(list(kinds), len(kinds)):
                rounds[kind].append(workers[kind].round())
    finally:
        for worker in workers.values():
            worker.end()
    return rounds


def show(title: str, rounds: Rounds) -> None:
    """Print medians, and the differences from no hooks by round, with quartiles."""
    table = Table(title=title)
    for heading in ("hooks", "append, µs of CPU", "against none", "event read, µs", "against none"):
        table.add_column(heading, justify="left" if heading == "hooks" else "right")
    for kind, costs in rounds.items():
        row = [kind]
        for what in ("append", "read"):
            pairs = zip(costs, rounds["none"], strict=True)
            row += [
                f"{statistics.median(cost[what] for cost in costs):.2f}",
                _spread([cost[what] - none[what] for cost, none in pairs]),
            ]
        table.add_row(*row)
    Console().print(table)


def _spread(differences: Sequence[float]) -> str:
    low, middle, high = statistics.quantiles(differences, n=4)
    return f"{middle:+.2f} ({low:+.2f} to {high:+.2f})"


def branch() -> float:
    """Return the nanoseconds of one check whether there are hooks."""
    setup = "class A: __slots__ = ('o',)\na = A(); a.o = None"
    times: Mapping[str, float] = {
        code: min(timeit.repeat(code, setup, number=1_000_000, repeat=9))
        for code in ("if a.o is not None: pass", "pass")
    }
    return (times["if a.o is not None: pass"] - times["pass"]) * 1000


async def on_cassandra(kinds: Sequence[str], given: argparse.Namespace) -> Rounds:
    """Measure on an embedded node."""
    async with EmbeddedCassandra() as cluster:
        async with EventStore.connect(
            cluster.contact_points, port=cluster.port, keyspace="telemetry"
        ) as store:
            await store.create_schema(REPLICATION)
        return await asyncio.to_thread(measure, kinds, given, cluster.port)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.telemetry")
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument(
        "--appends", type=int, default=5000, help="in a round; a tenth on Cassandra"
    )
    parser.add_argument("--against", type=Path, help="a checkout without hook code")
    parser.add_argument("--memory-only", action="store_true", help="no Cassandra")
    given = parser.parse_args()
    kinds = (*((BASE,) if given.against else ()), *HOOKS)
    show("In memory", measure(kinds, given, 0))
    if not given.memory_only:
        show("On Cassandra", asyncio.run(on_cassandra(kinds, given)))
    print(f"one check whether there are hooks: {branch():.0f} ns")


if __name__ == "__main__":
    main()
