"""A member of a consumer group, which tells the stream of each event that it handles."""

import argparse
import asyncio
import signal
import time
from typing import Any

from event_store_async import EventStore
from event_store_async.subscriptions import Subscription

from .followers import READY, say
from .members import SLICES


async def work(contact: str, port: int, keyspace: str, name: str) -> None:
    """Handle events until SIGTERM."""

    async def handle(event: Any) -> None:
        say(f"{event.stream_id} {time.monotonic_ns()}")

    async with EventStore.connect(contact, port=port, keyspace=keyspace) as store:
        subscription = Subscription(
            name, store.feed(), handle, store.subscriptions, slices=SLICES, start="now"
        )
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, subscription.stop)
        say(READY)
        await subscription.run()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A member of a consumer group.")
    parser.add_argument("contact")
    parser.add_argument("port", type=int)
    parser.add_argument("keyspace")
    parser.add_argument("name")
    given = parser.parse_args()
    asyncio.run(work(given.contact, given.port, given.keyspace, given.name))
