"""Backfill: how much of a table from before its feed is in the feed."""

from ...ring import LARGEST, SMALLEST
from ...values import value
from .rows import FeedRow, State


@value
class FeedBackfill:
    """
    How far the backfill of a feed has come: the events from before the feed was enabled.

    Attributes:
        state: ``"building"`` until all of them are in the feed; then ``"complete"``.
        fraction: How much of the table has been looked at, from 0 to 1.
        events: How many events the feed holds, those that were appended since among them.
    """

    state: State
    fraction: float
    events: int


def fraction_of(feed: FeedRow) -> float:
    """Return how much of the table the backfill of a feed has looked at, from 0 to 1."""
    if feed.state == "complete":
        return 1.0
    if feed.scanned is None:
        return 0.0
    return (feed.scanned - SMALLEST) / (LARGEST - SMALLEST)
