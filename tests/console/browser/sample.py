"""
A shop's events in memory, and subscriptions that are well, lag, and wait: what a console may show.

The groups of the subscriptions run: they beat, fail and park as in a service.
"""

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from event_store_async import (
    Backoff,
    CategoryStore,
    FeedEvent,
    MemoryEventStore,
    NewEvent,
    RecordedEvent,
    Settings,
    caused_by,
    correlated,
)
from event_store_async.privacy import MemoryKeyStore, PersonalFields, PrivateEventStore
from event_store_async.subscriptions import Pace, Recovery, Subscription

PAUSED: Final = "invoices"
PARKED: Final = "confirmation-mails"
ABANDONED: Final = "search-index"
HOLDING: Final = "warehouse"
HEALTHY: Final = "order-list"

LONG: Final = 1250
"""How many events the longest stream has."""

_NONE: Final = UUID(int=0)
_QUICK: Final = Recovery(attempts=3, backoff=Backoff(initial=0.001, maximum=0.002))
_PACE: Final = Pace(commit_seconds=0.05, beat=0.5, lease=3.0)
_ITEMS: Final = ("Teapot", "Umbrella", "Desk lamp", "Notebook", "Kettle", "Scarf")
_NAMES: Final = ("Ada Lovelace", "Grace Hopper", "Alan Turing", "Katherine Johnson")


class _Clock:
    """A clock that is behind while the past is written."""

    def __init__(self, behind: timedelta) -> None:
        self.behind = behind

    def __call__(self) -> datetime:
        return datetime.now(UTC) - self.behind

    def go_on(self, seconds: float) -> None:
        self.behind = max(self.behind - timedelta(seconds=seconds), timedelta())


@dataclass
class Sample:
    """
    A store with events, and the places in it that tests look at.

    Attributes:
        store: The store.
        orders: Streams of the category "order": placed, paid, and perhaps sent.
        parcel: A stream whose first event an event of the first order caused.
        account: A stream of `LONG` events.
        truncated: A stream whose first events were erased.
        closed: A stream that was closed.
        deleted: A stream whose events were deleted.
        customer: A stream with personal fields.
        plain: A stream without a category, whose events have no type.
        large: A stream with a payload of half a mebibyte.
        failing: The orders whose mails fail.
    """

    store: MemoryEventStore
    clock: _Clock
    random: random.Random
    orders: list[UUID] = field(default_factory=list)
    parcel: UUID = _NONE
    account: UUID = _NONE
    truncated: UUID = _NONE
    closed: UUID = _NONE
    deleted: UUID = _NONE
    customer: UUID = _NONE
    plain: UUID = _NONE
    large: UUID = _NONE
    failing: set[UUID] = field(default_factory=set)

    def new_id(self) -> UUID:
        """Return an id that is the same in every run."""
        return UUID(int=self.random.getrandbits(128), version=4)

    async def place_order(self, number: int) -> UUID:
        """Append what happens to one order: its last event is not older than the clock."""
        order, orders = self.new_id(), self.store.category("order")
        with correlated(f"request-{number}", causation_id="POST /orders"):
            done = await orders.persist_events(
                order,
                [
                    NewEvent(
                        {
                            "number": 10_000 + number,
                            "items": [
                                {"name": self.random.choice(_ITEMS), "quantity": 1 + number % 3}
                            ],
                            "total": {"cents": 1200 + 35 * number, "currency": "EUR"},
                        },
                        "order-placed",
                        {"user": f"web-{number % 5}"},
                    )
                ],
            )
        self.clock.go_on(4)
        with caused_by(done.events[0]):
            paid = await orders.persist_events(order, [NewEvent({"method": "card"}, "order-paid")])
        self.clock.go_on(9)
        if number % 2 == 0:
            await self._send(order, paid.events[0])
        self.orders.append(order)
        return order

    async def _send(self, order: UUID, paid: RecordedEvent[Any]) -> None:
        parcel = self.new_id()
        with caused_by(paid):
            packed = await self.store.category("parcel").persist_events(
                parcel, [NewEvent({"order": str(order), "grams": 480}, "parcel-packed")]
            )
        with caused_by(packed.events[0]):
            await self.store.category("order").persist_events(
                order, [NewEvent({"parcel": str(parcel)}, "order-sent")]
            )
        if self.parcel == _NONE:
            self.parcel = parcel


@asynccontextmanager
async def sample() -> AsyncGenerator[Sample, None]:
    """Give the store, with the groups of its subscriptions running."""
    clock = _Clock(timedelta(hours=3))
    async with MemoryEventStore(settings=Settings(clock=clock, max_append_events=2000)) as store:
        made = Sample(store, clock, random.Random(21))
        await _write_accounts(made)
        await _write_customer(made)
        for number in range(1, 41):
            await made.place_order(number)
            clock.go_on(120)
        await _write_special(made)
        made.failing = {made.orders[3], made.orders[17]}
        running = [await _running(made, HEALTHY, _accept, slices=4)]
        running.append(await _running(made, PARKED, _mailing(made), slices=4, recovery=_QUICK))
        running.append(await _running(made, HOLDING, _holding(made), recovery=_HOLD))
        for name in (PAUSED, ABANDONED):
            await _caught_up(made, name)
        await store.subscriptions.pause(PAUSED)
        clock.behind = timedelta(minutes=25)
        for number in range(41, 56):
            await made.place_order(number)
            clock.go_on(60)
        await store.persist_events(made.orders[3], [NewEvent({"by": "customer"}, "order-returned")])
        clock.behind = timedelta()
        try:
            await _settled(made)
            yield made
        finally:
            for subscription, task in running:
                subscription.stop()
                await task


async def _write_accounts(made: Sample) -> None:
    accounts = made.store.category("account")
    made.account, made.truncated, made.closed, made.deleted = (made.new_id() for _ in range(4))
    await accounts.persist_events(made.account, [NewEvent({"owner": "c-1001"}, "account-opened")])
    for step in range(7):
        count = min(200, LONG - 1 - 200 * step)
        await accounts.persist_events(
            made.account,
            [
                NewEvent({"cents": made.random.randint(100, 9999)}, "deposited")
                for _ in range(count)
            ],
        )
        made.clock.go_on(30)
    for stream_id in (made.truncated, made.closed, made.deleted):
        await accounts.persist_events(
            stream_id, [NewEvent({"cents": 100 * each}, "deposited") for each in range(1, 9)]
        )
    await made.store.truncate_stream(made.truncated, before=6)
    await made.store.close_stream(made.closed)
    await made.store.delete_stream(made.deleted)


async def _write_customer(made: Sample) -> None:
    fields = {"customer-registered": PersonalFields("customer_id", ["name", "address"])}
    private = PrivateEventStore(made.store, MemoryKeyStore(), fields)
    customers: CategoryStore = private.category("customer")
    for number, name in enumerate(_NAMES):
        made.customer = made.new_id()
        payload = {
            "customer_id": f"c-{1001 + number}",
            "name": name,
            "address": {"city": "London", "street": "12 St James's Square"},
            "plan": "gold",
        }
        await customers.persist_events(made.customer, [NewEvent(payload, "customer-registered")])


async def _write_special(made: Sample) -> None:
    made.plain, made.large = made.new_id(), made.new_id()
    await made.store.persist_events(made.plain, ["opened", 17, None, ["a", {"b": 1.5}], True])
    lines = [{"line": each, "text": "lorem ipsum dolor sit amet " * 4} for each in range(4000)]
    await made.store.persist_events(made.large, [NewEvent({"lines": lines}, "imported")])


_HOLD: Final = Recovery(attempts=2, backoff=Backoff(initial=0.001, maximum=0.002), then="hold")


async def _accept(_: FeedEvent[Any]) -> None:
    """Handle an event: nothing is to be done."""


def _mailing(made: Sample) -> Callable[[FeedEvent[Any]], Awaitable[None]]:
    async def send(event: FeedEvent[Any]) -> None:
        if event.stream_id in made.failing and event.type == "order-paid":
            raise ValueError("550 5.1.1 <ada@example.invalid>: recipient address rejected")

    return send


def _holding(made: Sample) -> Callable[[FeedEvent[Any]], Awaitable[None]]:
    async def pack(event: FeedEvent[Any]) -> None:
        if event.stream_id == made.orders[30]:
            raise KeyError("no shelf is known for 'Umbrella'")

    return pack


async def _running(
    made: Sample,
    name: str,
    handle: Callable[[FeedEvent[Any]], Awaitable[None]],
    *,
    slices: int = 1,
    recovery: Recovery = Recovery(),  # noqa: B008 - a value
) -> tuple[Subscription[Any], "asyncio.Task[None]"]:
    store = made.store
    subscription = Subscription(
        name,
        store.feed(),
        handle,
        store.subscriptions,
        slices=slices,
        recovery=recovery,
        pace=_PACE,
    )
    return subscription, asyncio.create_task(subscription.run())


async def _caught_up(made: Sample, name: str) -> None:
    store = made.store
    subscription = Subscription(name, store.feed(), _accept, store.subscriptions, slices=2)
    await subscription.catch_up()


async def _settled(made: Sample) -> None:
    """Wait until the groups that run have come as far as they can."""
    async with asyncio.timeout(60):
        while True:
            found = {each.registration.name: each async for each in made.store.subscriptions.all()}
            if _come_far(found):
                return
            await asyncio.sleep(0.05)


def _come_far(found: Mapping[str, Any]) -> bool:
    if not {HEALTHY, PARKED, HOLDING} <= set(found):
        return False
    return (
        found[HEALTHY].lag.events == 0
        and (found[PARKED].lag.events, found[PARKED].lag.parked) == (0, 2)
        and any(each.holding for each in found[HOLDING].lag.slices)
    )
