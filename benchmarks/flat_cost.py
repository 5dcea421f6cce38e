"""What an append costs at the end of a long stream, beside one to a fresh stream."""

import asyncio
import os
import statistics
import sys
import time
from uuid import UUID, uuid4

from event_store_async import EventStore
from event_store_async.embedded import EmbeddedCassandra

EVENTS = 100_000
ROUNDS = 5
APPENDS = 200
PAYLOAD = {"type": "measured", "filler": "x" * 150}


async def append_milliseconds(store: EventStore, stream_id: UUID) -> float:
    """Append one event at the version that the stream is at; return how long it took."""
    version = await store.current_version(stream_id)
    begin = time.perf_counter()
    await store.persist_events(stream_id, [PAYLOAD], version)
    return (time.perf_counter() - begin) * 1000


async def measure(store: EventStore) -> None:
    """Fill a stream, then append to its end and to fresh streams in turns."""
    long_stream = uuid4()
    for start in range(0, EVENTS, 1000):
        await store.persist_events(long_stream, [PAYLOAD] * 1000, start)
        _progress(f"filling: {start + 1000:,} of {EVENTS:,} events")
    print(f"\n{'round':>6} {'fresh p50':>11} {'long p50':>11} {'ratio':>7}")
    ratios = []
    for round_ in range(ROUNDS):
        short_stream = uuid4()
        short, long = [], []
        for _ in range(APPENDS):
            short.append(await append_milliseconds(store, short_stream))
            long.append(await append_milliseconds(store, long_stream))
        medians = statistics.median(short), statistics.median(long)
        ratios.append(medians[1] / medians[0])
        print(f"{round_ + 1:>6} {medians[0]:>8.2f} ms {medians[1]:>8.2f} ms {ratios[-1]:>7.2f}")
    print(
        f"an append behind {EVENTS:,} events takes {statistics.median(ratios):.2f} times that to a "
        f"fresh stream (median of {ROUNDS} rounds of {APPENDS}; {min(ratios):.2f} to "
        f"{max(ratios):.2f})"
    )


def _progress(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r{text}", end="", file=sys.stderr, flush=True)


async def main() -> None:
    """Measure on the cluster that the environment names, or on a node of our own."""
    keyspace = f"bench_{uuid4().hex[:8]}"
    if given := os.environ.get("EVENT_STORE_CONTACT_POINTS"):
        port = int(os.environ.get("EVENT_STORE_PORT", "9042"))
        async with EventStore.connect(given, port=port, keyspace=keyspace) as store:
            await store.create_schema({os.environ.get("EVENT_STORE_DATACENTER", "datacenter1"): 1})
            await measure(store)
        return
    async with (
        EmbeddedCassandra() as cassandra,
        EventStore.connect(
            cassandra.contact_points, port=cassandra.port, keyspace=keyspace
        ) as store,
    ):
        await store.create_schema({cassandra.local_datacenter: 1})
        await measure(store)


if __name__ == "__main__":
    asyncio.run(main())
