"""A run: the scenarios in order, on one node; how far it is, and how long it will take."""

import sys
import time
from collections.abc import Awaitable, Callable, Collection
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from rich.progress import Progress, TaskID

from .bench import Bench, Size
from .beside import beside
from .flat_cost import flat_cost
from .memory import memory
from .opening import opening
from .processes import processes
from .profiles import profile
from .representation import representation
from .results import Results
from .scenarios import hot_path, hot_stream, peers, replay
from .variants import node, variants


@dataclass(frozen=True, slots=True)
class Scenario:
    """
    A scenario, and about how many seconds it takes.

    Attributes:
        run: Measures.
        full: Seconds of it in a full run.
        quick: Seconds of it in a quick one; 0 where it is no part of that unless it is named.
    """

    run: Callable[[Bench], Awaitable[None]]
    full: float
    quick: float


SCENARIOS: Final[dict[str, Scenario]] = {
    "hot_path": Scenario(hot_path, 60, 25),
    "hot_stream": Scenario(hot_stream, 40, 15),
    "beside": Scenario(beside, 200, 30),
    "replay": Scenario(replay, 70, 15),
    "memory": Scenario(memory, 70, 15),
    "flat_cost": Scenario(flat_cost, 40, 25),
    "opening": Scenario(opening, 3, 3),
    "representation": Scenario(representation, 10, 3),
    "processes": Scenario(processes, 70, 20),
    "profile": Scenario(profile, 100, 0),
    "peers": Scenario(peers, 160, 0),
    "variants": Scenario(variants, 160, 0),
}
"""The scenarios, in order."""

_STARTING: Final = 15.0


@dataclass(slots=True)
class Display:
    """How far a run is: a bar where somebody watches, else a line for each scenario."""

    progress: Progress
    task: TaskID
    whole: float
    done: float = 0.0
    expected: float = _STARTING
    name: str = "starting"
    began: float = field(default_factory=time.monotonic)

    def begin(self, name: str, expected: float) -> None:
        """Show that a scenario begins; the one before is done."""
        self.done += self.expected
        self.name, self.expected = name, expected
        if not self.progress.console.is_terminal:
            passed = time.monotonic() - self.began
            sys.stderr.write(f"{passed:5.0f} s  {name} (about {expected:.0f} s)\n")
            sys.stderr.flush()

    def say(self, text: str, share: float) -> None:
        """Show what is being done, and how far its scenario is, from 0 to 1."""
        reached = self.done + min(1.0, share) * self.expected
        passed = time.monotonic() - self.began
        # As slow as expected, at first; then as slow as it has been.
        pace = (passed + 60) / (reached + 60)
        left = max(0.0, self.whole - reached) * pace
        self.progress.update(
            self.task,
            description=text,
            completed=reached / self.whole,
            left=f"about {left / 60:.0f} min left" if left > 90 else f"about {left:.0f} s left",
        )


async def measure(results: Results, size: Size, only: Collection[str], progress: Progress) -> None:
    """
    Measure scenarios on a node of our own, into results that may be there already.

    Args:
        results: Where the numbers go, each as soon as it is there.
        size: How much is measured.
        only: The names of the scenarios; empty for all that a run of this size has.
        progress: Where to show how far it is.
    """
    chosen = {
        name: it
        for name, it in SCENARIOS.items()
        if (name in only if only else it.quick or not size.quick)
    }
    seconds = {
        name: (it.quick or it.full) if size.quick else it.full for name, it in chosen.items()
    }
    whole = _STARTING + sum(seconds.values())
    display = Display(progress, progress.add_task("", total=1.0, left=""), whole)
    async with AsyncExitStack() as stack:
        display.say("starting a node", 0)
        path = Path(stack.enter_context(TemporaryDirectory(ignore_cleanup_errors=True)))
        cluster = await stack.enter_async_context(node(path, {}))
        contact = cluster.contact_points[0]
        bench = Bench(results, size, contact, cluster.port, path, stack, display.say)
        for name, scenario in chosen.items():
            display.begin(name, seconds[name])
            began = time.monotonic()
            try:
                await scenario.run(bench)
            except Exception as error:  # noqa: BLE001 - what was measured so far is worth keeping
                results.notes.append(f"{name} failed: {type(error).__name__}: {error}")
                results.failed = True
            results.about["seconds"] = {
                **results.about.get("seconds", {}),
                name: round(time.monotonic() - began),
            }
