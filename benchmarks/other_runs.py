"""
Other full runs: their goals, beside the recorded run's.

``python -m benchmarks.other_runs results/bench/RUN.json`` adds a run whose tables are not
published, such as one on a busy machine. The page then shows its goals.
"""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final, TypeAlias

from .bench import RAW
from .goals import Goal, goals
from .results import Key, Results
from .spread import Spread
from .tables import goal_cell, number, table, wanted_cell

OTHER: Final = Path(__file__).parent / "other_runs.json"
_BY_HAND: Final = Key("beside", RAW, "own streams", 64)

Run: TypeAlias = dict[str, Any]
"""When it began, its minutes, the events per second by hand, and its goals by name."""


def run_of(results: Results) -> Run:
    """Return what is kept of a full run."""
    by_hand = results.spread(_BY_HAND, "rate")
    return {
        "moment": results.about["moment"],
        "minutes": round(sum(results.about.get("seconds", {}).values()) / 60),
        "by hand": None if by_hand is None else by_hand.median,
        "goals": {goal.name: asdict(goal) for goal in goals(results)},
    }


def add(results: Results, path: Path = OTHER) -> None:
    """Keep the goals of one more run; of the same run, only once."""
    runs = {run["moment"]: run for run in [*kept(path), run_of(results)]}
    made = [runs[moment] for moment in sorted(runs)]
    path.write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")


def kept(path: Path = OTHER) -> list[Run]:
    """Return the runs that were added, in the order of time."""
    if not path.exists():
        return []
    runs: list[Run] = json.loads(path.read_text(encoding="utf-8"))
    return runs


def other_table(recorded: Results, others: Sequence[Run]) -> str:
    """Return the goals of the recorded run and of others, a column each; empty without others."""
    others = [run for run in others if run["moment"] != recorded.about["moment"]]
    if not others:
        return ""
    runs = [run_of(recorded), *others]
    names = dict.fromkeys(name for run in reversed(runs) for name in run["goals"])
    rows = [
        ["by hand, 64 callers with a stream each: events/s", "", *map(_rate, runs)],
        ["the run took, in minutes", "", *(str(run["minutes"]) for run in runs)],
    ]
    for name in names:
        found = {run["moment"]: _goal(run["goals"].get(name)) for run in runs}
        one = next(goal for goal in found.values() if goal is not None)
        cells = ["" if goal is None else _marked(goal) for goal in found.values()]
        rows.append([one.text, wanted_cell(one), *cells])
    head = ["ratio", "goal", f"{_moment(runs[0])}, recorded", *map(_moment, runs[1:])]
    return table(head, rows)


def _goal(made: dict[str, Any] | None) -> Goal | None:
    return None if made is None else Goal(**{**made, "measured": Spread(**made["measured"])})


def _marked(goal: Goal) -> str:
    return goal_cell(goal) if goal.met else f"**{goal_cell(goal)}**"


def _rate(run: Run) -> str:
    return "" if run["by hand"] is None else number(run["by hand"])


def _moment(run: Run) -> str:
    return str(run["moment"])[:16].replace("T", " ")


def main() -> None:
    """Add the runs that the command line names."""
    for path in sys.argv[1:]:
        add(Results.read(Path(path)))


if __name__ == "__main__":
    main()
