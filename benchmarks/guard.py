"""The guard: compares this run's ratios with the recorded ones; never absolute times."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from .goals import Goal
from .spread import ratio_text

_SMALLEST: Final = 0.02
"""The smallest difference that counts, as a share of the recorded median."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a goal has changed since the recorded run."""

    text: str
    worse: bool


def compare(now: Sequence[Goal], recorded: Sequence[Goal]) -> list[Verdict]:
    """
    Compare the goals that both runs measured.

    A difference counts only if the rounds of both runs do not overlap and the medians are more
    than `_SMALLEST` apart: a ratio that hardly varies still changes a little each time.
    """
    before = {goal.name: goal for goal in recorded}
    verdicts = []
    for goal in now:
        old = before.get(goal.name)
        if old is None:
            continue
        word = "same"
        if _apart(goal, old) > _SMALLEST and not goal.measured.overlaps(old.measured):
            rose = goal.measured.median > old.measured.median
            word = "worse" if rose == goal.at_most else "better"
        least, median, most = map(
            ratio_text, (old.measured.least, old.measured.median, old.measured.most)
        )
        text = (
            f"{word:>6}  {goal.text}: {ratio_text(goal.measured.median)}, "
            f"recorded {median} ({least} to {most})"
        )
        verdicts.append(Verdict(text, word == "worse"))
    return verdicts


def _apart(goal: Goal, old: Goal) -> float:
    """Return how far the medians are apart, as a share of the recorded one."""
    # Nothing is a share of zero, which conflicts or a lag may be: the limit is a number of the
    # same size as what matters, and without a limit, a ratio is usually about 1.
    whole = abs(old.measured.median) or goal.limit or 1.0
    return abs(goal.measured.median - old.measured.median) / whole
