"""The environment is the one that the run claims to have."""

import asyncio
import os
from uuid import uuid4

import pytest

from event_store_async import EventStore
from event_store_async.cassandra.driver.port import VERSION

from ..fixtures.server import Server
from ..fixtures.stores import drop_keyspace


async def test_the_loop_is_the_one_that_was_asked_for(pytestconfig: pytest.Config) -> None:
    asked = os.environ.get("EVENT_STORE_TEST_LOOP") or "asyncio"
    loop = asyncio.get_running_loop()

    assert type(loop).__module__.startswith(asked)
    assert loop.get_debug() == (pytestconfig.getini("asyncio_debug") in {True, "true"})


async def test_the_server_is_the_embedded_version(store: EventStore, server: Server) -> None:
    if server.embedded is not None:
        assert (await store.schema_state()).release == server.embedded.version


async def test_a_new_table_is_not_flushed_to_disk(store: EventStore, server: Server) -> None:
    if server.embedded is None:
        pytest.skip("a cluster of someone else may flush what it likes")
    (schema,) = server.embedded.directory.glob("*/data/system_schema")
    flushed = []
    for _ in range(3):  # a node also flushes when its memory is full: at most once in a while
        before = set(schema.glob("**/*-Data.db"))
        keyspace = f"test_{uuid4().hex[:12]}"
        try:
            async with server.connect(keyspace) as other:
                await other.create_schema(server.replication)
                flushed.append(set(schema.glob("**/*-Data.db")) - before)
        finally:
            await drop_keyspace(store, keyspace)

    assert set() in flushed


def test_the_driver_is_the_pinned_one() -> None:
    from importlib.metadata import requires

    assert f"acsylla=={VERSION}" in (requires("event_store_async") or [])
