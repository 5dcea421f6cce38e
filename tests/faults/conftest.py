"""Fixtures of the fault tests: a store whose way to the server can be broken."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest_asyncio

from event_store_async import Backoff, EventStore, Settings

from ..fixtures.server import Server
from .proxy import Proxy

WITHIN = 1.0
"""Seconds that a call on the wired store has."""
CLOSE_WITHIN = 5.0
"""Seconds that closing it waits."""


@pytest_asyncio.fixture
async def wire(server: Server) -> AsyncGenerator[Proxy, None]:
    """Give a proxy before the first node of the server under test."""
    address = server.contact_points[0]
    async with Proxy(address, 0, address, server.port) as proxy:
        yield proxy


HASTY = Settings(
    timeout=WITHIN, request_timeout=0.4, backoff=Backoff(maximum=0.1), close_timeout=CLOSE_WITHIN
)


async def answers(store: EventStore) -> None:
    """
    Wait until a store over the wire has had an answer: its statements are prepared then.

    A slow server may need longer for that than one call of the store has.
    """
    while not (await store.health(timeout=60)).is_ready:
        pass


Wired = Callable[[Settings], Awaitable[EventStore]]


@pytest_asyncio.fixture
async def wired(
    wire: Proxy, server: Server, store: EventStore, keyspace: str
) -> AsyncGenerator[Wired, None]:
    """Give what opens a store that reaches the server over the wire alone."""
    del store  # only so that the table is there
    async with AsyncExitStack() as stack:

        async def opened(settings: Settings) -> EventStore:
            return await stack.enter_async_context(
                EventStore.connect(
                    wire.host,
                    port=wire.port,
                    keyspace=keyspace,
                    local_datacenter=server.local_datacenter or "datacenter1",
                    settings=settings,
                )
            )

        yield opened
        wire.restore()


@pytest_asyncio.fixture
async def wired_store(wired: Wired) -> EventStore:
    """Give a store over the wire that waits for nothing long, and has done nothing yet."""
    return await wired(HASTY)
