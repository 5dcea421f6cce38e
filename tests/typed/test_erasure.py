"""A typed store erases the streams of the store that it wraps."""

from dataclasses import dataclass
from uuid import uuid4

import pytest

from event_store_async import (
    Closed,
    Deleted,
    InvalidArgument,
    MemoryEventStore,
    StreamClosed,
    StreamEraser,
    Truncated,
)
from event_store_async.typed import EventType, EventTypes, TypedEventStore


@dataclass(frozen=True)
class Number:
    value: int


TYPES = EventTypes[Number](EventType(Number, "number"))


async def test_it_erases_them() -> None:
    store, stream_id = TypedEventStore(MemoryEventStore(), TYPES), uuid4()
    eraser: StreamEraser = store
    await store.persist_events(stream_id, [Number(1), Number(2), Number(3)])

    assert await eraser.truncate_stream(stream_id, before=2) == Truncated(stream_id, 2, 3)
    assert [event.payload async for event in store.read_events(stream_id)] == [
        Number(2),
        Number(3),
    ]
    assert await eraser.delete_stream(stream_id, 3) == Deleted(stream_id, 3)
    assert await eraser.close_stream(stream_id) == Closed(stream_id, 3)
    with pytest.raises(StreamClosed):
        await store.persist_events(stream_id, [Number(4)])


async def test_a_store_that_cannot_erase_says_so() -> None:
    class Plain:
        read_events = current_version = try_persist_events = None

    typed = TypedEventStore(Plain(), TYPES)  # type: ignore[arg-type]
    for call in (
        typed.truncate_stream(uuid4(), before=2),
        typed.delete_stream(uuid4()),
        typed.close_stream(uuid4()),
    ):
        with pytest.raises(InvalidArgument, match="Plain cannot erase events"):
            await call
