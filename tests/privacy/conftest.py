"""What the tests of private stores share."""

from uuid import UUID, uuid4

import pytest

from event_store_async import MemoryEventStore
from event_store_async.privacy import PrivateEventStore

from .key_stores import WatchedKeys


@pytest.fixture
def stream_id() -> UUID:
    return uuid4()


@pytest.fixture
def memory() -> MemoryEventStore:
    return MemoryEventStore()


@pytest.fixture
def keys() -> WatchedKeys:
    return WatchedKeys()


@pytest.fixture
def store(memory: MemoryEventStore, keys: WatchedKeys) -> PrivateEventStore:
    return PrivateEventStore(memory, keys)
