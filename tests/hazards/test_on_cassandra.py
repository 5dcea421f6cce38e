"""The same on a real server: many calls at once, closing among them, cancelled callers."""

import asyncio
import random
from uuid import uuid4

from event_store_async import (
    EventStore,
    Persisted,
    Settings,
    StoreClosed,
)

from ..fixtures.server import Server
from ..fixtures.stores import payloads, read_all

PATIENT = Settings(timeout=250, close_timeout=250)
"""For thousands of calls at once, each of which waits for those before it."""


async def test_10_000_reads_at_once_are_all_answered(
    server: Server, store: EventStore, keyspace: str
) -> None:
    stream_id = uuid4()
    await store.persist_events(stream_id, ["event"], 0)

    async with server.connect(keyspace, settings=PATIENT) as patient:
        versions = await asyncio.gather(
            *(patient.current_version(stream_id) for _ in range(10_000))
        )

    assert set(versions) == {1}


async def test_what_is_in_flight_when_the_store_is_closed_is_stored_or_refused(
    server: Server, store: EventStore, keyspace: str
) -> None:
    streams = [uuid4() for _ in range(500)]
    other = await server.connect(keyspace, settings=PATIENT)
    appends = [
        asyncio.ensure_future(other.persist_events(stream_id, ["event"], 0))
        for stream_id in streams
    ]
    while not other._engine.session.in_flight:
        await asyncio.sleep(0)

    await other.close()
    outcomes = await asyncio.gather(*appends, return_exceptions=True)

    assert {type(outcome) for outcome in outcomes} <= {Persisted, StoreClosed}
    versions = await asyncio.gather(*(store.current_version(stream_id) for stream_id in streams))
    assert versions == [int(isinstance(outcome, Persisted)) for outcome in outcomes]


async def test_cancelled_callers_cause_no_hole_and_no_repetition(store: EventStore) -> None:
    chance = random.Random(3)
    stream_id = uuid4()

    async def append(number: int) -> None:
        task = asyncio.ensure_future(store.persist_events(stream_id, [number]))
        for _ in range(chance.randrange(200)):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])

    for start in range(0, 200, 50):
        await asyncio.gather(*(append(number) for number in range(start, start + 50)))
    last = await store.persist_events(stream_id, ["last"])

    events = await read_all(store, stream_id)
    stored = payloads(events)
    assert [event.version for event in events] == list(range(1, last.version + 1))
    assert stored[-1] == "last"
    assert len(set(stored)) == len(stored)
