"""Runner: what a `Subscription` and a `Projection` have in common."""

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

import anyio

from ..checks import check_callable, check_instance, check_methods
from ..errors import SubscriptionRunning
from ..feeds import Feed, Position
from ..ports.slices import Start, check_slices, check_start, check_subscription_name
from ..ports.subscriptions import SubscriptionStore
from ..ports.transactions import Transactions
from ..statistics import SliceStatistics, SubscriptionStatistics
from .delivery import Delivery
from .health import SubscriptionHealth
from .ledger import described
from .member import Member
from .progress import SubscriptionProgress
from .recovery import Pace, Recovery
from .work import Work
from .worker import SliceWorker

_LOG: Final = logging.getLogger("event_store_async")
_METHODS: Final = (
    "register",
    "beat",
    "leave",
    "claim",
    "refresh",
    "commit",
    "release",
    "prepared",
    "divide",
    "checkpoints",
)


class SubscriptionRunner:
    """
    Works on a subscription: the base of `Subscription` and `Projection`, which make it.

    Attributes:
        name: The name of the subscription.
        feed: Whose events are handled.
        progress: How far the subscription is, whoever works on it.
    """

    def __init__(
        self,
        name: str,
        feed: Feed[Any],
        delivery: Delivery,
        store: SubscriptionStore,
        *,
        slices: int,
        start: Start,
        recovery: Recovery,
        pace: Pace,
        clock: Callable[[], datetime],
        transactions: Transactions[Any] | None = None,
    ) -> None:
        self.name = check_subscription_name(name)
        check_instance("feed", feed, Feed, "a Feed", hint="store.feed() returns one")
        check_methods("store", store, "a SubscriptionStore", *_METHODS, hint="store.subscriptions")
        check_slices(slices)
        check_start("start", start)
        check_instance("recovery", recovery, Recovery, "a Recovery")
        check_instance("pace", pace, Pace, "a Pace")
        check_callable("clock", clock)
        self.feed = feed
        self._work = Work(self.name, feed, store, delivery, recovery, pace, clock)
        self._slices = slices
        self._start = start
        self._member: Member | None = None
        self._last: Member | None = None
        self._is_stopped = False
        self.progress = SubscriptionProgress(
            name, feed, store, transactions=transactions, clock=clock
        )

    async def run(self) -> None:
        """
        Handle events until `stop` is called, or the task is cancelled.

        An error that ends it is logged, too. A program that runs it in a task of its own must look
        at that task: otherwise it goes on without its subscription.

        Outages are waited out, and a lost lease is claimed anew. If it is cancelled, the handlers
        are, too; their events count neither as handled nor as failed, and what was handled before
        is stored.

        Raises:
            SubscriptionMismatch: the subscription is registered with another number of slices.
            SubscriptionUnknown: it was forgotten while it ran.
            SubscriptionRunning: this object runs already.
            ForeignPosition: the feed was built again: reset the subscription.
            MisuseError: a store is closed, or a handler waited for its own subscription.
            SchemaError: a table is missing.
            EventStoreError: what no retry mends.
        """
        try:
            await self._run(None)
        except Exception as error:
            # A program may run it in a task that nobody looks at.
            _LOG.error("subscription %s has ended: %s", self.name, described(error))
            raise

    async def catch_up(self) -> Position:
        """
        Handle what is published at the call, and the replays that are asked for, and return.

        For tests and jobs. Slices that other members hold are waited for. A subscription that is
        paused stays where it is.

        Returns:
            The position of the slowest slice.

        Raises:
            SliceHeld: a slice stays at an event that fails.
            EventStoreError: as `run` does.
            StoreUnavailable: the store did not answer when it was asked for the end of the feed, or
                for the position.
        """
        await self._run(await self._work.feed.head())
        return min((await self._work.store.checkpoints(self.name)).positions)

    async def _run(self, until: Position | None) -> None:
        if self._member is not None:
            raise SubscriptionRunning(self.name)
        work = replace(self._work)
        self._member = self._last = Member(work, self._slices, self._start, until)
        try:
            if self._is_stopped:
                self._member.stop()
            await self._member.run()
        finally:
            self._member = None
            self._is_stopped = False

    def stop(self) -> None:
        """
        Ask `run` to finish the events in hand, and to return. Fit for a handler of a signal.

        No further event begins. The event in hand of each slice may take `Pace.drain` seconds; then
        its handler is cancelled, and the event is handled again by the next member. What was
        handled is stored, and the slices are given back, so that others go on at once.
        """
        if self._member is None:
            self._is_stopped = True  # before it began
        else:
            self._member.stop()

    def statistics(self) -> SubscriptionStatistics:
        """
        Return how far the slices are that this member works on; callable from any thread.

        Nothing is asked of the store: a slice that is paused knows only what it last saw.
        """
        member, name, source = self._member, self.name, self._work.source
        if member is None:
            return SubscriptionStatistics(source, name)
        heard, now = member.heard, self._work.now()
        return SubscriptionStatistics(
            source,
            name,
            tuple(_statistics(worker, now) for _, worker in sorted([*member.workers.items()])),
            None if heard is None else max(time.monotonic() - heard, 0.0),
        )

    def health(self) -> SubscriptionHealth:
        """Return how this member is."""
        member = self._last
        if member is None or member.registration is None:
            return SubscriptionHealth(
                is_live=False,
                last_beat=None,
                generation=0,
                slices_held=0,
                caught_up=False,
                parked=0,
                holding=(),
            )
        workers = [worker for _, worker in sorted(member.workers.items())]
        return SubscriptionHealth(
            is_live=self._member is not None and member.is_live,
            last_beat=None if member.beaten is None else anyio.current_time() - member.beaten,
            generation=member.registration.generation,
            slices_held=len(workers),
            caught_up=bool(workers) and all(worker.caught_up for worker in workers),
            parked=sum(len(worker.ledger.parked) for worker in workers),
            holding=tuple(
                f"slice {worker.number} {worker.holding}"
                for worker in workers
                if worker.holding is not None
            ),
        )


def _statistics(worker: SliceWorker, now: datetime) -> SliceStatistics:
    position, head, oldest = worker.ledger.position, worker.head, worker.oldest
    is_same = head is not None and head.feed_id == position.feed_id
    return SliceStatistics(
        slice=worker.number,
        events=max(head.ordinal - position.ordinal, 0) if head is not None and is_same else 0,
        seconds=0.0 if oldest is None else max((now - oldest).total_seconds(), 0.0),
        parked=len(worker.ledger.parked),
        is_held=worker.holding is not None,
    )
