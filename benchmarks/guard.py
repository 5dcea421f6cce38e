"""The guard: compares this run's ratios with the recorded ones; never absolute times."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from .goals import Goal

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
        apart = abs(goal.measured.median / old.measured.median - 1)
        if apart > _SMALLEST and not goal.measured.overlaps(old.measured):
            rose = goal.measured.median > old.measured.median
            word = "worse" if rose == goal.at_most else "better"
        text = (
            f"{word:>6}  {goal.text}: {goal.measured.median:.2f}, recorded "
            f"{old.measured.median:.2f} ({old.measured.least:.2f} to {old.measured.most:.2f})"
        )
        verdicts.append(Verdict(text, word == "worse"))
    return verdicts
