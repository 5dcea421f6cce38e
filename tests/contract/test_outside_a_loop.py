"""
Calls outside a running event loop, of either store: `WrongEventLoop`, never a bare RuntimeError.

A reader in a program without a loop may call `read_events`, and hand the result to a loop in a
thread. Calls that are coroutine functions do nothing before a loop runs them.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any
from uuid import uuid4

import anyio
import pytest

from event_store_async import EventStore, MemoryEventStore, WrongEventLoop
from event_store_async.ring import RING

NO_LOOP = "no asyncio event loop is running"


async def without_a_loop(call: Callable[[], object]) -> object:
    """Call in a thread, which runs no loop."""
    return await anyio.to_thread.run_sync(call)


def stepped(coroutine: Coroutine[Any, Any, Any]) -> None:
    """Run a coroutine's first step without a loop, as another framework might."""
    try:
        coroutine.send(None)
    finally:
        coroutine.close()


@pytest.mark.parametrize(
    "call",
    [
        lambda store: store.read_events(uuid4()),
        lambda store: store.follow(uuid4()),
        lambda store: store.streams(),
    ],
    ids=["read_events", "follow", "streams"],
)
async def test_reading_in_memory_is_refused_at_the_call(
    call: Callable[[MemoryEventStore], object],
) -> None:
    store = MemoryEventStore()

    with pytest.raises(WrongEventLoop, match=NO_LOOP):
        await without_a_loop(lambda: call(store))


@pytest.mark.parametrize(
    "call",
    [
        lambda store: store.read_events(uuid4()),
        lambda store: store.follow(uuid4()),
        lambda store: store.streams(),
        lambda store: store.storage.scan_streams(RING),
        lambda store: store.storage.read_stored(uuid4()),
    ],
    ids=["read_events", "follow", "streams", "scan_streams", "read_stored"],
)
async def test_reading_on_cassandra_is_refused_at_the_call(
    store: EventStore, call: Callable[[EventStore], object]
) -> None:
    with pytest.raises(WrongEventLoop, match=NO_LOOP):
        await without_a_loop(lambda: call(store))


@pytest.mark.parametrize(
    "call",
    [
        lambda store: store.persist_events(uuid4(), ["event"]),
        lambda store: store.try_persist_events(uuid4(), ["event"]),
        lambda store: store.current_version(uuid4()),
        lambda store: store.health(),
        lambda store: store.create_schema(),
        lambda store: store.schema_state(),
        lambda store: store.storage.tail(uuid4()),
        lambda store: store.operations.examine(),
        lambda store: store.close(),
    ],
)
async def test_every_call_on_cassandra_says_so(
    store: EventStore, call: Callable[[EventStore], Coroutine[Any, Any, Any]]
) -> None:
    with pytest.raises(WrongEventLoop, match=NO_LOOP):
        await without_a_loop(lambda: stepped(call(store)))
    await store.current_version(uuid4())


async def test_connecting_says_so() -> None:
    async def connect() -> None:
        await EventStore.connect("127.0.0.1", keyspace="k", local_datacenter="datacenter1")

    with pytest.raises(WrongEventLoop, match=NO_LOOP):
        await without_a_loop(lambda: stepped(connect()))


async def test_what_was_called_in_a_loop_is_read_there() -> None:
    store, stream_id = MemoryEventStore(), uuid4()
    await store.persist_events(stream_id, ["event"])
    loop = asyncio.get_running_loop()

    async def call() -> list[Any]:
        return [event.payload async for event in store.read_events(stream_id)]

    read = await anyio.to_thread.run_sync(
        lambda: asyncio.run_coroutine_threadsafe(call(), loop).result(30)
    )

    assert read == ["event"]
