"""Work: what a subscription does, the same for all of its slices."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ..feeds import Feed
from ..ports.subscriptions import SubscriptionStore
from ..retry import Backoff
from .delivery import Delivery
from .recovery import Pace, Recovery


@dataclass(slots=True)
class Work:
    """
    What a subscription does.

    Attributes:
        name: The name of the subscription.
        feed: Where its events come from.
        store: Keeps how far it is.
        delivery: Hands events to the code of the user.
        recovery: What is done about failures.
        pace: How often things happen.
        now: The clock, for what is recorded.
        prepared: Is called when a generation is prepared.
        transient: What is never an event's fault.
    """

    name: str
    feed: Feed[Any]
    store: SubscriptionStore
    delivery: Delivery
    recovery: Recovery
    pace: Pace
    now: Callable[[], datetime]
    prepared: Callable[[], object] = lambda: None
    transient: tuple[type[Exception], ...] = field(init=False)

    def __post_init__(self) -> None:
        """Add the outages of the view's database to those of the recovery."""
        self.transient = (*self.recovery.transient, *self.delivery.transient)

    @property
    def outages(self) -> Backoff:
        """The pauses while a store is unavailable."""
        return self.feed.outages
