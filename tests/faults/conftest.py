"""Fixtures of the fault tests: a store whose connection to the server can fail."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest_asyncio

from event_store_async import Backoff, EventStore, Settings

from ..fixtures.server import Server
from .proxy import Proxy

WITHIN = 1.0
"""The time limit of a call on the proxied store, in seconds."""
CLOSE_WITHIN = 5.0
"""How long closing it waits, in seconds."""


@pytest_asyncio.fixture
async def proxy(server: Server) -> AsyncGenerator[Proxy, None]:
    """Give a proxy in front of the first node of the server under test."""
    address = server.contact_points[0]
    async with Proxy(address, 0, address, server.port) as opened:
        yield opened


SHORT_TIMEOUTS = Settings(
    timeout=WITHIN, request_timeout=0.4, backoff=Backoff(maximum=0.1), close_timeout=CLOSE_WITHIN
)


async def wait_until_ready(store: EventStore) -> None:
    """
    Wait until a proxied store is ready, with its statements prepared.

    A slow server may need longer for that than the time limit of one call.
    """
    while not (await store.health(timeout=60)).is_ready:
        pass


OpenProxied = Callable[[Settings], Awaitable[EventStore]]


@pytest_asyncio.fixture
async def open_proxied(
    proxy: Proxy, server: Server, store: EventStore, keyspace: str
) -> AsyncGenerator[OpenProxied, None]:
    """Give a function that opens a store which reaches the server only through the proxy."""
    del store  # needed only to create the table
    async with AsyncExitStack() as stack:

        async def opened(settings: Settings) -> EventStore:
            return await stack.enter_async_context(
                EventStore.connect(
                    proxy.host,
                    port=proxy.port,
                    keyspace=keyspace,
                    local_datacenter=server.local_datacenter or "datacenter1",
                    settings=settings,
                )
            )

        yield opened
        proxy.restore()


@pytest_asyncio.fixture
async def proxied_store(open_proxied: OpenProxied) -> EventStore:
    """Give a store behind the proxy, with short time limits and nothing prepared yet."""
    return await open_proxied(SHORT_TIMEOUTS)
