"""An append whose outcome is unknown is settled by calling again, from wherever."""

import asyncio
from uuid import UUID

import pytest

from event_store_async import (
    ANY,
    NO_STREAM,
    AppendOutcomeUnknown,
    EventStore,
    NewEvent,
    StoreUnavailable,
)
from event_store_async.versions import ExpectedVersion

from ..fixtures.faulty import FaultySession, lose_answer, lose_request
from ..fixtures.server import Server
from ..fixtures.stores import read_all
from ..fixtures.time import PassingTime, UntilItsDeadline
from .appender import in_another_process
from .conftest import answers
from .proxy import Proxy


async def unknown(
    store: EventStore, stream_id: UUID, expected: ExpectedVersion
) -> tuple[UUID, ...]:
    """Append without an answer; return the ids of the events that may be stored."""
    with pytest.raises(AppendOutcomeUnknown) as caught:
        await store.persist_events(stream_id, ["a", "b"], expected)
    return caught.value.event_ids


@pytest.mark.parametrize("stored", [True, False], ids=["stored", "lost"])
@pytest.mark.parametrize("expected", [NO_STREAM, ANY], ids=["no stream", "any"])
async def test_another_process_settles_it(
    server: Server,
    store: EventStore,
    faulty_store: EventStore,
    faulty: FaultySession,
    keyspace: str,
    stream_id: UUID,
    expected: ExpectedVersion,
    stored: bool,
    passing_time: PassingTime,
) -> None:
    faulty.always = UntilItsDeadline(lose_answer if stored else lose_request, passing_time)
    ids = await unknown(faulty_store, stream_id, expected)
    exact = None if expected is ANY else 0

    first = await in_another_process(server, keyspace, stream_id, ids, expected=exact)
    again = await in_another_process(server, keyspace, stream_id, ids, expected=exact)

    assert first == [{"version": 2, "earlier": stored}]
    assert again == [{"version": 2, "earlier": True}]
    assert [event.event_id for event in await read_all(store, stream_id)] == list(ids)


async def test_what_arrives_after_it_was_settled_changes_nothing(
    server: Server,
    store: EventStore,
    wired_store: EventStore,
    wire: Proxy,
    keyspace: str,
    stream_id: UUID,
) -> None:
    await answers(wired_store)
    wire.deafen()
    ids = await unknown(wired_store, stream_id, NO_STREAM)

    (outcome,) = await in_another_process(server, keyspace, stream_id, ids, expected=0)
    wire.restore()  # now the first call's requests arrive, one after the other
    await answers(wired_store)

    assert outcome == {"version": 2, "earlier": False}
    assert [event.event_id for event in await read_all(store, stream_id)] == list(ids)


async def test_a_connection_cut_behind_every_request_stores_once(
    store: EventStore, wired_store: EventStore, wire: Proxy, stream_id: UUID
) -> None:
    await answers(wired_store)
    wire.cut()
    event = NewEvent("a")

    async def append() -> int:
        while True:
            try:
                return (await wired_store.persist_events(stream_id, [event], NO_STREAM)).version
            except AppendOutcomeUnknown:
                wire.restore()
            except StoreUnavailable:  # it has not connected again in the time of a call
                assert wire.cuts > 0

    async with asyncio.timeout(100):
        assert await append() == 1
    assert wire.cuts > 0
    assert [found.event_id for found in await read_all(store, stream_id)] == [event.event_id]
