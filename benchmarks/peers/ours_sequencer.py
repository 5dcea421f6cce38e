"""A process that does nothing but sequence a feed, so that its CPU can be told apart."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from event_store_async import EventStore, Settings
from event_store_async.errors import ConnectionFailed

from . import REPLICATION
from .ours import Ours
from .protocol import Options, Unavailable
from .tasks import TaskPeer, main

NAME = "ours_sequencer"


@asynccontextmanager
async def open_peer(options: Options) -> AsyncGenerator[TaskPeer, None]:
    """Connect, create the schema with a feed, and sequence it."""
    opening = EventStore.connect(
        options.contact,
        port=options.port,
        keyspace=options.keyspace,
        settings=Settings(sequences=False),
    )
    try:
        store = await opening
    except ConnectionFailed as error:
        raise Unavailable(str(error), "start a node: make cassandra") from error
    async with store:
        await store.create_schema(REPLICATION, feed=True)
        await store.feed().head()
        sequencing = asyncio.create_task(store.operations.run_sequencer())
        try:
            yield Ours(store, NAME, "a process that sequences and does nothing else")
        finally:
            sequencing.cancel()
            await asyncio.wait([sequencing])


if __name__ == "__main__":
    main(NAME, open_peer)
