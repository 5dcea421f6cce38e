"""Backlog: the announcements that are not finished, over all lanes."""

from collections.abc import Iterable
from dataclasses import dataclass

from .lane_reader import LaneReader


@dataclass(frozen=True, slots=True)
class Backlog:
    """
    The announcements that are undecided, or not published yet.

    Attributes:
        announcements: How many they are.
        events: How many events they announce: at most that many may be committed and not in the
            log.
        oldest: Seconds since the oldest of them was read; None if there are none.
    """

    announcements: int
    events: int
    oldest: float | None

    @classmethod
    def of(cls, lanes: Iterable[LaneReader], now: float) -> "Backlog":
        """
        Return the backlog of some lanes. It may be called from any thread.

        Args:
            lanes: The lanes.
            now: The time, by the clock that the lanes are read with.
        """
        announcements = events = 0
        oldest: float | None = None
        for lane in lanes:
            # Copied in one step, as the sequencer may change it meanwhile.
            rows = list(lane.open.values())
            announcements += len(rows)
            events += sum(row.events for row in rows)
            read_at = lane.read_at.get(rows[0].seq) if rows else None
            if read_at is not None:
                oldest = max(oldest or 0.0, now - read_at)
        return cls(announcements, events, oldest)
