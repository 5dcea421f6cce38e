"""The public surface as a type checker sees it: checked by mypy, never run."""

from collections.abc import AsyncGenerator
from datetime import datetime
from typing import Any, assert_never, assert_type
from uuid import UUID

import event_store_async as es


async def appending(store: es.EventStore, stream: UUID) -> None:
    assert_type(await store.persist_events(stream, ["payload"]), es.Persisted)
    assert_type(
        await store.persist_events(stream, [es.NewEvent({"a": 1})], es.NO_STREAM), es.Persisted
    )
    await store.persist_events(stream, [], es.ANY, timeout=1)
    await store.persist_events(stream, (event for event in "ab"), es.STREAM_EXISTS)
    await store.persist_events(stream, [], None)  # type: ignore[arg-type]
    await store.persist_events("stream", [])  # type: ignore[arg-type]

    result = await store.try_persist_events(stream, ["payload"], 7)
    assert_type(result, es.Persisted | es.ConcurrentModification)
    match result:
        case es.Persisted(stream_id, version, events, stored_earlier):
            assert_type(stream_id, UUID)
            assert_type(version, int)
            assert_type(events, tuple[es.RecordedEvent, ...])
            assert_type(stored_earlier, bool)
        case es.ConcurrentModification(_, expected, actual):
            assert_type(actual, int)
            assert_type(expected, es.ExpectedVersion)
        case never:
            assert_never(never)


async def reading(store: es.EventStore, stream: UUID) -> None:
    events = store.read_events(stream, 1, 10, backward=True, page_size=5, consistency="serial")
    assert_type(events, AsyncGenerator[es.RecordedEvent, None])
    async for event in events:
        assert_type(event.timestamp, datetime)
        assert_type(event.event_id, UUID | None)
        event.version = 2  # type: ignore[misc]
    store.read_events(stream, consistency="quorum")  # type: ignore[arg-type]
    assert_type(await store.current_version(stream), int)


async def connecting() -> None:
    async with es.EventStore.connect("127.0.0.1", keyspace="bank") as store:
        assert_type(store, es.EventStore)
    awaited = await es.EventStore.connect(["127.0.0.1"], keyspace="bank", consistency="global")
    assert_type(awaited, es.EventStore)
    assert_type(await awaited.create_schema({"datacenter1": 3}), es.SchemaReport)
    es.EventStore.connect("127.0.0.1")  # type: ignore[call-arg]
    es.EventStore.connect("127.0.0.1", keyspace="bank", consistency="one")  # type: ignore[arg-type]


def ports(store: es.EventStore) -> tuple[es.EventReader, es.EventWriter]:
    return store, store


def memory_ports(store: es.MemoryEventStore) -> tuple[es.EventReader, es.EventWriter]:
    return store, store


def codecs() -> list[es.Codec]:
    class Own:
        content_type = "application/x-own"

        def encode(self, payload: Any) -> bytes:
            return bytes(payload)

        def decode(self, data: bytes) -> str:
            return data.decode()

    return [es.JsonCodec(), es.RawCodec(), Own()]
