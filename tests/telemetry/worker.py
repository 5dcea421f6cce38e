"""
A worker process with a store and metrics, as one of several: it works until its input ends.

Its arguments: requests in flight, and the seconds between samples. For each line of its input, it
prints a line when it has done what the line says.
"""

import asyncio
import sys
from uuid import uuid4

from event_store_async import (
    DriverMetrics,
    FeedStatistics,
    MemoryEventStore,
    Settings,
    SliceStatistics,
    Statistics,
    SubscriptionStatistics,
)
from event_store_async.hooks import Source
from event_store_async.telemetry import sampler
from event_store_async.telemetry.prometheus import PrometheusHook


class Busy:
    """A store with as many requests in flight as given, and a driver."""

    def __init__(self, in_flight: int) -> None:
        self.in_flight = in_flight
        self.timeouts = 2

    def statistics(self) -> Statistics:
        driver = DriverMetrics(3, 1, self.timeouts, 50.0, 0.004, 0.003, 0.01, 0.02, 0.03, 0.04)
        source = Source("cassandra", "bank", "events")
        feed = FeedStatistics(40, True, 0.5, 3, 6, 7.5)
        return Statistics(source, self.in_flight, 128, 7, 2, 1000, driver, feed)


class Member:
    """A member of a consumer group."""

    def statistics(self) -> SubscriptionStatistics:
        slices = (SliceStatistics(0, 5, 0.5, 1, is_held=True),)
        return SubscriptionStatistics(Source("cassandra", "bank", "events"), "mails", slices, 0.5)


async def main() -> None:
    hook = PrometheusHook()
    members = [Member()]
    hook.observe(members[0])
    first = Busy(int(sys.argv[1]))
    hook.observe(first)
    busy: Busy | None = first
    del first
    async with MemoryEventStore(settings=Settings(hooks=(hook,))) as store:
        await store.persist_events(uuid4(), [{"type": "opened"}])
    print("ready", flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        match line.split():
            case ["in-flight", number] if busy is not None:
                busy.in_flight = int(number)
            case ["time-out"] if busy is not None:
                busy.timeouts += 3
            case ["drop"]:
                busy = None
                members.clear()
        print("done", flush=True)


if __name__ == "__main__":
    sampler.INTERVAL = float(sys.argv[2])  # type: ignore[misc]
    asyncio.run(main())
