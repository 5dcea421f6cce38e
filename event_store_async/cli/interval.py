"""How long to wait between polls."""

from typing import Final

_GROWTH: Final = 1.5


class Interval:
    """
    Seconds between two polls: longer while nothing arrives, shorter when something does.

    Args:
        shortest: The minimum.
        longest: The maximum; *shortest*, if that is longer.
    """

    def __init__(self, shortest: float, longest: float) -> None:
        self._shortest = shortest
        self._longest = max(shortest, longest)
        self.seconds = shortest

    def nothing_arrived(self) -> None:
        """Make the interval longer."""
        self.seconds = min(self._longest, self.seconds * _GROWTH)

    def something_arrived(self) -> None:
        """Make the interval shorter: more is likely to follow soon."""
        self.seconds = max(self._shortest, self.seconds / _GROWTH**3)

    def failed(self) -> None:
        """Set the interval to the maximum, so as not to load a store that does not answer."""
        self.seconds = self._longest
