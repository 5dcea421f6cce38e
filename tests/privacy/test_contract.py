"""A private store keeps the contracts of all stores, with plain and with personal payloads."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import pytest

from event_store_async import (
    ANY,
    ConcurrentModification,
    MemoryEventStore,
    NewEvent,
    RecordedEvent,
    UnidentifiedEvent,
)
from event_store_async.checks import is_event_list
from event_store_async.privacy import MemoryKeyStore, PersonalValue, PrivateEventStore
from event_store_async.results import persisted
from event_store_async.testing.contract import (
    CategoryContract,
    ErasureContract,
    EventStoreContract,
    FeedContract,
    SnapshotContract,
)

# The contract saves plain data with nothing personal in it, of these kinds.
KINDS = ["account/1", "account/2", "account/3", "a", "konto/ä 1", "'; drop table x; --", "x" * 200]


class Closing(PrivateEventStore):
    """A private store that closes the wrapped one: the contract opens others."""

    def __init__(self, memory: MemoryEventStore, keys: MemoryKeyStore) -> None:
        super().__init__(memory, keys, snapshot_fields=dict.fromkeys(KINDS))
        self.memory = memory
        self.given_keys = keys

    def reopened(self, **options: Any) -> "Closing":
        return type(self)(self.memory.reopened(**options), self.given_keys)

    async def close(self) -> None:
        await self.memory.close()

    async def __aenter__(self) -> "Closing":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


class AllPersonal(Closing):
    """A store in which every payload is personal: the contract sees it in plain text."""

    async def try_persist_events(
        self, stream_id: UUID, events: Iterable[Any], expected_version: Any = ANY, **options: Any
    ) -> Any:
        given: list[Any] = []
        if is_event_list(events):
            events = self._personal(events, given)
        result = await super().try_persist_events(stream_id, events, expected_version, **options)
        if isinstance(result, ConcurrentModification) or result.stored_earlier:
            return result
        shown = tuple(
            RecordedEvent(
                each.stream_id,
                each.version,
                payload,
                each.timestamp,
                each.event_id,
                each.type,
                each.metadata,
            )
            for each, payload in zip(result.events, given, strict=True)
        )
        return persisted(result.stream_id, result.version, shown)

    def _personal(self, events: Iterable[Any], given: list[Any]) -> Any:
        for each in events:
            if isinstance(each, RecordedEvent):
                yield each
            elif isinstance(each, NewEvent):
                given.append(each.payload)
                payload = PersonalValue("customer-1", each.payload)
                yield type(each)(payload, each.type, each.metadata, each.event_id)
            elif isinstance(each, UnidentifiedEvent):
                given.append(each.payload)
                payload = PersonalValue("customer-1", each.payload)
                yield UnidentifiedEvent(payload, each.type, each.metadata)
            else:
                given.append(each)
                yield PersonalValue("customer-1", each)


class Opened:
    """Opens the private stores of these tests."""

    @pytest.fixture
    def store(self) -> Closing:
        return Closing(MemoryEventStore(), MemoryKeyStore())

    def reopened(self, store: Closing, **options: Any) -> Closing:
        return store.reopened(**options)


class TestPlainPayloads(Opened, EventStoreContract):
    follows = True
    lists_streams = True


class TestCategories(Opened, CategoryContract):
    pass


class TestFeed(Opened, FeedContract):
    pass


class TestErasure(Opened, ErasureContract):
    follows = True
    lists_streams = True
    has_feed = True


class TestSnapshots(Opened, SnapshotContract):
    pass


class TestPersonalPayloads(EventStoreContract):
    """
    Every payload is encrypted.

    Stores with other codecs and limits are not opened: what they would encode is an envelope.
    """

    opens_others = False
    follows = True
    lists_streams = True

    @pytest.fixture
    def store(self) -> Closing:
        return AllPersonal(MemoryEventStore(), MemoryKeyStore())


class TestPersonalFeed(FeedContract):
    opens_others = False

    @pytest.fixture
    def store(self) -> Closing:
        return AllPersonal(MemoryEventStore(), MemoryKeyStore())


class TestPersonalErasure(ErasureContract):
    follows = True
    lists_streams = True
    has_feed = True

    @pytest.fixture
    def store(self) -> Closing:
        return AllPersonal(MemoryEventStore(), MemoryKeyStore())

    def reopened(self, store: Closing, **options: Any) -> Closing:
        return store.reopened(**options)
