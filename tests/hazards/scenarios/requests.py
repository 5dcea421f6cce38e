"""Requests: cancelled by the thousand, and with arguments of all the wrong types."""

import asyncio
import random
from collections.abc import Callable, Coroutine
from typing import Any
from uuid import uuid4

from event_store_async import EventStore, EventStoreError, Settings

from .. import child
from .common import awaited, name_of_error, opening


async def cancelled_at_random(port: int) -> dict[str, Any]:
    """Thousands of requests, most of whose callers are cancelled."""
    chance = random.Random(7)
    store = await opening(
        port, settings=Settings(timeout=100.0, request_timeout=40.0, max_in_flight=16)
    )

    async def one() -> str:
        step = (
            store.current_version(uuid4())
            if chance.random() < 0.5
            else store.persist_events(uuid4(), ["event"], 0)
        )
        task = asyncio.ensure_future(step)
        for _ in range(chance.randrange(30)):
            await asyncio.sleep(0)
        task.cancel()
        return await name_of_error(awaited(task))

    await store.persist_events(uuid4(), ["event"], 0)
    names: set[str] = set()
    for _ in range(10):
        names.update(await asyncio.gather(*(one() for _ in range(150))))
    permits = store._engine.session._permits
    async with asyncio.timeout(50):
        # What was begun continues without its caller; a permit may be on its way to the next.
        while store._engine.session.in_flight or len(store._engine.queues):
            await asyncio.sleep(0.01)
    facts: dict[str, Any] = {"outcomes": sorted(names), "permits": permits.value}
    async with asyncio.timeout(50):
        await store.persist_events(uuid4(), ["event"], 0)
        await store.close()
    return facts


async def junk(port: int) -> list[str]:
    """Arguments of all the wrong types."""
    store = await opening(port)
    things: list[Any] = [None, 0, "", b"", object(), [], {}, float("nan"), 2**80, type]
    unexpected = []
    for thing in things:
        steps: list[Callable[[], Coroutine[Any, Any, Any]]] = [
            lambda t=thing: store.persist_events(t, ["event"]),  # type: ignore[misc]
            lambda t=thing: store.persist_events(uuid4(), t),  # type: ignore[misc]
            lambda t=thing: store.persist_events(uuid4(), ["event"], t),  # type: ignore[misc]
            lambda t=thing: store.current_version(t),  # type: ignore[misc]
            lambda t=thing: _first(store, t),  # type: ignore[misc]
            lambda t=thing: _first(store, uuid4(), from_version=t),  # type: ignore[misc]
            lambda t=thing: _first(store, uuid4(), max_count=t),  # type: ignore[misc]
            lambda t=thing: _first(store, uuid4(), page_size=t),  # type: ignore[misc]
        ]
        for number, step in enumerate(steps):
            try:
                await step()
            except EventStoreError:
                pass
            except Exception as error:  # noqa: BLE001
                unexpected.append(f"{number} {thing!r}: {error!r}")
    await store.close()
    return unexpected


async def _first(store: EventStore, *arguments: Any, **options: Any) -> None:
    async for _ in store.read_events(*arguments, **options):
        return


if __name__ == "__main__":
    child.main(globals())
