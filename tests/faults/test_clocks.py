"""Clients with wrong clocks: versions, not timestamps, order a stream."""

from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from event_store_async import EventStore, Settings
from event_store_async.moments import utc_now

from ..fixtures.stores import read_all


def _wrong_by(error: timedelta) -> datetime:
    return utc_now() + error


async def test_appends_of_clients_hours_apart_are_stored_in_the_order_of_the_calls(
    store: EventStore, keyspace: str, stream_id: UUID
) -> None:
    stores = [
        EventStore(
            store._engine.session.raw,
            keyspace=keyspace,
            settings=Settings(clock=partial(_wrong_by, timedelta(hours=hours))),
        )
        for hours in (24, -24, 0, -1000, 1000)
    ]

    for number in range(20):
        result = await stores[number % len(stores)].persist_events(stream_id, [number], number)
        assert result.version == number + 1

    events = await read_all(store, stream_id)
    assert [event.payload for event in events] == list(range(20))
    assert events[1].timestamp < events[0].timestamp - timedelta(hours=47)
    for one in stores:
        await one.close()
