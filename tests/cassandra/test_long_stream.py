"""A stream of 100,000 events: read whole, in bounded memory."""

import asyncio
import sys
from uuid import UUID

import pytest

from event_store_async import EventStore

from ..fixtures.server import Server

EVENTS = 100_000

READER = """
import asyncio, resource, sys
from uuid import UUID
from event_store_async import EventStore

def peak_kib():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

async def main():
    points, port, keyspace, stream_id = sys.argv[1:]
    async with EventStore.connect(points, port=int(port), keyspace=keyspace) as store:
        async for event in store.read_events(UUID(stream_id), max_count=100):
            pass
        idle, expected = peak_kib(), 0
        for backward in (False, True):
            async for event in store.read_events(UUID(stream_id), backward=backward):
                expected += 1
        print(expected, peak_kib() - idle)

asyncio.run(main())
"""


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_reading_100_000_events_stays_within_50_mb(
    store: EventStore, server: Server, keyspace: str, stream_id: UUID
) -> None:
    payload = {"type": "measured", "filler": "x" * 150}
    for start in range(0, EVENTS, 1000):
        await store.persist_events(stream_id, [payload] * 1000, start)

    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        READER,
        ",".join(server.contact_points),
        str(server.port),
        keyspace,
        str(stream_id),
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await asyncio.wait_for(process.communicate(), 250)

    read, grown = map(int, output.split())
    assert read == 2 * EVENTS
    assert grown < 50 * 1024, f"{grown} KiB above idle"
    last = await store.persist_events(stream_id, [payload], EVENTS)
    assert last.version == EVENTS + 1
