"""Health: always a value, in time, whatever is wrong with the store."""

import asyncio
import os
from uuid import uuid4

import pytest

from event_store_async import EventStore, Settings, WrongEventLoop

from ..fixtures import faulty as faults
from ..fixtures.bounds import Within
from ..fixtures.faulty import FaultySession
from ..fixtures.server import Server
from ..fixtures.stores import run_cql
from ..history.answers import GRACE
from .conftest import OpenProxied
from .proxy import Proxy


async def test_a_store_without_a_schema_is_not_ready(server: Server) -> None:
    async with server.connect(f"none_{uuid4().hex[:8]}") as store:
        health = await store.health(timeout=60)

    assert (health.connected, health.schema_usable, health.quorum) == (True, False, False)
    assert "there is no such table" in health.reasons[0]
    assert not health.is_ready


async def test_a_store_whose_table_is_dropped_is_not_ready(server: Server) -> None:
    keyspace = f"test_{uuid4().hex[:12]}"
    async with server.connect(keyspace) as store:
        await store.create_schema(server.replication)
        assert (await store.health(timeout=60)).is_ready

        await run_cql(store, f"DROP KEYSPACE {keyspace}")
        while (health := await store.health(timeout=3)).schema_usable:
            pass  # the time that is left may be too short to find the reason

    assert (health.connected, health.schema_usable, health.is_ready) == (True, False, False)
    assert "there is no such table" in health.reasons[-1]


async def test_a_store_with_a_deaf_node_is_not_ready_and_says_so_in_time(
    open_proxied: OpenProxied, proxy: Proxy
) -> None:
    store = await open_proxied(Settings())
    assert (await store.health(timeout=60)).is_ready

    proxy.deafen()
    async with Within(0.3 + GRACE):
        health = await store.health(timeout=0.3)
    proxy.restore()

    assert (health.quorum, health.schema_usable, health.latency) == (False, True, None)
    assert health.reasons
    assert (await store.health(timeout=60)).is_ready, "and it is ready again"


async def test_a_store_whose_node_is_gone_is_not_connected(
    open_proxied: OpenProxied, proxy: Proxy
) -> None:
    store = await open_proxied(Settings())
    assert (await store.health(timeout=60)).is_ready

    proxy.drop()
    async with asyncio.timeout(100):
        while (await store.health(timeout=0.3)).connected:
            pass
        health = await store.health(timeout=0.3)

    assert (health.connected, health.is_ready) == (False, False)


async def test_a_store_with_too_many_requests_is_not_ready(
    faulty: FaultySession, faulty_store: EventStore, keyspace: str
) -> None:
    del faulty_store
    gate = faults.Gate()
    store = EventStore(faulty, keyspace=keyspace, settings=Settings(max_in_flight=1))
    await store.current_version(uuid4())
    faulty.batches.append(gate)
    append = asyncio.ensure_future(store.persist_events(uuid4(), ["a"], 0))
    await gate.arrived.wait()

    health = await store.health(timeout=0.2)
    gate.opened.set()
    await append

    assert (health.is_ready, health.in_flight) == (False, 1)
    assert (await store.health(timeout=60)).is_ready
    await store.close()


async def test_another_event_loop_is_refused(store: EventStore) -> None:
    def ask() -> None:
        asyncio.run(store.health(timeout=1))

    with pytest.raises(WrongEventLoop):
        await asyncio.to_thread(ask)


async def test_a_forked_child_does_not_ask_the_driver(store: EventStore) -> None:
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        counted = store.statistics().driver
        os.write(writer, b"none" if counted is None else b"some")
        os._exit(0)
    _, status = await asyncio.to_thread(os.waitpid, pid, 0)

    assert status == 0
    assert os.read(reader, 4) == b"none"
    os.close(reader)
    os.close(writer)
