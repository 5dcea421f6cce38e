"""Changes of subscriptions that every store makes in the same way: pure functions."""

from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID

from ..errors import ResliceRefused
from ..feeds import Position
from .slices import Division, ParkedStream, Registration, Start
from .transactions import Stopped

MOST_DIVISIONS: Final = 8
"""How many changes of the number of slices a subscription may have to catch up with."""


def position_of_start(start: Start, head: Position) -> Position:
    """
    Return a start as a position.

    Args:
        start: The start.
        head: The end of the feed.

    Raises:
        ForeignPosition: it is a position in another feed.
    """
    if isinstance(start, Position):
        start.check_feed(head.feed_id)
        return start
    return head if start == "now" else Position.beginning(head.feed_id)


def divided(known: Registration, positions: tuple[Position, ...]) -> tuple[Division, ...]:
    """
    Return what the next generation must know of the earlier ones, for another number of slices.

    A generation that was never prepared handled nothing, and the database of a view may yet know
    better what those before it did. A division that every slice has passed says nothing any more.

    Args:
        known: The generation that ends.
        positions: How far its slices have got.
    """
    if not known.ready:
        return known.earlier
    behind = min(positions)
    earlier = (each for each in known.earlier if max(each.positions) > behind)
    return (*earlier, Division(known.generation, positions))


def check_division(known: Registration, positions: tuple[Position, ...]) -> None:
    """
    Refuse another number of slices while too many changes before it still count.

    Raises:
        ResliceRefused: it is too many.
    """
    changes = len(divided(known, positions)) - 1
    if changes >= MOST_DIVISIONS:
        raise ResliceRefused(known.name, changes)


def corrected(earlier: tuple[Division, ...], stopped: Stopped | None) -> tuple[Division, ...]:
    """Return divisions with what the database of a view knows better of one of them."""
    if stopped is None:
        return earlier
    return tuple(
        replace(
            each,
            positions=tuple(
                max(position, stopped.positions.get(number, position))
                for number, position in enumerate(each.positions)
            ),
        )
        if each.generation == stopped.generation
        else each
        for each in earlier
    )


def parked_by_operator(stream_id: UUID, after: Position, now: datetime) -> ParkedStream:
    """Return the row of a stream that an operator parks: no event waits yet."""
    return ParkedStream(
        stream_id,
        version=1,
        last_version=0,
        after=after,
        last_position=after,
        type=None,
        error="parked by an operator",
        attempts=0,
        since=now,
    )


def after_skip(row: ParkedStream) -> ParkedStream:
    """Return the row of a stream whose first parked event was skipped; the rest is replayed."""
    return replace(row, version=row.version + 1, type=None, attempts=0, replay=True)
