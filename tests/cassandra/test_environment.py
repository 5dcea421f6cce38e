"""The environment is the one that the run claims to have."""

import asyncio
import os

import pytest

from event_store_async import EventStore
from event_store_async.cassandra.driver.port import VERSION

from ..fixtures.server import Server


async def test_the_loop_is_the_one_that_was_asked_for(pytestconfig: pytest.Config) -> None:
    asked = os.environ.get("EVENT_STORE_TEST_LOOP") or "asyncio"
    loop = asyncio.get_running_loop()

    assert type(loop).__module__.startswith(asked)
    assert loop.get_debug() == (pytestconfig.getini("asyncio_debug") in {True, "true"})


async def test_the_server_is_the_embedded_version(store: EventStore, server: Server) -> None:
    if server.embedded is not None:
        assert (await store.schema_state()).release == server.embedded.version


def test_the_driver_is_the_pinned_one() -> None:
    from importlib.metadata import requires

    assert f"acsylla=={VERSION}" in (requires("event_store_async") or [])
