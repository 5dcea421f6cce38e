"""Closing: early, twice, cancelled, with requests at the server; and what remains."""

import asyncio
import os
from collections.abc import AsyncGenerator
from typing import Any
from uuid import uuid4

from event_store_async import EventStore, Settings

from .. import child
from .common import (
    appending_at,
    awaited,
    by_anyio,
    by_cancel,
    by_timeout,
    descriptors,
    grown,
    held,
    name_of_error,
    opening,
    release,
    works,
)


async def closed_in_flight(port: int) -> dict[str, Any]:
    """500 appends and 100 reads are at the server or in queues when close is called."""
    settings = Settings(timeout=50, request_timeout=40, close_timeout=50, max_in_flight=256)
    store = await opening(port, table="held", settings=settings)
    appends = [
        asyncio.ensure_future(store.persist_events(uuid4(), ["event"], 0)) for _ in range(500)
    ]
    await asyncio.sleep(0)
    other = await opening(port)
    await held(other, 256)
    closings = [asyncio.ensure_future(store.close()) for _ in range(3)]
    await asyncio.sleep(0)
    refused = await name_of_error(store.persist_events(uuid4(), ["late"], 0))
    assert not any(closing.done() for closing in closings)
    await release(other)
    await asyncio.gather(*closings)
    outcomes = await asyncio.gather(*appends, return_exceptions=True)
    names = [type(outcome).__name__ for outcome in outcomes]
    await other.close()
    return {"outcomes": {name: names.count(name) for name in set(names)}, "refused": refused}


async def close_cancelled(port: int) -> dict[str, Any]:
    """The close continues; a second one waits for it."""
    store = await opening(port, table="held")
    other = await opening(port)
    (append,) = await appending_at(store, other, 1)
    outcomes = [await name_of_error(by(store.close())) for by in (by_timeout, by_anyio, by_cancel)]
    waiting = not append.done()
    second = asyncio.ensure_future(store.close())
    for _ in range(10):
        await asyncio.sleep(0)
    waits = not second.done()
    await release(other)
    await second
    version = (await append).version
    await other.close()
    return {
        "outcomes": outcomes,
        "append went on": waiting,
        "second waits": waits,
        "version": version,
        "tasks": len(asyncio.all_tasks()) - 1,
    }


async def closed_without_an_answer(port: int) -> dict[str, Any]:
    """The server never answers; nothing may be written to reused descriptors afterwards."""
    settings = Settings(timeout=6.0, request_timeout=0.6, close_timeout=0.2)
    other = await opening(port)
    store = await opening(port, table="held", settings=settings)
    (append,) = await appending_at(store, other, 1)
    before = descriptors()
    await store.close()
    outcome = await name_of_error(awaited(append))
    freed = len(before) - len(descriptors())
    with child.victims(freed) as files:
        await release(other)
        await other.current_version(uuid4())
        sizes = [os.fstat(file.fileno()).st_size for file in files]
    await other.close()
    return {"outcome": outcome, "freed": freed > 0, "written": sum(sizes)}


async def cycles(port: int) -> dict[str, Any]:
    """Connect and close 50 times; count what remains."""

    async def cycle() -> None:
        assert await works(port)

    return await grown(cycle, times=50)


async def used_after_close(port: int) -> dict[str, str]:
    store = await opening(port)
    stream = uuid4()
    reading = store.read_events(stream)
    await store.persist_events(stream, ["event"], 0)
    await store.close()
    await store.close()

    async def read(begun: AsyncGenerator[Any, None] | None = None) -> None:
        async for _ in begun or store.read_events(stream):
            pass

    return {
        "persist_events": await name_of_error(store.persist_events(stream, ["event"])),
        "try_persist_events": await name_of_error(store.try_persist_events(stream, ["event"])),
        "read_events": await name_of_error(read()),
        "a read begun before": await name_of_error(read(reading)),
        "current_version": await name_of_error(store.current_version(stream)),
        "create_schema": await name_of_error(store.create_schema({"datacenter1": 1})),
        "schema_state": await name_of_error(store.schema_state()),
    }


async def session_closed_by_its_owner(port: int) -> dict[str, str]:
    """A session of the caller's own, closed before the store was."""
    owner = await opening(port)
    store = EventStore(owner._engine.session.raw, keyspace="k")
    await store.persist_events(uuid4(), ["event"], 0)
    await owner.close()
    error = await name_of_error(store.persist_events(uuid4(), ["event"], 0))
    await store.close()
    return {"error": error}


if __name__ == "__main__":
    child.main(globals())
