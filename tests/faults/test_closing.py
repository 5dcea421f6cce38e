"""Closing a store whose appends are still on their way."""

import asyncio
from uuid import UUID, uuid4

from event_store_async import (
    AppendOutcomeUnknown,
    EventStore,
    Persisted,
    Settings,
    StoreClosed,
)

from ..fixtures.bounds import Within
from ..fixtures.stores import read_all
from ..history.answers import GRACE
from .conftest import CLOSE_WITHIN, Wired, answers
from .proxy import Proxy


async def test_appends_on_their_way_are_carried_through(
    store: EventStore, wired: Wired, wire: Proxy
) -> None:
    wired_store = await wired(Settings(timeout=60, request_timeout=30, close_timeout=60))
    streams = [uuid4() for _ in range(50)]
    await wired_store.current_version(streams[0])
    wire.mute()
    appends = [
        asyncio.ensure_future(wired_store.persist_events(stream, ["a"], 0)) for stream in streams
    ]
    await asyncio.sleep(0)
    assert wired_store.statistics().in_flight == len(streams)

    closing = asyncio.ensure_future(wired_store.close())
    await asyncio.sleep(0)
    assert not closing.done()
    wire.restore()
    await closing

    outcomes = await asyncio.gather(*appends, return_exceptions=True)
    for stream, outcome in zip(streams, outcomes, strict=True):
        found = [event.payload for event in await read_all(store, stream)]
        assert isinstance(outcome, Persisted)
        assert found == ["a"]


async def test_appends_that_nobody_answers_are_not_waited_for_for_ever(
    wired_store: EventStore, wire: Proxy, stream_id: UUID
) -> None:
    await answers(wired_store)
    wire.deafen()
    appends = [
        asyncio.ensure_future(wired_store.persist_events(stream, [number], 0, timeout=200))
        for stream in (stream_id, uuid4())
        for number in range(5)
    ]
    await asyncio.sleep(0)

    async with Within(CLOSE_WITHIN + GRACE):
        await wired_store.close()
        outcomes = await asyncio.gather(*appends, return_exceptions=True)

    kinds = [type(outcome) for outcome in outcomes]
    assert kinds.count(AppendOutcomeUnknown) == 2  # the first of each stream had been sent
    assert kinds.count(StoreClosed) == 8
