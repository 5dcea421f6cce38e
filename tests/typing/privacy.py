"""Private stores as a type checker sees them: checked by mypy, never run."""

from dataclasses import dataclass
from typing import Annotated, Any, assert_type
from uuid import UUID

import event_store_async as es
from event_store_async.privacy import (
    FORGOTTEN,
    CachedKeys,
    Forgotten,
    KeyStore,
    MasterKeys,
    MemoryKeyStore,
    Personal,
    PersonalFields,
    PersonalValue,
    PrivateEventStore,
    private_feed,
)
from event_store_async.typed import EventType, EventTypes, TypedEventStore, typed_feed


@dataclass
class Registered:
    customer_id: str
    name: Annotated[str | Forgotten, Personal("customer_id")]
    town: Annotated[str, Personal("customer_id", forgotten="")]


TYPES = EventTypes[Registered](EventType(Registered, "registered"))


async def a_name_may_be_forgotten(store: es.EventStore, keys: KeyStore, stream: UUID) -> None:
    private = PrivateEventStore(store, keys, {"a": PersonalFields("id", ["name"])})
    assert_type(private.keys, CachedKeys)
    typed = TypedEventStore(private, TYPES)
    async for event in typed.read_events(stream):
        name = event.payload.name
        assert_type(name, str | Forgotten)
        if name is FORGOTTEN:
            continue
        assert_type(name, str)
        assert_type(event.payload.town, str)
    feed = typed_feed(private_feed(store.feed(), private.keys), TYPES)
    assert_type(feed, es.Feed[Registered])


def what_is_a_store() -> None:
    private = PrivateEventStore(es.MemoryEventStore(), MemoryKeyStore())
    reader: es.EventReader[Any] = private
    follower: es.StreamFollower[Any] = private
    eraser: es.StreamEraser = private
    feeds: es.FeedStore = private
    categories: es.CategorisedStore = private
    keys: KeyStore = CachedKeys(MemoryKeyStore())
    del reader, follower, eraser, feeds, categories, keys
    assert_type(PersonalValue("c", 1), PersonalValue[int])
    assert_type(MasterKeys.generate("2026"), str)
    PrivateEventStore(es.MemoryEventStore(), {})  # type: ignore[arg-type]
    PersonalValue(7, 1)  # type: ignore[arg-type]
