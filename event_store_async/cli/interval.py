"""Polling: how long to wait before asking again."""

from typing import Final

_GROWTH: Final = 1.5


class Interval:
    """
    Seconds between two questions: they grow while nothing comes, and shrink when something does.

    Args:
        shortest: Never less than this.
        longest: Never more than this, nor less than *shortest*.
    """

    def __init__(self, shortest: float, longest: float) -> None:
        self._shortest = shortest
        self._longest = max(shortest, longest)
        self.seconds = shortest

    def nothing_came(self) -> None:
        """Wait longer from now on."""
        self.seconds = min(self._longest, self.seconds * _GROWTH)

    def something_came(self) -> None:
        """Wait less from now on: what has come at last is seldom alone."""
        self.seconds = max(self._shortest, self.seconds / _GROWTH**3)

    def failed(self) -> None:
        """Wait as long as ever: who does not answer is not asked more often for it."""
        self.seconds = self._longest
