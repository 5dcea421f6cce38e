"""What an operation used is freed when it ends: nothing is left to Python's garbage collector."""

import asyncio
import gc
from collections.abc import Awaitable, Callable
from uuid import UUID, uuid4

import pytest

from event_store_async import (
    STREAM_EXISTS,
    ConcurrentModification,
    EventStore,
    NewEvent,
    PayloadNotEncodable,
)

from ..fixtures.stores import read_all

Operation = Callable[[EventStore, UUID], Awaitable[object]]


async def append(store: EventStore, stream_id: UUID) -> object:
    return await store.persist_events(stream_id, ["a", "b"])


async def append_to_streams_of_their_own(store: EventStore, _: UUID) -> object:
    return await asyncio.gather(*(store.persist_events(uuid4(), ["a"], 0) for _ in range(20)))


async def append_together(store: EventStore, stream_id: UUID) -> object:
    return await asyncio.gather(*(store.persist_events(stream_id, ["a"]) for _ in range(20)))


async def append_identified(store: EventStore, stream_id: UUID) -> object:
    return await store.persist_events(stream_id, [NewEvent("a", metadata={"k": 1})], STREAM_EXISTS)


async def conflict(store: EventStore, stream_id: UUID) -> object:
    with pytest.raises(ConcurrentModification):
        await store.persist_events(stream_id, ["a"], 1)
    return await store.try_persist_events(stream_id, ["a"], 1)


async def refused(store: EventStore, stream_id: UUID) -> object:
    with pytest.raises(PayloadNotEncodable):
        await store.persist_events(stream_id, [object()])
    return None


async def read(store: EventStore, stream_id: UUID) -> object:
    return await read_all(store, stream_id, page_size=3)


async def read_a_part(store: EventStore, stream_id: UUID) -> object:
    events = store.read_events(stream_id, page_size=3)
    first = await anext(events)
    await events.aclose()
    return first


async def ask_for_the_version(store: EventStore, stream_id: UUID) -> object:
    return await store.current_version(stream_id)


@pytest.mark.parametrize(
    "operation",
    [
        append,
        append_to_streams_of_their_own,
        append_together,
        append_identified,
        conflict,
        refused,
        read,
        read_a_part,
        ask_for_the_version,
    ],
    ids=lambda it: it.__name__,
)
async def test_nothing_is_left_to_the_garbage_collector(
    store: EventStore, stream_id: UUID, operation: Operation
) -> None:
    """Circles of objects made an eighth of an append's time, and twice what it holds in memory."""
    await store.persist_events(stream_id, range(10))
    await operation(store, stream_id)  # what is made once is made now
    await asyncio.sleep(0)
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        for _ in range(5):
            await operation(store, stream_id)
        await asyncio.sleep(0)
        gc.collect()
        left = [thing for thing in gc.garbage if _is_of_the_library(thing)]
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()

    assert left == []


def _is_of_the_library(thing: object) -> bool:
    return type(thing).__module__.startswith(("event_store_async", "acsylla")) or isinstance(
        thing, asyncio.Future
    )
