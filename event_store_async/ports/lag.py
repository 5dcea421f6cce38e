"""Lag: how far a subscription is behind the end of the feed."""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from ..checks import check_instance, check_int, check_not_negative, check_tuple
from ..feeds import FeedEvent, FeedReader, Position, Selection
from ..feeds.selection import slice_of
from ..values import value
from .slices import Beat, Checkpoints, Registration, Roster


@value
class SliceLag:
    """
    How far a slice is behind.

    Attributes:
        slice: The slice, from 0.
        position: How far it is.
        events: How many events of the whole feed are behind this position: at least as many as the
            slice has yet to handle.
        seconds: The age of the first of them; 0 if there is none.
        parked: How many of its streams are parked.
        holder: The member that holds it, if any, and if that is known.
        holding: Why it stays where it is, if it does, and if that is known.

    Raises:
        InvalidArgument: a field is not valid.
    """

    slice: int
    position: Position
    events: int
    seconds: float
    parked: int
    holder: UUID | None = None
    holding: str | None = None

    def __post_init__(self) -> None:
        """Check the fields; raises `InvalidArgument`."""
        check_int("slice", self.slice, at_least=0)
        check_instance("position", self.position, Position, "a Position")
        check_int("events", self.events, at_least=0)
        check_not_negative("seconds", self.seconds)
        check_int("parked", self.parked, at_least=0)
        check_instance("holder", self.holder, UUID, "a UUID", optional=True)
        check_instance("holding", self.holding, str, "a str", optional=True)


@value
class Lag:
    """
    How far a subscription is behind.

    Attributes:
        head: The end of the feed.
        slices: How far each slice is behind.

    Raises:
        InvalidArgument: a field is not valid.
    """

    head: Position
    slices: tuple[SliceLag, ...]

    def __post_init__(self) -> None:
        """Check the fields; raises `InvalidArgument`."""
        check_instance("head", self.head, Position, "a Position")
        check_tuple("slices", self.slices, SliceLag, "a SliceLag", at_least=1)

    @property
    def events(self) -> int:
        """How many events the slowest slice is behind."""
        return max(each.events for each in self.slices)

    @property
    def seconds(self) -> float:
        """How many seconds the slowest slice is behind."""
        return max(each.seconds for each in self.slices)

    @property
    def parked(self) -> int:
        """How many streams are parked."""
        return sum(each.parked for each in self.slices)


@value
class SubscriptionStatus:
    """
    A subscription as an operator sees it.

    Attributes:
        registration: The subscription.
        members: The last beat of each member, dead ones among them.
        lag: How far it is behind.

    Raises:
        InvalidArgument: a field is not valid.
    """

    registration: Registration
    members: Mapping[UUID, Beat]
    lag: Lag

    def __post_init__(self) -> None:
        """Check the fields; raises `InvalidArgument`."""
        check_instance("registration", self.registration, Registration, "a Registration")
        check_instance("members", self.members, Mapping, "a mapping")
        check_instance("lag", self.lag, Lag, "a Lag")


_FOREIGN: Final = "its position is in another feed: reset the subscription"

_BROKEN: Final = 10
"""How many events that cannot be read are looked behind for one with a timestamp."""


async def measured_lag(
    reader: FeedReader[Any],
    checkpoints: Checkpoints,
    now: Callable[[], datetime],
    roster: Roster | None = None,
) -> Lag:
    """
    Return how far a subscription is behind.

    Args:
        reader: Reads the feed.
        checkpoints: How far the subscription is.
        now: The clock, of the same kind as the one that gave events their timestamps.
        roster: Who holds the slices, if that is known.

    Raises:
        EventStoreError: as `FeedReader.read_page` does.
    """
    head = await reader.head()
    beginning = Position.beginning(head.feed_id)
    # After a restore, the feed may have been built anew. Then nothing of it is handled.
    foreign = [each.feed_id != head.feed_id for each in checkpoints.positions]
    places = [
        beginning if is_foreign else position
        for position, is_foreign in zip(checkpoints.positions, foreign, strict=True)
    ]
    ages: dict[Position, float] = {}
    for position in set(places):
        ages[position] = 0.0
        if position < head:
            page = await reader.read_page(position, _BROKEN, Selection())
            times = [item.timestamp for item in page.events if isinstance(item, FeedEvent)]
            if times:
                ages[position] = max((now() - times[0]).total_seconds(), 0.0)
    slices = len(checkpoints.positions)
    parked = Counter(slice_of(stream_id, slices) for stream_id in checkpoints.parked)
    holders: dict[int, UUID] = {}
    holding: dict[int, str] = {}
    if roster is not None:
        for number, (holder, _) in roster.holders.items():
            if holder is not None:
                holders[number] = holder
                beat = roster.members.get(holder)
                if beat is not None and number in beat.holding:
                    holding[number] = beat.holding[number]
    return Lag(
        head,
        tuple(
            SliceLag(
                number,
                position,
                max(head - places[number], 0),
                ages[places[number]],
                parked[number],
                holders.get(number),
                _FOREIGN if foreign[number] else holding.get(number),
            )
            for number, position in enumerate(checkpoints.positions)
        ),
    )
