"""An append whose outcome is unknown is settled by repeating it, from any process."""

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
from .conftest import wait_until_ready
from .proxy import Proxy


async def unknown(
    store: EventStore, stream_id: UUID, expected: ExpectedVersion
) -> tuple[UUID, ...]:
    """Append without getting an answer; return the ids of the events that may be stored."""
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


async def test_a_request_that_arrives_after_the_settlement_changes_nothing(
    server: Server,
    store: EventStore,
    proxied_store: EventStore,
    proxy: Proxy,
    keyspace: str,
    stream_id: UUID,
) -> None:
    await wait_until_ready(proxied_store)
    proxy.deafen()
    ids = await unknown(proxied_store, stream_id, NO_STREAM)

    (outcome,) = await in_another_process(server, keyspace, stream_id, ids, expected=0)
    proxy.restore()  # now the first call's requests arrive, one after another
    await wait_until_ready(proxied_store)

    assert outcome == {"version": 2, "earlier": False}
    assert [event.event_id for event in await read_all(store, stream_id)] == list(ids)


async def test_an_append_is_stored_once_if_the_connection_is_cut_after_each_request(
    store: EventStore, proxied_store: EventStore, proxy: Proxy, stream_id: UUID
) -> None:
    await wait_until_ready(proxied_store)
    proxy.cut()
    event = NewEvent("a")

    async def append() -> int:
        while True:
            try:
                return (await proxied_store.persist_events(stream_id, [event], NO_STREAM)).version
            except AppendOutcomeUnknown:
                proxy.restore()
            except StoreUnavailable:  # it had not reconnected within the call's time limit
                assert proxy.cuts > 0

    async with asyncio.timeout(100):
        assert await append() == 1
    assert proxy.cuts > 0
    assert [found.event_id for found in await read_all(store, stream_id)] == [event.event_id]
