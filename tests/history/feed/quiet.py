"""Quiet: once nothing fails and nothing is appended, the feed is complete within a bounded time."""

from collections.abc import Iterator, Sequence
from typing import Final

from ..violations import Violation
from .kinds import FeedKind
from .readings import Readings

BOUND: Final = 60.0
"""Seconds. A sequencer that dies is replaced within four of them."""

_SECOND: Final = 1_000_000_000


def quiet_violations(
    readings: Readings, quiet: int | None, readers: Sequence[str]
) -> Iterator[Violation]:
    """
    Find events that came too late, and readers that did not reach the end.

    Args:
        readings: What was recorded.
        quiet: When the last append of the run was settled; None if it never was.
        readers: The readers that there were until the end.
    """
    if quiet is None:
        return
    end = len(readings.log)
    seen = readings.first_seen
    for item in readings.log:
        at = seen.get(item.event)
        if at is None or at > quiet + BOUND * _SECOND:
            when = "no reader" if at is None else f"{(at - quiet) / _SECOND:.1f} s"
            yield Violation(FeedKind.FEED_LATE, item.stream, f"{item}: {when}")
    reached: dict[str, tuple[int, int]] = {}
    for delivery in readings.deliveries:
        if delivery.position >= reached.get(delivery.reader, (0, -1))[1]:
            reached[delivery.reader] = delivery.at, delivery.position
    for reader in readers:
        _, position = reached.get(reader, (0, 0))
        if position < end:
            what = f"{reader} reached {position} of {end}"
            yield Violation(FeedKind.FEED_STUCK, "", what)
