"""Projection: keeps a view of the events of a feed, a page at a time."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Generic, overload

from .._typevars import E, T
from ..checks import check_callable, check_methods
from ..feeds import Feed
from ..moments import utc_now
from ..ports.slices import Start
from ..ports.subscriptions import SubscriptionStore
from ..ports.transactions import Transactions
from .delivery import Apply, Clear, PageDelivery, TransactionDelivery
from .recovery import Pace, Recovery
from .runner import SubscriptionRunner


class Projection(SubscriptionRunner, Generic[E, T]):
    """
    Keeps a view of the events of a feed: a table, an index, a cache.

    Events are applied a page at a time, those of a stream in the order of their versions. With
    *transactions*, a page and the position behind it are one transaction of the user's database:
    the effect on the view is exactly once. Without, pages are applied at least once: let the view
    bear that.

    If a page fails, its events are applied one by one, so that the one at fault is found.

    Programs that run a projection of the same name are its consumer group; see `Subscription`.

    Args:
        name: The name of the subscription: 1 to 64 ASCII letters, digits, ``-``, ``_`` and ``.``.
        feed: Whose events are applied.
        apply: Applies events, through the connection of the transaction; through None without
            *transactions*. An exception is a failure; see `Recovery`.
        store: Keeps how far the subscription is: `store.subscriptions`.
        transactions: Begins transactions of the view's database.
        clear: Empties the view, after a reset. With *transactions*, it is called in the first
            transaction of the new generation.
        slices: Into how many shares the streams are divided.
        start: Where the subscription starts, when its name is first registered.
        recovery: What is done about failures.
        pace: How often things happen.
        clock: The clock, for what is recorded of parked streams.

    Raises:
        InvalidArgument: an argument is not valid.
    """

    @overload
    def __init__(
        self: "Projection[E, None]",
        name: str,
        feed: Feed[E],
        apply: Apply[None, E],
        store: SubscriptionStore,
        *,
        transactions: None = None,
        clear: Clear[None] | None = None,
        slices: int = 1,
        start: Start = "beginning",
        recovery: Recovery = ...,
        pace: Pace = ...,
        clock: Callable[[], datetime] = ...,
    ) -> None: ...

    @overload
    def __init__(
        self,
        name: str,
        feed: Feed[E],
        apply: Apply[T, E],
        store: SubscriptionStore,
        *,
        transactions: Transactions[T],
        clear: Clear[T] | None = None,
        slices: int = 1,
        start: Start = "beginning",
        recovery: Recovery = ...,
        pace: Pace = ...,
        clock: Callable[[], datetime] = ...,
    ) -> None: ...

    def __init__(
        self,
        name: str,
        feed: Feed[E],
        apply: Apply[Any, E],
        store: SubscriptionStore,
        *,
        transactions: Transactions[Any] | None = None,
        clear: Clear[Any] | None = None,
        slices: int = 1,
        start: Start = "beginning",
        recovery: Recovery = Recovery(),  # noqa: B008 - a value
        pace: Pace = Pace(),  # noqa: B008 - a value
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        check_callable("apply", apply)
        if clear is not None:
            check_callable("clear", clear)
        if transactions is not None:
            check_methods("transactions", transactions, "a Transactions", "begin", "positions")
        super().__init__(
            name,
            feed,
            PageDelivery(apply, clear)
            if transactions is None
            else TransactionDelivery(apply, clear, transactions),
            store,
            slices=slices,
            start=start,
            recovery=recovery,
            pace=pace,
            clock=clock,
            transactions=transactions,
        )
