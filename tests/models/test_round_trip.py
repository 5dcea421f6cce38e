"""Events of any content are read back unchanged from both stores."""

from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from event_store_async import (
    EventStore,
    MemoryEventStore,
    NewEvent,
    RawCodec,
    RecordedEvent,
)

from .extent import TIMEOUT, extent
from .world import World, read

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
)
TYPE = st.none() | TEXT.filter(bool)
METADATA = st.none() | st.dictionaries(TEXT, JSON, max_size=3)


def recorded_alike(
    world: World, stores: tuple[EventStore, MemoryEventStore], events: list[NewEvent]
) -> None:
    """Append to both stores, and compare what each returns and reads with what was appended."""
    stream_id = uuid4()
    for store in stores:
        result = world.run(store.persist_events(stream_id, events))
        given: list[Any] = world.run(read(store, stream_id, {}))
        assert list(result.events) == given
        assert [unrecorded(event) for event in given] == events
        assert [repr(event.payload) for event in given] == [repr(event.payload) for event in events]


def unrecorded(event: RecordedEvent) -> NewEvent:
    assert event.event_id is not None
    return NewEvent(event.payload, event.type, event.metadata, event.event_id)


@pytest.mark.timeout(TIMEOUT)
def test_json_with_type_and_metadata(world: World, keyspace: str) -> None:
    session = world.pairs[0].cassandra._engine.session.raw
    stores = EventStore(session, keyspace=keyspace), MemoryEventStore()

    @extent(60)
    @given(st.lists(st.builds(NewEvent, JSON, TYPE, METADATA, st.uuids()), max_size=4))
    def check(events: list[NewEvent]) -> None:
        unique = {event.event_id: event for event in events}
        recorded_alike(world, stores, list(unique.values()))

    check()
    for store in stores:
        world.run(store.close())


@pytest.mark.timeout(TIMEOUT)
def test_raw_bytes(world: World, keyspace: str) -> None:
    session = world.pairs[0].cassandra._engine.session.raw
    codec = RawCodec()
    stores = EventStore(session, keyspace=keyspace, codec=codec), MemoryEventStore(codec=codec)

    @extent(40)
    @given(st.lists(st.binary(), max_size=4))
    def check(payloads: list[bytes]) -> None:
        recorded_alike(world, stores, [NewEvent(payload) for payload in payloads])

    check()
    for store in stores:
        world.run(store.close())
