"""The 13 cases of the Clojure original's own suite, in its words."""

from uuid import UUID, uuid4

import pytest

from event_store_async import NO_STREAM, ConcurrentModification, EventStore, Persisted

from ..fixtures.stores import payloads, read_all

A, B, C = {"type": "a"}, {"type": "b"}, {"type": "c"}


async def test_read_from_an_empty_stream(store: EventStore, stream_id: UUID) -> None:
    assert await read_all(store, stream_id) == []


async def test_persist_zero_events(store: EventStore, stream_id: UUID) -> None:
    result = await store.persist_events(stream_id, [])

    assert result == Persisted(stream_id, 0, ())
    assert await read_all(store, stream_id) == []


async def test_streams_are_isolated(store: EventStore, stream_id: UUID) -> None:
    other = uuid4()

    await store.persist_events(stream_id, [A])
    await store.persist_events(other, [B])

    assert payloads(await read_all(store, stream_id)) == [A]
    assert payloads(await read_all(store, other)) == [B]


async def test_persist_multiple_events(store: EventStore, stream_id: UUID) -> None:
    result = await store.persist_events(stream_id, [A, B, C])

    events = await read_all(store, stream_id)
    assert payloads(events) == [A, B, C]
    assert [event.version for event in events] == [1, 2, 3]
    assert tuple(events) == result.events


async def test_keep_old_events(store: EventStore, stream_id: UUID) -> None:
    await store.persist_events(stream_id, [A])
    await store.persist_events(stream_id, [B])

    assert payloads(await read_all(store, stream_id)) == [A, B]


async def test_expected_version_of_a_new_stream(store: EventStore, stream_id: UUID) -> None:
    result = await store.persist_events(stream_id, [A], expected_version=NO_STREAM)

    assert result.version == 1


async def test_expected_version_of_an_existing_stream(store: EventStore, stream_id: UUID) -> None:
    await store.persist_events(stream_id, [A], expected_version=NO_STREAM)

    result = await store.persist_events(stream_id, [B], expected_version=1)

    assert result.version == 2


async def test_expected_version_mismatch(store: EventStore, stream_id: UUID) -> None:
    await store.persist_events(stream_id, [A])

    with pytest.raises(ConcurrentModification) as caught:
        await store.persist_events(stream_id, [B], expected_version=2)

    assert caught.value == ConcurrentModification(stream_id, 2, 1)
    assert payloads(await read_all(store, stream_id)) == [A]


async def test_no_gaps_in_versions_after_a_conflict(store: EventStore, stream_id: UUID) -> None:
    await store.persist_events(stream_id, [A])
    await store.try_persist_events(stream_id, [B], expected_version=0)
    await store.persist_events(stream_id, [C])

    assert [event.version for event in await read_all(store, stream_id)] == [1, 2]


async def test_a_batch_is_atomic(store: EventStore, stream_id: UUID) -> None:
    await store.persist_events(stream_id, [A])

    result = await store.try_persist_events(stream_id, [B, C, B], expected_version=0)

    assert result == ConcurrentModification(stream_id, 0, 1)
    assert payloads(await read_all(store, stream_id)) == [A]


async def test_read_from_a_version(store: EventStore, stream_id: UUID) -> None:
    await store.persist_events(stream_id, [A, B, C])

    assert payloads(await read_all(store, stream_id, from_version=2)) == [B, C]


async def test_read_at_most_so_many_events(store: EventStore, stream_id: UUID) -> None:
    await store.persist_events(stream_id, [A, B, C])

    assert payloads(await read_all(store, stream_id, from_version=2, max_count=1)) == [B]
    assert payloads(await read_all(store, stream_id, max_count=2)) == [A, B]


async def test_read_from_version_zero_is_read_from_the_beginning(
    store: EventStore, stream_id: UUID
) -> None:
    await store.persist_events(stream_id, [A, B])

    assert payloads(await read_all(store, stream_id, from_version=0)) == [A, B]
