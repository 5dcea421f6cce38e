"""Delays: how long events took from their acknowledgement to the first reader."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ..intents import Intent
from ..operations import NEVER

_SECOND: Final = 1e9


@dataclass(frozen=True, slots=True)
class Delay:
    """
    One append on its way to the feed.

    Attributes:
        acknowledged: When it was acknowledged, in nanoseconds of the monotonic clock.
        seconds: How much later its first event was delivered to a reader; 0 if it was earlier.
    """

    acknowledged: int
    seconds: float


def delays_of(intents: Iterable[Intent], seen: Mapping[str, int]) -> list[Delay]:
    """Return the delay of each append that was acknowledged and delivered, in order of time."""
    found = [
        Delay(intent.acknowledged, max(0.0, (at - intent.acknowledged) / _SECOND))
        for intent in intents
        if intent.acknowledged != NEVER and (at := seen.get(intent.events[0])) is not None
    ]
    return sorted(found, key=lambda delay: delay.acknowledged)


def share(delays: Sequence[Delay], part: float) -> float:
    """Return the seconds within which a part of the appends was delivered; 0 without any."""
    ordered = sorted(delay.seconds for delay in delays)
    return ordered[int(part * (len(ordered) - 1))] if ordered else 0.0
