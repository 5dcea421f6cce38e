"""Stores that are not closed: dropped, interrupted, or their loop ended, with appends in flight."""

import asyncio
import gc
import warnings
from typing import Any
from uuid import uuid4

from event_store_async import Settings
from event_store_async.cassandra.driver.port import materialise
from event_store_async.cassandra.driver.request import Request

from .. import child
from .common import (
    SETTINGS,
    appending_at,
    descriptors,
    held,
    opening,
    release,
    works,
)


async def dropped(port: int) -> dict[str, Any]:
    """The store is not closed while its appends are still at the server."""
    other = await opening(port)
    store = await opening(port, table="held")
    tasks = await appending_at(store, other, 3)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    before = len(descriptors())
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        del store, tasks, task
        gc.collect()
    requests = [thing for thing in gc.get_objects() if isinstance(thing, Request)]
    ended = asyncio.gather(*[request.wait() for request in requests])
    await release(other)
    results = [materialise(result).rows for result in await ended]
    del requests, ended
    gc.collect()
    stay = len(descriptors()) == before
    await other.close()
    return {
        "warnings": [warning.category.__name__ for warning in caught],
        "carried through": results,
        "descriptors stay": stay,
    }


async def loop_ends_in_flight(port: int, number: int) -> None:
    """The test sees the process end; the appends are never answered."""
    other = await opening(port)
    store = await opening(port, table="held")
    await appending_at(store, other, number)


def loop_ends_in_flight_and_another_begins(port: int) -> bool:
    child.run_loop(loop_ends_in_flight(port, 3))
    gc.collect()
    worked: bool = child.run_loop(works(port))
    return worked


async def loop_ends_in_flight_inside_the_block(port: int) -> None:
    """The task that is inside ``async with`` is cancelled by the end of the loop."""

    async def use() -> None:
        async with opening(port, table="held", settings=_IMPATIENT) as store:
            await store.persist_events(uuid4(), ["event"], 0)

    other = await opening(port)
    using = asyncio.ensure_future(use())
    await held(other, 1)
    await other.close()
    assert not using.done()


_IMPATIENT = Settings(timeout=6.0, request_timeout=0.5, close_timeout=0.5)


async def interrupted_while_appending(port: int, answered: int) -> None:
    """The test sends the signal, and may release what is held."""
    settings = SETTINGS if answered else _IMPATIENT_FOR_CLOSE
    async with opening(port, table="held", settings=settings) as store:
        await store.persist_events(uuid4(), ["event"], 0)


_IMPATIENT_FOR_CLOSE = Settings(timeout=15.0, request_timeout=2.0, close_timeout=2.0)

if __name__ == "__main__":
    child.main(globals())
