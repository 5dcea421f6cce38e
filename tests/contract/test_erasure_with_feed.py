"""Events are erased on a table with a feed, too. A table of its own: other tests count events."""

from collections.abc import AsyncGenerator
from typing import Any

import pytest
import pytest_asyncio

from event_store_async import EventStore
from event_store_async.testing.contract import ErasureContract

from ..fixtures.server import Server
from ..fixtures.stores import drop_keyspace


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def store(server: Server, keyspace: str) -> AsyncGenerator[EventStore, None]:
    """Give a store whose table has a feed."""
    async with server.connect(keyspace) as opened:
        await opened.create_schema(server.replication, feed=True)
        yield opened
    # From another connection: the sequencer of this one must not meet missing tables meanwhile.
    async with server.connect(keyspace) as other:
        await drop_keyspace(other, keyspace)


class TestErasureWithFeed(ErasureContract):
    follows = True
    lists_streams = True
    has_feed = True

    @pytest.fixture(autouse=True)
    def _in(self, keyspace: str) -> None:
        self.keyspace = keyspace

    def reopened(self, store: EventStore, **options: Any) -> EventStore:
        return EventStore(store._engine.session.raw, keyspace=self.keyspace, **options)
