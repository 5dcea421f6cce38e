"""The pace of a run: how far it is, when it will end, and how many rounds it has time for."""

import math
import time
from collections.abc import Callable
from typing import Final

_TRUSTED: Final = 60.0
"""Seconds after which the measured pace counts as much as the planned one."""
_FIXED: Final = 0.4
"""About this share of a scenario does not depend on its rounds: starting, warming up, filling."""
LEAST: Final = 2
"""Rounds that every scenario has. One alone would have no spread."""


class Pace:
    """
    Compares a run with its plan, and leaves out rounds if the run would take too long.

    A busy or slow machine takes longer for what is counted in events. On it, a run measures the
    same with fewer rounds.

    Args:
        planned: The seconds of all scenarios on a machine that has nothing else to do.
        limit: The seconds that the run may take; infinite if it may take any time.
        clock: Returns the time in seconds.

    Attributes:
        fewer: The scenarios that had fewer rounds than wanted: ``{"replay": "3 of 5"}``.
    """

    def __init__(
        self,
        planned: float,
        limit: float = math.inf,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.planned = planned
        self.limit = limit
        self._clock = clock
        self._began = clock()
        self.fewer: dict[str, str] = {}
        self._name = ""
        self._done = 0.0
        self._left_out = 0.0
        self._expected = 0.0

    def begin(self, name: str, expected: float) -> None:
        """Begin a scenario of so many planned seconds; the one before is done."""
        self._done += self._expected
        self._name, self._expected = name, expected

    @property
    def passed(self) -> float:
        """The seconds since the run began."""
        return self._clock() - self._began

    def reached(self, share: float) -> float:
        """Return the planned seconds that are done, with a share of the scenario, from 0 to 1."""
        return self._done + min(1.0, share) * self._expected

    def left(self, share: float = 0.0) -> float:
        """Return the seconds that the rest will take, with all its rounds."""
        reached = self.reached(share)
        # At first the planned pace, then more and more the measured one. Rounds that were left out
        # must not look like speed.
        pace = (self.passed + _TRUSTED) / (reached - self._left_out + _TRUSTED)
        return max(0.0, self.planned - reached) * pace

    @property
    def is_late(self) -> bool:
        """Whether the rest will take longer than there is time for, with all its rounds."""
        return self.passed + self.left() > self.limit

    def leave_out(self) -> None:
        """Leave out the scenario that begins."""
        self._left_out += self._expected

    def rounds(self, wanted: int, least: int = LEAST) -> int:
        """
        Return how many rounds the scenario that begins has time for.

        Args:
            wanted: The rounds on a machine that has nothing else to do.
            least: The fewest rounds that mean something.
        """
        if not self.is_late:
            return wanted
        share = (self.limit - self.passed) / self.left()
        affordable = round(wanted * (share - _FIXED) / (1 - _FIXED))
        rounds = min(wanted, max(least, affordable))
        if rounds < wanted:
            self.fewer[self._name] = f"{rounds} of {wanted}"
            self._left_out += self._expected * (1 - _FIXED) * (1 - rounds / wanted)
        return rounds
