"""Report: the results of a run, as a table, as JSON and as a plot."""

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

from ..history.feed.kinds import FeedKind
from ..history.feed.readings import Readings
from ..history.groups.kinds import GroupKind
from ..history.history import History
from ..history.violations import AnyKind, Kind, Verdict

_GROUPS: Final[Mapping[str, tuple[AnyKind, ...]]] = {
    "lost": (Kind.LOST, Kind.MISPLACED),
    "duplicated": (Kind.DUPLICATED,),
    "phantom": (Kind.PHANTOM, Kind.REFUSED_BUT_STORED),
    "torn": (Kind.TORN, Kind.TORN_READ),
    "gaps": (Kind.GAP, Kind.FALSE_HOLE),
    "wrongly gone, or back": (Kind.OVER_ERASED, Kind.RESURRECTED),
    "wrong conflicts": (Kind.WRONG_CONFLICT, Kind.UNMET, Kind.TWO_ANSWERS),
    "out of order": (Kind.ORDER,),
    "wrong reads": (Kind.NOT_A_PREFIX, Kind.STALE_READ, Kind.FUTURE_READ),
    "unknown left": (Kind.UNSETTLED,),
    "too late, or never": (Kind.OVERDUE, Kind.NEVER_ENDED),
    "wrong errors": (Kind.ERROR,),
    "unproven": (Kind.UNPROVEN,),
}
"""The kinds of violation, grouped as in the documentation."""

_OF_FEED: Final[Mapping[str, tuple[AnyKind, ...]]] = {
    "feed: skipped": (FeedKind.FEED_SKIPPED,),
    "feed: twice": (FeedKind.FEED_TWICE,),
    "feed: out of order": (FeedKind.FEED_VERSIONS, FeedKind.FEED_ORDER),
    "feed: phantom": (FeedKind.FEED_PHANTOM, FeedKind.FEED_REFUSED, FeedKind.FEED_FUTURE),
    "feed: wrong positions": (FeedKind.FEED_GAP, FeedKind.FEED_BEFORE, FeedKind.FEED_BEYOND),
    "feed: readers that differ": (FeedKind.FEED_DIFFERENT, FeedKind.FEED_UNWANTED),
    "feed: passed, or again": (FeedKind.FEED_PASSED, FeedKind.FEED_AGAIN),
    "feed: late": (FeedKind.FEED_LATE, FeedKind.FEED_STUCK),
    "feed: errors and alarms": (FeedKind.FEED_BROKEN, FeedKind.FEED_ALARM),
    "feed: unproven": (FeedKind.FEED_UNPROVEN,),
}

_OF_GROUPS: Final[Mapping[str, tuple[AnyKind, ...]]] = {
    "groups: not handled": (GroupKind.GROUP_LOST, GroupKind.GROUP_STUCK),
    "groups: out of order": (GroupKind.GROUP_ORDER,),
    "groups: at once": (GroupKind.GROUP_AT_ONCE,),
    "groups: wrong views": (GroupKind.GROUP_VIEW,),
    "groups: unaccounted": (
        GroupKind.GROUP_UNACCOUNTED,
        GroupKind.GROUP_WAITS,
        GroupKind.GROUP_SKIP,
    ),
    "groups: wrong errors": (GroupKind.GROUP_RAISED,),
}

_SHOWN: Final = 50


def versions(cassandra: str) -> dict[str, str]:
    """Return the versions that the run was made with."""
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
    The results of a run.

    Attributes:
        verdict: The checker's verdict.
        history: The history that it checked.
        failures: What went wrong with the run itself.
        facts: The versions and options of the run.
        readings: What was recorded of the feed; None in a run without one.
    """

    verdict: Verdict
    history: History
    failures: Sequence[str]
    facts: Mapping[str, str]
    readings: Readings | None = None

    @property
    def passed(self) -> bool:
        """Whether there is no violation, and the run itself did not fail."""
        return self.verdict.valid and not self.failures

    @property
    def faults(self) -> Counter[str]:
        """The number of faults of each kind."""
        return Counter(mark.name for mark in self.history.marks if mark.phase == "begin")

    @property
    def found(self) -> dict[str, int]:
        """The number of violations, grouped as in the documentation."""
        counts = self.verdict.kinds
        groups = _GROUPS if self.readings is None else {**_GROUPS, **_OF_FEED, **_OF_GROUPS}
        return {name: sum(counts[kind] for kind in kinds) for name, kinds in groups.items()}

    @property
    def text(self) -> str:
        """The report as text."""
        facts = "\n".join(f"{name}: {value}" for name, value in self.facts.items())
        tables = [
            _table("Faults", dict(self.faults.most_common())),
            _table("Calls", dict(sorted(self.verdict.counts.items()))),
            _table("Found", self.found),
        ]
        troubles = [*map(str, self.verdict.violations[:_SHOWN]), *self.failures]
        verdict = "No violations." if self.passed else "THE RUN FAILED."
        return "\n\n".join([facts, *tables, *troubles, verdict])

    def write(self, directory: Path) -> None:
        """Write summary.json, report.txt and, if matplotlib is installed, the plots."""
        summary = {
            "facts": dict(self.facts),
            "faults": dict(self.faults),
            "counts": dict(self.verdict.counts),
            "clock jumps": sum(mark.name == "clock" for mark in self.history.marks),
            "found": self.found,
            "failures": list(self.failures),
            "passed": self.passed,
        }
        (directory / "summary.json").write_text(json.dumps(summary, indent=2) + "\n")
        (directory / "report.txt").write_text(self.text + "\n")
        if find_spec("matplotlib") is not None:
            from .plot import plot

            plot(self.history, directory)
            if self.readings is not None:
                from .feed_plot import plot_feed

                plot_feed(self.history, self.readings, directory)


def _table(title: str, counts: Mapping[str, int]) -> str:
    rows = "\n".join(f"{count:>9,}  {name}" for name, count in counts.items())
    return f"{title}\n{rows}"
