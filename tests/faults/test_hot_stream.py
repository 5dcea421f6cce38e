"""Many tasks and processes append to one stream, and all events are stored in order."""

import asyncio
from uuid import UUID, uuid4

import pytest

from event_store_async import EventStore, NewEvent, Persisted

from ..fixtures.server import Server
from ..fixtures.stores import read_all
from .appender import in_another_process

TASKS = 64
PROCESSES = 4
EACH = 16


@pytest.mark.slow
async def test_64_tasks_and_four_other_processes_append_to_one_stream(
    server: Server, store: EventStore, keyspace: str, stream_id: UUID
) -> None:
    theirs = [[(uuid4(), uuid4()) for _ in range(EACH)] for _ in range(PROCESSES)]
    mine = [(uuid4(),) for _ in range(TASKS)]

    async def task(ids: tuple[UUID, ...]) -> Persisted:
        events = [NewEvent({"id": str(event)}, event_id=event) for event in ids]
        return await store.persist_events(stream_id, events, timeout=200)

    processes, results = await asyncio.gather(
        asyncio.gather(
            *(in_another_process(server, keyspace, stream_id, *appends) for appends in theirs)
        ),
        asyncio.gather(*map(task, mine)),
    )

    events = await read_all(store, stream_id)
    ids = [event.event_id for event in events]
    versions = {event.event_id: event.version for event in events}
    assert [event.version for event in events] == list(range(1, len(events) + 1))
    assert len(events) == TASKS + 2 * PROCESSES * EACH
    assert len(set(ids)) == len(ids)
    for appends, outcomes in zip(theirs, processes, strict=True):
        for (first, second), outcome in zip(appends, outcomes, strict=True):
            assert outcome == {"version": versions[second], "earlier": False}
            assert versions[first] == versions[second] - 1
    assert [versions[event] for (event,) in mine] == [result.version for result in results]
