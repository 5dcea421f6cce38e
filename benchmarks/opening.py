"""Opening: what connecting, preparing and the first append cost, and one far down a stream."""

import statistics
import time
from uuid import UUID, uuid4

from event_store_async import EventStore

from .bench import Bench
from .results import Key

_PAYLOAD = {"type": "measured", "filler": "x" * 150}
_VERSIONS = (0, 1_000, 100_000)


async def opening(bench: Bench) -> None:
    """Measure opening a store, its first use, and appends at low and high versions."""
    keyspace = "bench_opening"
    connect = {"port": bench.port, "keyspace": keyspace, "local_datacenter": "datacenter1"}
    async with EventStore.connect(bench.contact, **connect) as store:  # type: ignore[arg-type]
        await store.create_schema({"datacenter1": 1})
        streams = {version: await _filled(bench, store, version) for version in _VERSIONS}
        for number in range(bench.size.rounds):
            bench.say("flat cost", number / bench.size.rounds)
            await _flat(bench, store, streams)
    for number in range(bench.size.rounds):
        bench.say("opening a store", number / bench.size.rounds)
        begin = time.perf_counter()
        fresh = await EventStore.connect(bench.contact, **connect)  # type: ignore[arg-type]
        connected = time.perf_counter()
        await fresh.current_version(uuid4())
        prepared = time.perf_counter()
        await fresh.current_version(uuid4())
        used = time.perf_counter()
        await fresh.close()
        moments = {
            "connect": connected - begin,
            "first use: schema checked, statements prepared": prepared - connected,
            "the next use": used - prepared,
            "close": time.perf_counter() - used,
        }
        for case, seconds in moments.items():
            bench.results.add(Key("opening", "ours", case, 0), {"p50_ms": round(seconds * 1000, 3)})


async def _filled(bench: Bench, store: EventStore, version: int) -> UUID:
    stream = uuid4()
    for start in range(0, version, 1000):
        bench.say(f"flat cost: filling a stream to version {version:,}", start / version)
        await store.persist_events(stream, [_PAYLOAD] * 1000, start)
    return stream


async def _flat(bench: Bench, store: EventStore, streams: dict[int, UUID]) -> None:
    appends = 30 if bench.size.quick else 150
    times: dict[int, list[float]] = {version: [] for version in streams}
    at = dict(streams)
    at[0] = uuid4()
    heads = {version: await store.current_version(stream) for version, stream in at.items()}
    for _ in range(appends):
        for version, stream in at.items():
            begin = time.perf_counter()
            result = await store.persist_events(stream, [_PAYLOAD], heads[version])
            times[version].append(time.perf_counter() - begin)
            heads[version] = result.version
    for version, values in times.items():
        median = round(statistics.median(values) * 1000, 3)
        bench.results.add(
            Key("flat_cost", "ours", "append at version", version), {"p50_ms": median}
        )
