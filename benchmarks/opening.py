"""Opening: the time to connect, prepare and first use a store."""

import time
from uuid import uuid4

from event_store_async import EventStore

from .bench import Bench
from .peers import REPLICATION
from .results import Key

_KEYSPACE = "bench_opening"


async def opening(bench: Bench) -> None:
    """Measure opening a store, its first use and closing it, in a warm process."""

    async def connected() -> EventStore:
        return await EventStore.connect(
            bench.contact, port=bench.port, keyspace=_KEYSPACE, local_datacenter="datacenter1"
        )

    async with await connected() as store:
        await store.create_schema(REPLICATION)
    for number in range(bench.size.rounds + 1):
        bench.say("opening a store", number / bench.size.rounds)
        begin = time.perf_counter()
        fresh = await connected()
        there = time.perf_counter()
        await fresh.current_version(uuid4())
        prepared = time.perf_counter()
        await fresh.current_version(uuid4())
        used = time.perf_counter()
        await fresh.persist_events(uuid4(), [{"type": "measured"}])
        appended = time.perf_counter()
        await fresh.close()
        moments = {
            "connect": there - begin,
            "first use: schema checked, statements prepared": prepared - there,
            "the next use: a stream's version": used - prepared,
            "the first append": appended - used,
            "close": time.perf_counter() - appended,
        }
        if number:  # the first one warms up
            for case, seconds in moments.items():
                key = Key("opening", "ours", case, 0)
                bench.results.add(key, {"p50_ms": round(seconds * 1000, 3)})
