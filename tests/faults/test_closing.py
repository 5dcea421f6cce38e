"""Closing a store with appends in flight."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from uuid import UUID, uuid4

from event_store_async import (
    AppendOutcomeUnknown,
    EventStore,
    Persisted,
    Settings,
    StoreClosed,
)

from ..fixtures.bounds import Within
from ..fixtures.server import Server
from ..fixtures.stores import read_all
from ..history.answers import GRACE
from .conftest import CLOSE_WITHIN, OpenProxied, wait_until_ready
from .processes import ROOT
from .proxy import Proxy


async def test_appends_in_flight_are_completed(
    store: EventStore, open_proxied: OpenProxied, proxy: Proxy
) -> None:
    proxied_store = await open_proxied(Settings(timeout=60, request_timeout=30, close_timeout=60))
    streams = [uuid4() for _ in range(50)]
    await proxied_store.current_version(streams[0])
    proxy.mute()
    appends = [
        asyncio.ensure_future(proxied_store.persist_events(stream, ["a"], 0)) for stream in streams
    ]
    await asyncio.sleep(0)
    assert proxied_store.statistics().in_flight == len(streams)

    closing = asyncio.ensure_future(proxied_store.close())
    await asyncio.sleep(0)
    assert not closing.done()
    proxy.restore()
    await closing

    outcomes = await asyncio.gather(*appends, return_exceptions=True)
    for stream, outcome in zip(streams, outcomes, strict=True):
        found = [event.payload for event in await read_all(store, stream)]
        assert isinstance(outcome, Persisted)
        assert found == ["a"]


async def test_close_does_not_wait_forever_for_appends_without_an_answer(
    proxied_store: EventStore, proxy: Proxy, stream_id: UUID
) -> None:
    await wait_until_ready(proxied_store)
    proxy.deafen()
    appends = [
        asyncio.ensure_future(proxied_store.persist_events(stream, [number], 0, timeout=200))
        for stream in (stream_id, uuid4())
        for number in range(5)
    ]
    await asyncio.sleep(0)

    async with Within(CLOSE_WITHIN + GRACE):
        await proxied_store.close()
        outcomes = await asyncio.gather(*appends, return_exceptions=True)

    kinds = [type(outcome) for outcome in outcomes]
    assert kinds.count(AppendOutcomeUnknown) == 2  # the first of each stream had been sent
    assert kinds.count(StoreClosed) == 8


async def test_a_process_ends_in_good_order_while_a_node_comes_back(
    server: Server, keyspace: str, store: EventStore, proxy: Proxy
) -> None:
    """
    The driver prepares all statements anew on a node that has come back, on a connection of its
    own. If its session is freed before that is done, it calls a method of what is freed, and aborts
    the process.
    """
    target = {
        "contact_points": [proxy.host],
        "port": proxy.port,
        "keyspace": keyspace,
        "local_datacenter": server.local_datacenter,
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.faults.leaver", json.dumps(target)),
        stdin=PIPE,
        stdout=PIPE,
        cwd=ROOT,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        async with asyncio.timeout(120):
            assert await process.stdout.readline() == b"ready\n"
            proxy.drop()
            proxy.restore()
            proxy.stall()
            await proxy.stalled.wait()
            process.stdin.close()
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
