"""Work: what a subscription does, the same for all of its slices."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from ..feeds import Feed
from ..hooks import Source
from ..hooks.observer import Observer
from ..hooks.subscription_watch import SubscriptionWatch
from ..ports.subscriptions import SubscriptionStore
from ..retry import Backoff
from .delivery import Delivery
from .recovery import Pace, Recovery

_ELSEWHERE: Final = Source("other")


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
        watch: Reports to the hooks of the store, if it has any.
    """

    name: str
    feed: Feed[Any]
    store: SubscriptionStore
    delivery: Delivery
    recovery: Recovery
    pace: Pace
    now: Callable[[], datetime]
    prepared: Callable[[], object] = lambda: None
    watch: SubscriptionWatch = field(init=False)

    def __post_init__(self) -> None:
        """Find the hooks of the store."""
        # Not of the port: who implements it for a database of their own has no hooks.
        observer = getattr(self.store, "observer", None)
        self.watch = SubscriptionWatch(
            observer if isinstance(observer, Observer) else None, self.name
        )

    def is_outage(self, error: BaseException) -> bool:
        """Return whether an error is never an event's fault."""
        return isinstance(error, self.recovery.transient) or self.delivery.is_transient(error)

    @property
    def source(self) -> Source:
        """The store, for what is reported."""
        source = getattr(self.store, "source", None)
        return source if isinstance(source, Source) else _ELSEWHERE

    @property
    def outages(self) -> Backoff:
        """The pauses while a store is unavailable."""
        return self.feed.outages
