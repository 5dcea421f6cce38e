"""Progress: how far a subscription is, for any process."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

import anyio

from ..checks import (
    check_callable,
    check_instance,
    check_int,
    check_methods,
    check_positive,
    check_stream_id,
)
from ..errors import StoreOverloaded, StoreUnavailable, SubscriptionUnknown, WaitedInsideHandler
from ..feeds import Feed, Position
from ..moments import utc_now
from ..ports.lag import Lag, measured_lag
from ..ports.slices import Checkpoints, check_subscription_name
from ..ports.subscriptions import CheckpointReader
from ..ports.transactions import Transactions, tells_outage
from ..retry import Backoff
from ..versions import MAX_VERSION
from .attempt import is_handling

_LOOKS: Final = Backoff(initial=0.01, maximum=0.25)
_OUTAGES: Final = (StoreUnavailable, StoreOverloaded)


class SubscriptionProgress:
    """
    How far a subscription is: for any process, with or without its handler.

    Args:
        name: The name of the subscription.
        feed: A feed of the same store.
        store: Knows how far the subscription is: `store.subscriptions`.
        transactions: Those of the projection, if it has any: they know it exactly.
        clock: The clock, for the age of events.

    Raises:
        InvalidArgument: an argument is not valid.
    """

    def __init__(
        self,
        name: str,
        feed: Feed[Any],
        store: CheckpointReader,
        *,
        transactions: Transactions[Any] | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._name = check_subscription_name(name)
        check_instance("feed", feed, Feed, "a Feed", hint="store.feed() returns one")
        check_methods("store", store, "a CheckpointReader", "checkpoints")
        if transactions is not None:
            check_methods("transactions", transactions, "a Transactions", "begin", "positions")
        check_callable("clock", clock)
        self._feed = feed
        self._store = store
        self._transactions = transactions
        self._clock = clock

    async def wait_for(
        self, stream_id: UUID, version: int, *, timeout: float
    ) -> Literal["handled", "parked", "late"]:
        """
        Wait until the subscription has handled an event.

        An event that it does not select counts as handled once the subscription is past it.

        Args:
            stream_id: The stream of the event.
            version: Its version.
            timeout: The most seconds to wait.

        Returns:
            ``"handled"``; ``"parked"`` if the event waits in a parked stream; ``"late"`` if it was
            neither in time. The event is stored all the same.

        Raises:
            WaitedInsideHandler: a handler of the same subscription waits: it would wait for itself.
            InvalidArgument: an argument is not valid.
            EventStoreError: as `FeedReader.locate` and `CheckpointReader.checkpoints` do, except
                for outages, also of the database of the view: they make it late.
            Exception: of that database, if it is no outage.
        """
        stream_id = check_stream_id(stream_id)
        check_int("version", version, at_least=1, at_most=MAX_VERSION)
        check_positive("timeout", timeout)
        if is_handling(self._name):
            raise WaitedInsideHandler(self._name)
        pauses = _LOOKS.pauses()
        with anyio.move_on_after(timeout):
            return await self._wait(stream_id, version, pauses)
        return "late"

    async def _wait(
        self, stream_id: UUID, version: int, pauses: Iterator[float]
    ) -> Literal["handled", "parked"]:
        position: Position | None = None
        while True:
            try:
                position = position or await self._feed.locate(stream_id, version)
                checkpoints = await self.checkpoints()
            except (*_OUTAGES, SubscriptionUnknown):
                checkpoints = None
            except Exception as error:
                if self._transactions is None or not tells_outage(self._transactions, error):
                    raise
                checkpoints = None
            if checkpoints is not None:
                row = checkpoints.parked.get(stream_id)
                # A version that is neither in the feed nor known to wait may not exist yet.
                is_known = position is not None or (row is not None and version <= row.last_version)
                if row is not None and row.waits and row.version <= version and is_known:
                    return "parked"
                if position is not None and checkpoints.passed(stream_id, position):
                    return "handled"
            await anyio.sleep(next(pauses))

    async def lag(self) -> Lag:
        """
        Return how far the subscription is behind the end of the feed.

        Raises:
            SubscriptionUnknown: there is no such subscription.
            EventStoreError: as `FeedReader.read_page` and `CheckpointReader.checkpoints` do.
        """
        return await measured_lag(self._feed.reader, await self.checkpoints(), self._clock)

    async def checkpoints(self) -> Checkpoints:
        """
        Return how far each slice is: as the database of the view knows it, if it does.

        Raises:
            SubscriptionUnknown: there is no such subscription.
            EventStoreError: as `CheckpointReader.checkpoints` does.
        """
        known = await self._store.checkpoints(self._name)
        while self._transactions is not None:
            generation = known.registration.generation
            id_ = known.registration.id
            exact = await self._transactions.positions(self._name, generation, id_)
            # Afterwards: an event is parked in the store before the database of the view passes it.
            known = await self._store.checkpoints(self._name)
            if (known.registration.generation, known.registration.id) == (generation, id_):
                start = known.registration.start
                numbers = range(len(known.positions))
                return replace(known, positions=tuple(exact.get(each, start) for each in numbers))
        return known
