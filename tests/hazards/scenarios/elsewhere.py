"""A store on another event loop, and in a forked child."""

import asyncio
import gc
import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from event_store_async import EventStore
from event_store_async.cassandra.driver.port import LEVELS, materialise, simple

from .. import child
from .common import (
    SETTINGS,
    appending_at,
    name_of_error,
    opening,
    read_all,
    release,
    within,
    works,
)


def another_loop(port: int, used_before: int) -> dict[str, Any]:
    """The test sees that nothing has arrived of what the other loop tried."""
    first, second = asyncio.new_event_loop(), asyncio.new_event_loop()

    async def connect() -> EventStore:
        store = await opening(port, table="first")
        if used_before:
            await store.persist_events(uuid4(), ["event"], 0)
        return store

    async def use(store: EventStore) -> list[str]:
        return [
            await name_of_error(store.persist_events(uuid4(), ["from the other loop"], 0)),
            await name_of_error(store.try_persist_events(uuid4(), ["from the other loop"])),
            await name_of_error(read_all(store)),
            await name_of_error(store.current_version(uuid4())),
            await name_of_error(store.create_schema()),
            await name_of_error(store.schema_state()),
        ]

    store = first.run_until_complete(connect())
    arrived = first.run_until_complete(_count(store))
    errors = second.run_until_complete(use(store))
    sent = first.run_until_complete(_count(store)) - arrived - 1
    worked = first.run_until_complete(store.persist_events(uuid4(), ["event"], 0)).version == 1
    first.run_until_complete(store.close())
    first.close()
    second.close()
    return {"errors": errors, "sent": sent, "first loop works": worked}


def another_loops_session(port: int, runs: int) -> dict[str, Any]:
    """A session made on one loop is given to a store on another; the first may still run."""
    first = asyncio.new_event_loop()
    owner = first.run_until_complete(_opened(port))
    thread = threading.Thread(target=first.run_forever)
    if runs:
        thread.start()

    async def use() -> list[str]:
        store = EventStore(owner._engine.session.raw, keyspace="k", settings=SETTINGS)
        errors = [
            await name_of_error(within(store.persist_events(uuid4(), ["event"], 0))),
            await name_of_error(within(read_all(store))),
            await name_of_error(within(store.close())),
        ]
        return [*errors, f"{store._engine.session.in_flight} in flight"]

    facts = {"errors": child.run_loop(use())}
    if runs:
        first.call_soon_threadsafe(first.stop)
        thread.join()
    first.run_until_complete(owner.close())
    first.close()
    return facts


async def _opened(port: int) -> EventStore:
    return await opening(port)


async def _count(store: EventStore) -> int:
    """Ask without the store how many statements have arrived."""
    statement = simple("SELECT count FROM k.arrivals", level=LEVELS["local"], timeout=30)
    number: int = materialise(await store._engine.session.raw.execute(statement)).rows[0][0]
    return number


def closed_on_another_loop(port: int) -> dict[str, Any]:
    first, second = asyncio.new_event_loop(), asyncio.new_event_loop()

    async def connect() -> EventStore:
        store = await opening(port)
        await store.persist_events(uuid4(), ["event"], 0)
        return store

    store = first.run_until_complete(connect())
    error = second.run_until_complete(name_of_error(within(store.close())))
    worked = first.run_until_complete(name_of_error(store.current_version(uuid4())))
    closed = first.run_until_complete(name_of_error(within(store.close())))
    return {"error": error, "works on its own": worked, "closed on its own": closed}


def closed_after_its_loop(port: int) -> dict[str, Any]:
    """The loop has ended when the store is closed, on another one."""

    async def connect() -> EventStore:
        return await opening(port)

    store = child.run_loop(connect())
    error = child.run_loop(name_of_error(within(store.close())))
    return {"error": error, "works": child.run_loop(works(port))}


async def forked(port: int, how: int) -> dict[str, Any]:
    """A child that is forked while appends are at the server; the parent continues."""
    other = await opening(port)
    store = await opening(port, table="held")
    tasks = await appending_at(store, other, 3)
    reader, writer = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(reader)
        # A child that hangs must not outlive the test.
        _alarm(40)
        _CHILDREN[how](store, writer)
        os._exit(0)
    os.close(writer)
    said, status = await asyncio.to_thread(_wait_for, reader, pid)
    await release(other)
    versions = [(await task).version for task in tasks]
    await store.close()
    await other.close()
    return {"child": said, "status": status, "versions": versions}


def _alarm(seconds: int) -> None:
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(seconds)


def _wait_for(reader: int, pid: int) -> tuple[str, int]:
    with os.fdopen(reader) as pipe:
        said = pipe.read()
    return said, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _child_exits(store: EventStore, writer: int) -> None:
    del store
    os.write(writer, b"bye")
    gc.collect()


def _child_uses(store: EventStore, writer: int) -> None:
    async def use() -> str:
        return " ".join(
            [
                await name_of_error(store.persist_events(uuid4(), ["event"], 0)),
                await name_of_error(read_all(store)),
                await name_of_error(store.current_version(uuid4())),
                await name_of_error(store.create_schema()),
                await name_of_error(store.schema_state()),
            ]
        )

    os.write(writer, asyncio.run(use()).encode())


def _child_closes(store: EventStore, writer: int) -> None:
    os.write(writer, asyncio.run(name_of_error(store.close())).encode())


_CHILDREN: list[Callable[[EventStore, int], None]] = [
    _child_exits,
    _child_uses,
    _child_closes,
]


def forked_outside_a_loop(port: int) -> dict[str, Any]:
    """The child unwinds and ends like any program, with the interpreter's own clean-up."""
    loop = asyncio.new_event_loop()

    async def connect() -> EventStore:
        store = await opening(port)
        await store.persist_events(uuid4(), ["event"], 0)
        return store

    store = loop.run_until_complete(connect())
    reader, writer = os.pipe()
    pid = os.fork()
    if not pid:
        _alarm(40)
        os.close(reader)
        os.write(writer, str(asyncio.run(works(port))).encode())
        os.close(writer)
        sys.exit(0)
    os.close(writer)
    said, status = _wait_for(reader, pid)
    version = loop.run_until_complete(store.persist_events(uuid4(), ["event"], 0)).version
    loop.run_until_complete(store.close())
    loop.close()
    return {"child": said, "status": status, "version": version}


async def forked_inside_the_block(port: int) -> dict[str, Any]:
    """The child leaves ``async with`` by an exception, as ``sys.exit`` is one."""
    reader, writer = os.pipe()
    pid = -1
    try:
        async with opening(port) as store:
            await store.persist_events(uuid4(), ["event"], 0)
            pid = os.fork()
            if not pid:
                _alarm(40)
                os.close(reader)
                sys.exit()
            os.close(writer)
            said, status = await asyncio.to_thread(_wait_for, reader, pid)
            version = (await store.persist_events(uuid4(), ["event"], 0)).version
    except SystemExit:
        os.write(writer, b"left")
        # It must not unwind further: asyncio would remove its descriptors from the parent's epoll.
        os._exit(0)
    return {"child": said, "status": status, "version": version}


if __name__ == "__main__":
    child.main(globals())
