"""Servers that misbehave, for the tests of hazards."""

from collections.abc import AsyncGenerator

import pytest_asyncio

from event_store_async import EventStore

from .fake_server import Datacenters, FakeServer
from .scenarios.common import opening


@pytest_asyncio.fixture
async def fake() -> AsyncGenerator[FakeServer, None]:
    """Give a server that answers, and misbehaves as a statement's table asks it to."""
    async with FakeServer() as server:
        yield server


@pytest_asyncio.fixture
async def deaf() -> AsyncGenerator[FakeServer, None]:
    """Give a server that accepts connections and never answers."""
    async with FakeServer(deaf=True) as server:
        yield server


@pytest_asyncio.fixture
async def fake_store(fake: FakeServer) -> AsyncGenerator[EventStore, None]:
    """Give a store on the misbehaving server, in this process."""
    async with opening(fake.port) as store:
        yield store


@pytest_asyncio.fixture
async def datacenters() -> AsyncGenerator[Datacenters, None]:
    """Give two nodes of one cluster: ours, and one in another datacenter."""
    async with (
        FakeServer(peers={"127.0.0.2": "far"}, datacenter="near") as near,
        FakeServer(
            address="127.0.0.2",
            given_port=near.port,
            peers={"127.0.0.1": "near"},
            datacenter="far",
        ) as far,
    ):
        yield near, far
