"""Calls on a store that cannot be used: closed, on another loop, or in another process."""

from .base import EventStoreError


class MisuseError(EventStoreError, RuntimeError):
    """The store cannot be used here; nothing was sent."""


class StoreClosed(MisuseError):
    """The store is closed or closing; nothing was sent."""

    def __init__(self) -> None:
        super().__init__("the event store is closed")


class WrongEventLoop(MisuseError):
    """The store belongs to another event loop, or none is running; nothing was sent."""

    def __init__(self, *, running: bool = True) -> None:
        if running:
            text = "the event store belongs to another event loop"
            hint = "open a store for each event loop"
        else:
            text = "no asyncio event loop is running in this thread"
            hint = "call it in a coroutine, in the event loop of the store"
        super().__init__(text, hint=hint)


class WrongProcess(MisuseError):
    """The store was opened before a fork and is used in the child process; nothing was sent."""

    def __init__(self) -> None:
        super().__init__(
            "the event store was opened in another process",
            hint="open a store in each process, after the fork",
        )


class SubscriptionRunning(MisuseError):
    """
    A subscription was told to run, or to catch up, while it does already.

    Attributes:
        name: The name of the subscription.
    """

    def __init__(self, name: str) -> None:
        super().__init__(
            f"subscription {name!r} runs already",
            hint="make another Subscription or Projection of the same name: it joins the group",
        )
        self.name = name


class ViewOutlived(MisuseError):
    """
    The database of a view knows a subscription of this name that was forgotten since.

    Attributes:
        name: The name of the subscription.
    """

    def __init__(self, name: str) -> None:
        super().__init__(
            f"the view of subscription {name!r} is that of an earlier one, which was forgotten",
            hint="give the projection clear=…, so that the view starts over; or empty the view and "
            "delete the rows of this name from event_store_subscriptions, event_store_slices and "
            "event_store_handled",
        )
        self.name = name


class WaitedInsideHandler(MisuseError):
    """
    A handler waited until its own subscription has handled an event: it would wait for itself.

    Attributes:
        name: The name of the subscription.
    """

    def __init__(self, name: str) -> None:
        super().__init__(f"a handler of subscription {name!r} waits for that subscription")
        self.name = name
