"""
A process that appends and reads with one kind of hook, one round for each line of standard input.

Each round prints a line of JSON: the CPU time of the process for one append and for one event read,
in microseconds. It uses only public names of the library, so it also runs on an older checkout
without hooks (``PYTHONPATH``).
"""

import asyncio
import json
import sys
import time
from typing import Any
from uuid import uuid4

from event_store_async import EventStore, MemoryEventStore, Settings


def hooks_of(kind: str) -> tuple[Any, ...]:
    """Return the hooks of a kind, with all that they need."""
    if kind == "no-op":
        return (lambda _: None,)
    if kind == "prometheus":
        from prometheus_client import CollectorRegistry

        from event_store_async.telemetry.prometheus import PrometheusHook

        return (PrometheusHook(CollectorRegistry()),)
    if kind == "opentelemetry":
        from opentelemetry.sdk.metrics import MeterProvider
        from opentelemetry.sdk.metrics.export import InMemoryMetricReader
        from opentelemetry.sdk.trace import TracerProvider

        from event_store_async.telemetry.opentelemetry import OpenTelemetryHook

        return (OpenTelemetryHook(TracerProvider(), MeterProvider([InMemoryMetricReader()])),)
    if kind == "logs":
        from event_store_async.telemetry.logs import LogHook

        return (LogHook(),)
    return ()


def settings_of(kind: str) -> Settings:
    """Return settings with the hooks of a kind; an older checkout may not have hooks."""
    hooks = hooks_of(kind)
    return Settings(hooks=hooks) if hooks else Settings()


async def round_of(store: EventStore | MemoryEventStore, appends: int) -> dict[str, float]:
    """Append to a new stream, one event at a time, and read it; return the cost of each."""
    stream_id = uuid4()
    event = {"type": "deposited", "amount": 50}
    begun = time.process_time()
    for version in range(appends):
        await store.persist_events(stream_id, [event], version)
    appended = time.process_time()
    count = 0
    async for _ in store.read_events(stream_id):
        count += 1
    done = time.process_time()
    assert count == appends
    return {
        "append": (appended - begun) / appends * 1e6,
        "read": (done - appended) / count * 1e6,
    }


async def rounds(store: EventStore | MemoryEventStore, appends: int) -> None:
    """Run a round for each line."""
    await round_of(store, appends)
    print("ready", flush=True)
    while await asyncio.to_thread(sys.stdin.readline):
        print(json.dumps(await round_of(store, appends)), flush=True)


async def main(kind: str, appends: int, port: int) -> None:
    """Open a store and run rounds on it."""
    settings = settings_of(kind)
    if not port:
        await rounds(MemoryEventStore(settings=settings), appends)
        return
    async with EventStore.connect(
        "127.0.0.1", port=port, keyspace="telemetry", settings=settings
    ) as store:
        await rounds(store, appends)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
