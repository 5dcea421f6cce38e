"""Heartbeat: when the sequencer that leads was last seen to work, by the watcher's own clock."""

from .rows import FeedRow


class Heartbeat:
    """
    Watches the beat in a feed's row. Nobody's clock but the watcher's own is part of it.

    Attributes:
        row: The feed's row, as it was when its beat was last seen to change; None before the first.
        has_moved: Whether the beat was seen to change, since it was first looked at.
    """

    def __init__(self) -> None:
        self.row: FeedRow | None = None
        self.has_moved = False
        self._changed_at = 0.0

    def saw(self, row: FeedRow, now: float) -> None:
        """Note the feed's row, read at this time of a monotonic clock."""
        before = self.row
        if before is None or (row.leader, row.beat) != (before.leader, before.beat):
            self.has_moved = before is not None
            self.row, self._changed_at = row, now

    def silence(self, now: float) -> float | None:
        """Return for how many seconds the beat has not changed; None if it was never looked at."""
        return None if self.row is None else now - self._changed_at
