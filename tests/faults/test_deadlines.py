"""No call outlives its deadline, whatever the server does."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from event_store_async import (
    AppendOutcomeUnknown,
    EventStore,
    Settings,
    StoreUnavailable,
)

from ..fixtures.bounds import Within
from ..fixtures.faulty import FaultySession, Gate
from ..fixtures.stores import read_all
from ..history.answers import GRACE
from .conftest import WITHIN, wait_until_ready
from .proxy import Proxy


class SlowToPrepare(FaultySession):
    """Holds back the preparation of statements, like a slow node."""

    def __init__(self, real: Any) -> None:
        super().__init__(real)
        self.gate = Gate()

    async def create_prepared(self, statement: str) -> Any:
        return await self.gate(lambda: super(SlowToPrepare, self).create_prepared(statement))


@pytest_asyncio.fixture
async def slow(store: EventStore) -> AsyncGenerator[SlowToPrepare, None]:
    session = SlowToPrepare(store._engine.session.raw)
    yield session
    session.gate.opened.set()


@pytest.mark.parametrize("first_within", [0.2, 60.0])
async def test_a_call_waits_for_a_shared_preparation_only_until_its_own_deadline(
    slow: SlowToPrepare, keyspace: str, stream_id: UUID, first_within: float
) -> None:
    store = EventStore(slow, keyspace=keyspace, settings=Settings(timeout=0.2))
    arriving = asyncio.ensure_future(slow.gate.arrived.wait())
    while not arriving.done():  # a call that is late from the start sends nothing
        first = asyncio.ensure_future(store.persist_events(stream_id, ["a"], timeout=first_within))
        await asyncio.wait((first, arriving), return_when=asyncio.FIRST_COMPLETED)

    async with Within(0.2 + GRACE):
        with pytest.raises(StoreUnavailable):
            await read_all(store, stream_id)

    slow.gate.opened.set()
    outcomes = await asyncio.gather(first, return_exceptions=True)
    assert isinstance(outcomes[0], StoreUnavailable) is (first_within < 1)
    await store.close()


Call = Callable[[EventStore, UUID], Awaitable[Any]]
CALLS: dict[str, Call] = {
    "append": lambda store, stream: store.persist_events(stream, ["a"]),
    "append at a version": lambda store, stream: store.persist_events(stream, ["a"], 0),
    "append nothing": lambda store, stream: store.persist_events(stream, [], 0),
    "read": read_all,
    "read at the serial level": lambda store, stream: read_all(store, stream, serial=True),
    "version": lambda store, stream: store.current_version(stream),
}


@pytest.mark.parametrize("prepared", [True, False], ids=["prepared", "new"])
@pytest.mark.parametrize("fault", ["deafen", "mute", "drop"])
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
async def test_a_call_waits_for_a_silent_server_only_until_its_deadline(
    proxied_store: EventStore,
    proxy: Proxy,
    stream_id: UUID,
    call: Call,
    fault: str,
    prepared: bool,
) -> None:
    if prepared:
        await wait_until_ready(proxied_store)
    getattr(proxy, fault)()

    async with Within(WITHIN + GRACE):
        with pytest.raises((StoreUnavailable, AppendOutcomeUnknown)):
            await call(proxied_store, stream_id)
