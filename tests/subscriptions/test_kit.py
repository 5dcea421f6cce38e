"""The kit for users: settle, every_delivery, given_events."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import pytest

from event_store_async import FeedEvent, InvalidArgument, MemoryEventStore, NewEvent
from event_store_async.subscriptions import (
    MemoryTransactions,
    Projection,
    Subscription,
    SubscriptionStore,
)
from event_store_async.testing import (
    DeliveryDiffers,
    NotSettled,
    every_delivery,
    given_events,
    settle,
)

from .group import streams

A, B, C, _ = streams(4)
EVENTS = [(A, 3), (B, 5), (A, 7), (B, 11), (A, 13)]


def relay(
    store: MemoryEventStore, name: str, source: UUID, target: UUID, up_to: int
) -> Subscription[Any]:
    """Append to one stream what comes in another, up to a number."""

    async def handle(event: FeedEvent[Any]) -> None:
        if event.stream_id == source and event.payload < up_to:
            await store.persist_events(target, [event.payload + 1])

    return Subscription(name, store.feed(), handle, store.subscriptions)


async def test_subscriptions_that_feed_each_other_settle() -> None:
    store = MemoryEventStore()
    await store.persist_events(A, [1])
    flows = relay(store, "one", A, B, 8), relay(store, "other", B, A, 8)

    await settle(*flows)

    assert [event.payload async for event in store.read_events(A)] == [1, 3, 5, 7]
    assert [event.payload async for event in store.read_events(B)] == [2, 4, 6, 8]


async def test_those_that_never_settle_are_named() -> None:
    store = MemoryEventStore()
    await store.persist_events(A, [1])
    idle = relay(store, "idle", C, C, 0)
    with pytest.raises(NotSettled) as caught:
        await settle(
            relay(store, "one", A, B, 10**9), idle, relay(store, "other", B, A, 10**9), rounds=5
        )

    assert caught.value.names == ("one", "other")
    with pytest.raises(InvalidArgument):
        await settle()
    with pytest.raises(InvalidArgument):
        await settle(store)  # type: ignore[arg-type]


class Sums:
    """A view that a repetition changes, unless it keeps in mind what it has applied."""

    def __init__(self, *, careful: bool) -> None:
        self.careful = careful
        self.sums: dict[UUID, int] = {}
        self.versions: dict[UUID, int] = {}

    async def apply(self, _: object, events: Sequence[FeedEvent[Any]]) -> None:
        for event in events:
            if self.careful and self.versions.get(event.stream_id, 0) >= event.version:
                continue
            self.versions[event.stream_id] = event.version
            self.sums[event.stream_id] = self.sums.get(event.stream_id, 0) + event.payload

    def made(
        self, store: MemoryEventStore, subscriptions: SubscriptionStore, options: Mapping[str, Any]
    ) -> Projection[Any, None]:
        return Projection("sums", store.feed(), self.apply, subscriptions, **options)

    async def shown(self) -> object:
        return dict(sorted(self.sums.items()))


async def test_a_view_that_bears_repetition_passes_every_delivery() -> None:
    tried = await every_delivery(EVENTS, lambda: Sums(careful=True), Sums.made, Sums.shown)

    assert tried == 3 + 2 * 5 + 2 * 1 + 5


async def test_a_view_that_does_not_is_found_with_the_first_delivery_that_differs() -> None:
    with pytest.raises(DeliveryDiffers, match="a crash before commit 1") as caught:
        await every_delivery(EVENTS, lambda: Sums(careful=False), Sums.made, Sums.shown)

    assert caught.value.expected == {A: 23, B: 16}
    assert caught.value.actual == {A: 26, B: 16}


async def test_a_view_that_depends_on_the_order_of_streams_is_found() -> None:
    async def shown(sums: Sums) -> object:
        return list(sums.sums)

    events = [(stream_id, 1) for stream_id in streams(6)]
    with pytest.raises(DeliveryDiffers):
        await every_delivery(events, lambda: Sums(careful=True), Sums.made, shown)


async def test_r2_a_view_in_transactions_passes_every_delivery() -> None:
    class Kept(MemoryTransactions[dict[UUID, int]]):
        async def apply(self, view: dict[UUID, int], events: Sequence[FeedEvent[Any]]) -> None:
            for event in events:
                view[event.stream_id] = view.get(event.stream_id, 0) + event.payload

        def made(
            self,
            store: MemoryEventStore,
            subscriptions: SubscriptionStore,
            options: Mapping[str, Any],
        ) -> Projection[Any, Any]:
            return Projection(
                "sums", store.feed(), self.apply, subscriptions, transactions=self, **options
            )

        async def shown(self) -> object:
            return dict(sorted(self.view.items()))

    assert await every_delivery(EVENTS, lambda: Kept({}), Kept.made, Kept.shown) > 12


async def test_nothing_to_deliver_is_refused() -> None:
    with pytest.raises(InvalidArgument):
        await every_delivery([], lambda: Sums(careful=True), Sums.made, Sums.shown)


def test_given_events_are_those_of_a_feed() -> None:
    one, other = given_events("first", NewEvent({"a": 1}, "noted", {"user": "7"}), category="x")

    assert (one.version, one.payload, one.type, one.category) == (1, "first", None, "x")
    assert (other.version, other.payload, other.type) == (2, {"a": 1}, "noted")
    assert other.metadata == {"user": "7"}
    assert other.position - one.position == 1
    assert one.event_id != other.event_id
    assert given_events("first", category="x") == [one]
    assert given_events("first", stream_id=A)[0].stream_id == A
    with pytest.raises(InvalidArgument):
        given_events("first", stream_id="A")  # type: ignore[arg-type]
