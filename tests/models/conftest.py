"""The profile ``--hypothesis-profile=long`` of the model tests, and the world they run in."""

import asyncio
from collections.abc import Iterator

import pytest
from hypothesis import settings

from ..fixtures.server import Server
from ..fixtures.stores import drop_keyspace
from .world import Sources, World

settings.register_profile("long", deadline=None)


@pytest.fixture(scope="module", params=[False, True], ids=["without a feed", "with a feed"])
def world(server: Server, keyspace: str, request: pytest.FixtureRequest) -> Iterator[World]:
    """Give a world with its own event loop, on a table without and with a feed."""
    loop = asyncio.new_event_loop()
    sources = Sources()

    async def open_world() -> World:
        opened = await server.connect(keyspace, settings=sources.settings())
        await opened.create_schema(server.replication, feed=request.param)
        return World(loop, opened, keyspace, sources)

    async def close_world(world: World) -> None:
        for pair in world.pairs:
            await pair.cassandra.close()
        # From another connection: a sequencer must not meet missing tables meanwhile.
        async with server.connect(keyspace) as other:
            await drop_keyspace(other, keyspace)

    world = loop.run_until_complete(open_world())
    yield world
    loop.run_until_complete(close_world(world))
    loop.close()
