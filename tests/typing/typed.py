"""Stores typed by a union of events, as a type checker sees them: checked by mypy, never run."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any, assert_never, assert_type
from uuid import UUID

import event_store_async as es
from event_store_async.typed import (
    EventType,
    EventTypes,
    TypedEventStore,
    UnknownEvent,
    typed_feed,
)


@dataclass
class Opened:
    owner: str


@dataclass
class Deposited:
    amount: int


Event = Opened | Deposited
TYPES = EventTypes[Event](EventType(Opened, "opened"), EventType(Deposited, "deposited"))
WRONG = EventTypes[Event](EventType(int, "number"))  # type: ignore[arg-type]


async def a_union_of_events(store: TypedEventStore[Event], stream: UUID) -> None:
    assert_type(store.read_events(stream), AsyncGenerator[es.RecordedEvent[Event], None])
    async for event in store.read_events(stream, 1, backward=True):
        match event.payload:
            case Opened(owner):
                assert_type(owner, str)
            case Deposited(amount):
                assert_type(amount, int)
            case never:
                assert_never(never)
    async for raw in store.read_events(stream, unknown="raw"):
        assert_type(raw.payload, Opened | Deposited | UnknownEvent)

    result = await store.persist_events(stream, [Opened("ann"), es.NewEvent(Deposited(1))])
    assert_type(result, es.Persisted[Event])
    assert_type(result.events[0].payload, Opened | Deposited)
    assert_type(
        await store.try_persist_events(stream, []), es.Persisted[Event] | es.ConcurrentModification
    )
    await store.persist_events(stream, ["text"])  # type: ignore[list-item]


async def following(store: TypedEventStore[Event], stream: UUID) -> None:
    assert_type((await anext(store.follow(stream))).payload, Opened | Deposited)
    raw = await anext(store.follow(stream, 1, polling=es.Polling(), unknown="raw"))
    assert_type(raw.payload, Opened | Deposited | UnknownEvent)
    assert_type(await anext(store.streams()), es.StreamHead)
    store.follow(stream, unknown="skip")  # type: ignore[call-overload]


def follower(store: TypedEventStore[Event]) -> tuple[es.StreamFollower[Event], es.StreamLister]:
    return store, store


def a_wider_follower(store: es.StreamFollower[Opened]) -> es.StreamFollower[Event]:
    return store


def ports(store: TypedEventStore[Event]) -> tuple[es.EventReader[Event], es.EventWriter[Event]]:
    return store, store


def both(store: TypedEventStore[Event]) -> es.EventReaderWriter[Event]:
    return store


def a_narrower_writer(store: es.EventWriter[Event]) -> es.EventWriter[Opened]:
    return store  # type: ignore[return-value]


def over(cassandra: es.EventStore, memory: es.MemoryEventStore) -> list[TypedEventStore[Event]]:
    return [TypedEventStore(cassandra, TYPES), TypedEventStore(memory, TYPES)]


def a_wider_reader(store: es.EventReader[Opened]) -> es.EventReader[Event]:
    return store


async def without_a_parameter(reader: es.EventReader, writer: es.EventWriter, id_: UUID) -> None:
    async for event in reader.read_events(id_):
        assert_type(event.payload, Any)
    assert_type(await writer.persist_events(id_, ["anything"]), es.Persisted[Any])


async def feeds(store: es.FeedStore) -> None:
    feed = typed_feed(store.feed(), TYPES)
    assert_type(feed, es.Feed[Opened | Deposited])
    async for event in feed.read():
        assert_type(event.payload, Opened | Deposited)
    assert_type(typed_feed(store.feed(), TYPES, unknown="leave out"), es.Feed[Opened | Deposited])
    raw = typed_feed(store.feed(), TYPES, unknown="raw")
    assert_type(raw, es.Feed[Opened | Deposited | UnknownEvent])
    typed_feed(store.feed(), TYPES, unknown="skip")  # type: ignore[call-overload]


def a_wider_feed(feed: es.Feed[Opened]) -> es.Feed[Event]:
    return feed
