"""Stores with something in them, in memory and on Cassandra."""

from collections.abc import AsyncGenerator
from typing import Any, Final
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from event_store_async import EventStore, MemoryEventStore, NewEvent
from event_store_async.console import console_app

from ..fixtures.server import Server
from ..fixtures.stores import opened_with_feed
from .browsing import Browser

EVENTS: Final = 120


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def cassandra(server: Server, keyspace: str) -> AsyncGenerator[EventStore, None]:
    """Give a store on Cassandra whose table has a feed."""
    async with opened_with_feed(server, f"{keyspace}_feed") as opened:
        yield opened


@pytest.fixture(params=["memory", "cassandra"])
def shown(request: pytest.FixtureRequest) -> Any:
    """Give a store with a feed: one in memory, and one on Cassandra."""
    if request.param == "memory":
        return MemoryEventStore()
    return request.getfixturevalue("cassandra")


@pytest_asyncio.fixture
async def account(shown: Any) -> UUID:
    """Give a stream with many events, all of them in the feed."""
    stream = uuid4()
    events = [
        NewEvent({"amount": number}, "deposited", {"user": "ann"})
        for number in range(1, EVENTS + 1)
    ]
    await shown.category("account").persist_events(stream, events)
    await shown.feed().position_of(stream, EVENTS, timeout=60)
    return stream


@pytest.fixture
def browser(shown: Any) -> Browser:
    """Give a browser on a read-only console of the store."""
    return Browser(console_app(shown))


@pytest.fixture
def operator(shown: Any) -> Browser:
    """Give the browser of ann, who may change something."""
    return Browser(console_app(shown, allow_changes=True, authorize=lambda _: "ann"))
