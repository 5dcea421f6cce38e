"""
A store that was closed, or a session that nothing holds any longer, before a fork.

Each scenario forks outside a running loop. The child drops what it has inherited and ends like any
program, with the interpreter's own clean-up.
"""

import asyncio
import gc
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import acsylla

from event_store_async import EventStore, StreamError

from .. import child
from .common import SETTINGS, free_at_once, name_of_error, opening

LIMIT = 20
"""Seconds after which a child that should end at once is considered hung."""

Holding = Callable[[int], Awaitable[Any]]
"""Opens and closes a store, and returns what still holds it."""


async def _store(port: int) -> Any:
    store = await opening(port)
    await store.persist_events(uuid4(), ["event"], 0)
    await store.close()
    return store


async def _traceback(port: int) -> Any:
    async def failing() -> None:
        async with opening(port) as store:
            await store.persist_events(uuid4(), ["event"], 0)
            raise StreamError("kept by whoever caught it")

    try:
        await failing()
    except StreamError as error:
        return error


async def _suspended_read(port: int) -> Any:
    store = await opening(port)
    events = store.read_events(uuid4())
    await store.close()
    return events


async def _cancelled_append(port: int) -> Any:
    store = await opening(port)
    append = asyncio.ensure_future(store.persist_events(uuid4(), ["event"], 0))
    await asyncio.sleep(0)
    append.cancel()
    await asyncio.wait([append])
    await store.close()
    return append, store._engine.lifetime


async def _drivers_session(port: int) -> Any:
    """The store is gone, and what holds the driver's session is out of the library's sight."""
    store = await opening(port)
    session = store._engine.session.raw
    await store.close()
    return session


async def _callers_session(port: int) -> Any:
    cluster, session = await _connected(port)
    async with EventStore(session, keyspace="k", settings=SETTINGS) as store:
        await store.persist_events(uuid4(), ["event"], 0)
    await session.close()
    cluster.destroy()
    return session, store


async def _callers_session_alone(port: int) -> Any:
    """Of two sessions, of which one stays open, only what the caller made is left."""
    cluster, session = await _connected(port)
    async with EventStore(session, keyspace="k", settings=SETTINGS) as store:
        await store.persist_events(uuid4(), ["event"], 0)
    del store
    await session.close()
    return cluster, session, await cluster.create_session()


async def _connected(port: int) -> tuple[Any, Any]:
    cluster = acsylla.create_cluster(
        ["127.0.0.1"], port=port, log_level="disabled", load_balance_dc_aware="datacenter1"
    )
    return cluster, await cluster.create_session()


_HOLDING: list[Holding] = [
    _store,
    _traceback,
    _suspended_read,
    _cancelled_append,
    _drivers_session,
    _callers_session,
    _callers_session_alone,
]


def drops_it(port: int, how: int, frozen: int) -> dict[str, Any]:
    """The child drops what held the store."""
    held, status = _forked(port, how, frozen, drop=True)
    del held
    return {"status": status}


def ends(port: int, how: int, frozen: int) -> dict[str, Any]:
    """The child holds it until the interpreter clears its modules."""
    held, status = _forked(port, how, frozen, drop=False)
    del held
    return {"status": status}


def _forked(port: int, how: int, frozen: int, *, drop: bool) -> tuple[Any, int]:
    loop = asyncio.new_event_loop()
    held = loop.run_until_complete(_HOLDING[how](port))
    gc.collect()
    if frozen:
        gc.freeze()  # as servers do before they fork
    pid = os.fork()
    if not pid:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(LIMIT)
        if drop:
            del held
            gc.collect()
        sys.exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    loop.close()
    return held, status


def closed_in_the_child(port: int) -> dict[str, Any]:
    """Closing once more what the parent has closed, on the child's own loop."""
    loop = asyncio.new_event_loop()
    store = loop.run_until_complete(_store(port))
    reader, writer = os.pipe()
    pid = os.fork()
    if not pid:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(LIMIT)
        os.write(writer, asyncio.run(name_of_error(store.close())).encode())
        sys.exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        said = pipe.read()
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    loop.close()
    return {"child": said, "status": status}


def freed_in_the_parent(port: int) -> dict[str, Any]:
    """What protects a child keeps nothing in the parent: a session goes with its last name."""
    free_at_once()
    loop = asyncio.new_event_loop()
    counts = []
    for _ in range(3):
        held = loop.run_until_complete(_callers_session(port))
        loop.run_until_complete(_store(port))
        del held
        gc.collect()
        pid = os.fork()
        if not pid:
            os._exit(0)
        os.waitpid(pid, 0)
        counts.append(len(_sessions()))
    loop.close()
    return {"sessions": counts}


def _sessions() -> list[Any]:
    return [it for it in gc.get_objects() if hasattr(type(it), "_connect")]


if __name__ == "__main__":
    child.main(globals())
