"""Paging: how many events a page asks for, so that memory is bounded by bytes, not by events."""

from typing import Final

_FIRST: Final = 128
_LARGEST: Final = 2000


class PageSizer:
    """
    Chooses page sizes by the size of the events seen so far.

    Protocol version 4 pages by rows only. The first page is small, since nothing is known of the
    events yet; from then on a page aims at `target` bytes.

    Args:
        target: Bytes of payload that a page should hold.
        fixed: The page size that the caller asked for, if any.
    """

    def __init__(self, target: int, fixed: int | None = None) -> None:
        self._target = target
        self._fixed = fixed
        self._size = fixed or _FIRST

    def next_size(self) -> int:
        """Return how many events the next page should hold."""
        return self._size

    def saw(self, events: int, size: int) -> None:
        """Learn from a page of *events* events and *size* bytes of payload."""
        if self._fixed is None and events:
            mean = size / events + 100  # ids, versions and names count too
            # At most fourfold: a stream's events may grow, and the next page is on its way by then.
            self._size = max(1, min(int(self._target / mean), self._size * 4, _LARGEST))
