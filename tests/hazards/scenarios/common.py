"""What the scenarios share."""

import asyncio
import gc
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import anyio

from event_store_async import EventStore, Settings
from event_store_async.cassandra.driver import connection
from event_store_async.cassandra.driver.opening import Opening

SETTINGS: Final = Settings(timeout=50.0, request_timeout=40.0, close_timeout=50.0)
"""For tests that wait for what must come, also on a machine that is slow for a while."""


def opening(
    port: int,
    *,
    table: str = "events",
    settings: Settings = SETTINGS,
    connect_timeout: float = 30.0,
    local_datacenter: str | None = "datacenter1",
) -> Opening[EventStore]:
    return EventStore.connect(
        "127.0.0.1",
        port=port,
        keyspace="k",
        table=table,
        local_datacenter=local_datacenter,
        settings=settings,
        connect_timeout=connect_timeout,
    )


async def held(store: EventStore, number: int) -> None:
    """Wait until the server holds *number* requests."""
    await store._engine.session.change_schema(f"await {number} held", timeout=50)


async def release(store: EventStore) -> None:
    await store._engine.session.change_schema("release", timeout=50)


async def works(port: int) -> bool:
    async with opening(port) as store:
        return (await store.persist_events(uuid4(), ["event"], 0)).version == 1


async def name_of_error(step: Coroutine[Any, Any, Any]) -> str:
    try:
        await step
    except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001
        return type(error).__name__
    return "none"


async def appending_at(
    store: EventStore, other: EventStore, number: int
) -> list["asyncio.Task[Any]"]:
    tasks = [
        asyncio.ensure_future(store.persist_events(uuid4(), ["event"], 0)) for _ in range(number)
    ]
    await held(other, number)
    return tasks


async def within(step: Coroutine[Any, Any, Any], seconds: float = 30.0) -> None:
    async with asyncio.timeout(seconds):
        await step


async def read_all(store: EventStore) -> None:
    async for _ in store.read_events(uuid4()):
        pass


async def awaited(task: "asyncio.Task[Any]") -> Any:
    return await task


async def by_timeout(step: Coroutine[Any, Any, Any]) -> None:
    async with asyncio.timeout(0.1):
        await step


async def by_anyio(step: Coroutine[Any, Any, Any]) -> None:
    with anyio.move_on_after(0.1):
        await step


async def by_wait_for(step: Coroutine[Any, Any, Any]) -> None:
    await asyncio.wait_for(step, 0.1)


async def by_cancel(step: Coroutine[Any, Any, Any]) -> None:
    task = asyncio.ensure_future(step)
    for _ in range(5):
        await asyncio.sleep(0)
    task.cancel()
    await task


async def entered(connecting: Opening[EventStore]) -> None:
    async with connecting:
        pass


async def only_this_task() -> None:
    async with asyncio.timeout(50):
        while len(asyncio.all_tasks()) > 1:
            await asyncio.sleep(0.01)


async def grown(cycle: Callable[[], Coroutine[Any, Any, None]], *, times: int) -> dict[str, int]:
    """Return what has grown in number after *times* cycles, compared with the first few."""
    free_at_once()
    for _ in range(3):
        await cycle()
    threads, open_files = await _left()
    for _ in range(times):
        await cycle()
    more_threads, more_open_files = await _left()
    return {
        "descriptors": more_open_files - open_files,
        "threads": more_threads - threads,
        "tasks": len(asyncio.all_tasks()) - 1,
    }


def free_at_once() -> None:
    """Free sessions when they are closed; usually, some are kept for a while."""
    connection._closed._most = 0


async def _left() -> tuple[int, int]:
    gc.collect()  # a cancelled task and its traceback refer to each other, and to a session
    return await _threads(), len(descriptors())


async def _threads() -> int:
    # A thread that has been joined is still listed for a moment.
    for _ in range(1000):
        if _threads_now() == 1:
            break
        await asyncio.sleep(0.01)
    return _threads_now()


def _threads_now() -> int:
    tasks = Path("/proc/self/task")
    return len(list(tasks.iterdir())) if tasks.is_dir() else threading.active_count()


def descriptors() -> list[str]:
    return [path.name for path in Path("/dev/fd").iterdir()]
