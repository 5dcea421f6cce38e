"""A run: the scenarios in order, on one node, with progress and the expected time."""

import math
import sys
import time
from collections.abc import Awaitable, Callable, Collection
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from rich.progress import Progress, TaskID

from .about import about_node
from .bench import Bench, Size
from .beside import beside
from .feed_requests import feed_requests
from .feeds import feed_append, feed_catch_up, feed_delivery, feed_sequencing
from .flat_cost import flat_cost
from .hot_costs import hot_costs
from .memory import memory
from .opening import opening
from .pace import Pace
from .privacy import privacy
from .processes import processes
from .profiles import profile
from .replicas import replicas
from .representation import representation
from .results import Results
from .scenarios import hot_path, hot_stream, peers, replay
from .snapshots import snapshots
from .subscriptions import idle_group, projection, subscription, takeover
from .truncation import truncation
from .variants import node, variants


@dataclass(frozen=True, slots=True)
class Scenario:
    """
    A scenario and its approximate time.

    Attributes:
        run: Measures.
        full: Its seconds in a full run.
        quick: Its seconds in a quick run; 0 if a quick run includes it only when named.
        optional: Whether a run that is late leaves it out: no goal needs it.
    """

    run: Callable[[Bench], Awaitable[None]]
    full: float
    quick: float
    optional: bool = False


SCENARIOS: Final[dict[str, Scenario]] = {
    "hot_path": Scenario(hot_path, 33, 20),
    "hot_stream": Scenario(hot_stream, 6, 6),
    "beside": Scenario(beside, 105, 36),
    "hot_costs": Scenario(hot_costs, 50, 0),
    "replay": Scenario(replay, 38, 10),
    "memory": Scenario(memory, 30, 10),
    "flat_cost": Scenario(flat_cost, 20, 20),
    "snapshots": Scenario(snapshots, 7, 0),
    "truncation": Scenario(truncation, 7, 0),
    "privacy": Scenario(privacy, 15, 0),
    "opening": Scenario(opening, 1, 2),
    "representation": Scenario(representation, 3, 3),
    "processes": Scenario(processes, 95, 20),
    "feed_append": Scenario(feed_append, 85, 15),
    "feed_delivery": Scenario(feed_delivery, 98, 0),
    "feed_sequencing": Scenario(feed_sequencing, 74, 12),
    "feed_catch_up": Scenario(feed_catch_up, 73, 0),
    "feed_requests": Scenario(feed_requests, 30, 0),
    "subscription": Scenario(subscription, 24, 0),
    "projection": Scenario(projection, 30, 0),
    "takeover": Scenario(takeover, 58, 0),
    "idle_group": Scenario(idle_group, 30, 0),
    "profile": Scenario(profile, 65, 0),
    "peers": Scenario(peers, 105, 0),
    "variants": Scenario(variants, 95, 0, optional=True),
    "replicas": Scenario(replicas, 150, 0),
}
"""The scenarios, in order."""

_STARTING: Final = 15.0
FULL_LIMIT: Final = 25 * 60.0
"""Seconds that a full run may take."""
QUICK_LIMIT: Final = 3 * 60.0
"""Seconds that a quick run may take."""
_SPARE: Final = 0.02
"""The share of the limit that is kept for the report, and for what the plan does not foresee."""


@dataclass(slots=True)
class Display:
    """The progress of a run: a bar on a terminal, otherwise a line for each scenario."""

    progress: Progress
    task: TaskID
    pace: Pace

    def begin(self, name: str, expected: float) -> None:
        """Show that a scenario begins and the one before is done."""
        self.pace.begin(name, expected)
        if not self.progress.console.is_terminal:
            sys.stderr.write(f"{self.pace.passed:5.0f} s  {name} (about {expected:.0f} s)\n")
            sys.stderr.flush()

    def say(self, text: str, share: float) -> None:
        """Show what is being done, and the share of the scenario that is done, from 0 to 1."""
        left = self.pace.left(share)
        self.progress.update(
            self.task,
            description=text,
            completed=self.pace.reached(share) / self.pace.planned,
            left=f"about {left / 60:.0f} min left" if left > 90 else f"about {left:.0f} s left",
        )


async def measure(results: Results, size: Size, only: Collection[str], progress: Progress) -> None:
    """
    Measure scenarios on a node of our own.

    Args:
        results: Receives each number as soon as it is measured.
        size: The size of the run.
        only: The names of the scenarios; empty for all scenarios of a run of this size.
        progress: Shows the progress.
    """
    chosen = {
        name: it
        for name, it in SCENARIOS.items()
        if (name in only if only else it.quick or not size.quick)
    }
    seconds = {
        name: (it.quick or it.full) if size.quick else it.full for name, it in chosen.items()
    }
    # What was named is measured as a whole.
    limit = math.inf if only else (QUICK_LIMIT if size.quick else FULL_LIMIT) * (1 - _SPARE)
    pace = Pace(_STARTING + sum(seconds.values()), limit)
    pace.begin("starting", _STARTING)
    display = Display(progress, progress.add_task("", total=1.0, left=""), pace)
    async with AsyncExitStack() as stack:
        display.say("starting a node", 0)
        path = Path(stack.enter_context(TemporaryDirectory(ignore_cleanup_errors=True)))
        cluster = await stack.enter_async_context(node(path, {}))
        for part, found in (await about_node(cluster.nodes[0], cluster.port)).items():
            results.about[part] |= found
        contact = cluster.contact_points[0]
        pid = cluster.nodes[0].pid
        bench = Bench(results, size, contact, cluster.port, path, stack, display.say, pid, pace)
        for name, scenario in chosen.items():
            display.begin(name, seconds[name])
            if scenario.optional and pace.is_late:
                pace.leave_out()
                results.notes.append(f"{name}: left out, since the machine was slower than planned")
                continue
            began = time.monotonic()
            try:
                await scenario.run(bench)
            except Exception as error:  # noqa: BLE001 - keep the measurements so far
                results.notes.append(f"{name} failed: {type(error).__name__}: {error}")
                results.failed = True
            results.about["seconds"] = {
                **results.about.get("seconds", {}),
                name: round(time.monotonic() - began),
            }
            results.about["fewer_rounds"] = pace.fewer
