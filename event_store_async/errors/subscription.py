"""What goes wrong with subscriptions, and in their handlers."""

from uuid import UUID

from .base import EventStoreError


class SubscriptionError(EventStoreError):
    """Something is wrong with a subscription, or in a handler of one."""


class SubscriptionUnknown(SubscriptionError):
    """
    No subscription is registered under this name.

    Attributes:
        name: The name.
    """

    def __init__(self, name: str) -> None:
        super().__init__(
            f"there is no subscription {name!r}",
            hint="a subscription is registered when it first runs",
        )
        self.name = name


class SubscriptionMismatch(SubscriptionError):
    """
    A subscription is registered with another number of slices than the program gives.

    Attributes:
        name: The name of the subscription.
        slices: How many slices the program gives.
        actual: How many slices are registered.
    """

    def __init__(self, name: str, slices: int, actual: int) -> None:
        super().__init__(
            f"subscription {name!r} has slices={actual}, not slices={slices}",
            hint=f"change the program, or the subscription: "
            f"`event-store subscription slices {name} {slices}`",
        )
        self.name = name
        self.slices = slices
        self.actual = actual


class LeaseLost(SubscriptionError):
    """
    The lease of a slice has ended: another member or generation has the slice. Nothing was changed.

    Runners handle it; handlers never see it.

    Attributes:
        name: The name of the subscription.
        generation: The generation of the lease.
        slice: The slice.
    """

    def __init__(self, name: str, generation: int, slice_: int) -> None:
        super().__init__(
            f"the lease of slice {slice_} of subscription {name!r} is lost; it was of generation "
            f"{generation}"
        )
        self.name = name
        self.generation = generation
        self.slice = slice_


class NotParked(SubscriptionError):
    """
    A stream is not parked, or another of its events is the first that waits. Nothing was changed.

    Attributes:
        name: The name of the subscription.
        stream_id: The stream.
        first: The version of the first event that waits; None if the stream is not parked.
    """

    def __init__(self, name: str, stream_id: UUID, first: int | None) -> None:
        super().__init__(
            f"stream {stream_id} is not parked in subscription {name!r}"
            if first is None
            else f"the first event that waits in stream {stream_id} is version {first}",
            hint="events are skipped one by one, in order" if first is not None else None,
        )
        self.name = name
        self.stream_id = stream_id
        self.first = first


class ResliceRefused(SubscriptionError):
    """
    The number of slices was changed too often in a row. Nothing was changed.

    Attributes:
        name: The name of the subscription.
        changes: How many changes its slices have yet to catch up with.
    """

    def __init__(self, name: str, changes: int) -> None:
        super().__init__(
            f"subscription {name!r} has yet to catch up with {changes} changes of its slices",
            hint="try again once its lag has fallen",
        )
        self.name = name
        self.changes = changes


class SliceHeld(SubscriptionError):
    """
    A slice stays at an event that fails, so that `catch_up` cannot reach the end.

    The ``__cause__`` is the error of the event.

    Attributes:
        name: The name of the subscription.
        slice: The slice.
        reason: Where it stays, and why.
    """

    def __init__(self, name: str, slice_: int, reason: str) -> None:
        super().__init__(f"slice {slice_} of subscription {name!r} is held: {reason}")
        self.name = name
        self.slice = slice_
        self.reason = reason


class HandlerTimedOut(SubscriptionError):
    """
    A handler took longer than `Recovery.timeout` and was cancelled.

    Attributes:
        seconds: The limit.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__(
            f"the handler took longer than {seconds:g} s",
            hint="raise Recovery.timeout if it may take longer",
        )
        self.seconds = seconds


class HandlerCancelled(SubscriptionError):
    """A handler ended as if it was cancelled, though nobody cancelled it."""

    def __init__(self) -> None:
        super().__init__(
            "the handler raised CancelledError, though nobody cancelled it",
            hint="it may have waited for a task that was cancelled",
        )


class RolledBack(SubscriptionError):
    """The transaction of a view ended without an error, and was rolled back all the same."""

    def __init__(self) -> None:
        super().__init__(
            "the transaction of the view was rolled back, and nothing says why",
            hint="let the code that applies events raise an error of its own, not `Rollback`",
        )


class CommandNotHandled(SubscriptionError):
    """
    A command of a reaction was not carried out.

    Attributes:
        result: What the handler of commands returned: a `Rejected`, a `ConcurrentModification` or
            an `InvalidAggregateVersion`.
    """

    def __init__(self, result: object) -> None:
        super().__init__(
            f"a command was not carried out: {result}",
            hint="let an aggregate that says no decide on an event that says so",
        )
        self.result = result
