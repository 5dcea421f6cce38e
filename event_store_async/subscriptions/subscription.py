"""Subscription: handles the events of a feed one by one, at least once."""

from collections.abc import Callable
from datetime import datetime
from typing import Generic

from .._typevars import E
from ..checks import check_callable
from ..feeds import Feed
from ..moments import utc_now
from ..ports.slices import Start
from ..ports.subscriptions import SubscriptionStore
from .delivery import EventDelivery, Handler
from .recovery import Pace, Recovery
from .runner import SubscriptionRunner


class Subscription(SubscriptionRunner, Generic[E]):
    """
    Handles the events of a feed one by one: it sends mails, calls others, decides on commands.

    Every event is handled at least once; those of a stream in the order of their versions, one at a
    time. After a crash, what was handled since the last commit is handled again: let the handler
    bear that, by an idempotency key for one. With one slice, events come in the order of the feed.

    Programs that run a subscription of the same name are its consumer group: they share its slices,
    and take over those of each other. Start as many as you like.

    Args:
        name: The name of the subscription: 1 to 64 ASCII letters, digits, ``-``, ``_`` and ``.``.
        feed: Whose events are handled.
        handle: Handles one event. An exception is a failure; see `Recovery`.
        store: Keeps how far the subscription is: `store.subscriptions`.
        slices: Into how many shares the streams are divided: so many events are handled at once,
            over all processes.
        start: Where the subscription starts, when its name is first registered.
        recovery: What is done about failures.
        pace: How often things happen.
        clock: The clock, for what is recorded of parked streams.

    Raises:
        InvalidArgument: an argument is not valid.
    """

    def __init__(
        self,
        name: str,
        feed: Feed[E],
        handle: Handler[E],
        store: SubscriptionStore,
        *,
        slices: int = 1,
        start: Start = "beginning",
        recovery: Recovery = Recovery(),  # noqa: B008 - a value
        pace: Pace = Pace(),  # noqa: B008 - a value
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        check_callable("handle", handle)
        super().__init__(
            name,
            feed,
            EventDelivery(handle),
            store,
            slices=slices,
            start=start,
            recovery=recovery,
            pace=pace,
            clock=clock,
        )
