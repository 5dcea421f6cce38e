"""Leaver: a process that appends once and closes its store, ``python -m tests.faults.leaver``."""

import asyncio
import json
import sys
from typing import Any
from uuid import uuid4

from event_store_async import EventStore

from .seat import end_of_input


async def leave(target: dict[str, Any]) -> None:
    """Append an event, say so, and close the store once standard input ends."""
    stop = end_of_input()
    contact_points = target.pop("contact_points")
    async with EventStore.connect(contact_points, **target) as store:
        await store.persist_events(uuid4(), ["a"])
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await stop.wait()


if __name__ == "__main__":
    asyncio.run(leave(json.loads(sys.argv[1])))
