"""Report: what came of a run, as a table, as JSON and as a plot."""

import json
import os
import platform
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from ..history.history import History
from ..history.lies import Lie, Verdict

_LIES: Final[Mapping[str, tuple[Lie, ...]]] = {
    "lost": (Lie.LOST, Lie.MISPLACED),
    "doubled": (Lie.DOUBLED,),
    "phantom": (Lie.PHANTOM, Lie.REFUSED_BUT_STORED),
    "torn": (Lie.TORN, Lie.TORN_READ),
    "gaps": (Lie.GAP, Lie.FALSE_HOLE),
    "wrong conflicts": (Lie.WRONG_CONFLICT, Lie.UNMET, Lie.TWO_ANSWERS),
    "out of order": (Lie.ORDER,),
    "wrong reads": (Lie.NOT_A_PREFIX, Lie.STALE_READ, Lie.FUTURE_READ),
    "unknown left": (Lie.UNSETTLED,),
    "too late, or never": (Lie.OVERDUE, Lie.NEVER_ENDED),
    "wrong errors": (Lie.ERROR,),
    "unproven": (Lie.UNPROVEN,),
}
"""The lies as a reader asks for them."""

_SHOWN: Final = 50


def versions(cassandra: str) -> dict[str, str]:
    """Return what the run was made with."""
    return {
        "cassandra": cassandra,
        "event_store_async": version("event_store_async"),
        "acsylla": version("acsylla"),
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs",
    }


@dataclass(frozen=True, slots=True)
class Report:
    """
    What came of a run.

    Attributes:
        verdict: The checker's.
        history: What it judged.
        failures: What went wrong with the run itself.
        facts: With what it was made.
    """

    verdict: Verdict
    history: History
    failures: Sequence[str]
    facts: Mapping[str, str]

    @property
    def passed(self) -> bool:
        """Whether every answer was true, and the run itself went well."""
        return self.verdict.true and not self.failures

    @property
    def faults(self) -> Counter[str]:
        """How many faults of each kind."""
        return Counter(mark.name for mark in self.history.marks if mark.phase == "begin")

    @property
    def found(self) -> dict[str, int]:
        """How many lies, as a reader asks for them."""
        lies = self.verdict.lies
        return {name: sum(lies[lie] for lie in kinds) for name, kinds in _LIES.items()}

    @property
    def text(self) -> str:
        """The report in words."""
        facts = "\n".join(f"{name}: {value}" for name, value in self.facts.items())
        tables = [
            _table("Faults", dict(self.faults.most_common())),
            _table("Calls", dict(sorted(self.verdict.counts.items()))),
            _table("Found", self.found),
        ]
        troubles = [*map(str, self.verdict.violations[:_SHOWN]), *self.failures]
        verdict = "Every answer was true." if self.passed else "THE RUN FAILED."
        return "\n\n".join([facts, *tables, *troubles, verdict])

    def write(self, directory: Path) -> None:
        """Write summary.json, report.txt and, with matplotlib there, plot.png and plot.svg."""
        summary = {
            "facts": dict(self.facts),
            "faults": dict(self.faults),
            "counts": dict(self.verdict.counts),
            "found": self.found,
            "failures": list(self.failures),
            "passed": self.passed,
        }
        (directory / "summary.json").write_text(json.dumps(summary, indent=2) + "\n")
        (directory / "report.txt").write_text(self.text + "\n")
        if find_spec("matplotlib") is not None:
            from .plot import plot

            plot(self.history, directory)


def _table(title: str, counts: Mapping[str, int]) -> str:
    rows = "\n".join(f"{count:>9,}  {name}" for name, count in counts.items())
    return f"{title}\n{rows}"
