"""Subscriptions as a type checker sees them: checked by mypy, never run."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, assert_type

import event_store_async as es
from event_store_async.aggregates import Command, CommandHandler
from event_store_async.subscriptions import (
    Handler,
    Lag,
    MemoryTransactions,
    Projection,
    Subscription,
    SubscriptionHealth,
    SubscriptionProgress,
    Subscriptions,
    Transactions,
    reacting,
)


@dataclass
class Deposited:
    cents: int


@dataclass
class Closed:
    reason: str


Event = Deposited | Closed
View = dict[str, int]


async def handle(event: es.FeedEvent[Event]) -> None:
    assert_type(event.payload, Deposited | Closed)


async def handle_numbers(event: es.FeedEvent[int]) -> None: ...


async def apply(view: View, events: Sequence[es.FeedEvent[Event]]) -> None: ...


async def apply_nothing(view: None, events: Sequence[es.FeedEvent[Event]]) -> None: ...


async def clear(view: View) -> None: ...


async def a_subscription(feed: es.Feed[Event], store: es.MemoryEventStore) -> None:
    subscription = Subscription("mails", feed, handle, store.subscriptions, slices=4, start="now")
    assert_type(subscription, Subscription[Deposited | Closed])
    assert_type(store.subscriptions, Subscriptions)
    assert_type(await subscription.catch_up(), es.Position)
    assert_type(subscription.health(), SubscriptionHealth)
    assert_type(subscription.progress, SubscriptionProgress)
    assert_type(await subscription.progress.lag(), Lag)
    Subscription("mails", feed, handle_numbers, store.subscriptions)  # type: ignore[arg-type]
    Subscription("mails", feed, handle, store.subscriptions, start="later")  # type: ignore[arg-type]


async def a_projection(
    feed: es.Feed[Event], store: es.MemoryEventStore, transactions: Transactions[View]
) -> None:
    with_view = Projection(
        "view", feed, apply, store.subscriptions, transactions=transactions, clear=clear
    )
    assert_type(with_view, Projection[Deposited | Closed, dict[str, int]])
    without = Projection("view", feed, apply_nothing, store.subscriptions)
    assert_type(without, Projection[Deposited | Closed, None])
    Projection("view", feed, apply, store.subscriptions)  # type: ignore[arg-type]
    memory: MemoryTransactions[View] = MemoryTransactions({})
    Projection("view", feed, apply, store.subscriptions, transactions=memory)


async def a_wait(progress: SubscriptionProgress, persisted: es.Persisted[Any]) -> int:
    stream_id = persisted.events[0].stream_id
    match await progress.wait_for(stream_id, persisted.version, timeout=2.0):
        case "handled":
            return 200
        case "parked" | "late":
            return 202


def take(event: es.FeedEvent[Event]) -> Iterator[Command[int, Event]]:
    yield Command(event.stream_id, lambda _: [Closed("taken")])


def a_reaction(handler: CommandHandler[int, Event]) -> None:
    handler_of_events: Handler[Event] = reacting("flow", take, handler)
    assert_type(handler_of_events, Handler[Event])


async def operators(subscriptions: Subscriptions) -> None:
    status = await subscriptions.status("mails")
    assert_type(status.lag.seconds, float)
    assert_type(await subscriptions.replay("mails"), int)
    parked: Mapping[Any, Any] = {row.stream_id: row async for row in subscriptions.parked("mails")}
    assert parked is not None
