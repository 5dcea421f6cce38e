"""The Cassandra that the examples run on: the one that is pointed at, or one of their own."""

import os
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager

from event_store_async import EventStore
from event_store_async.embedded import EmbeddedCassandra


@asynccontextmanager
async def open_store(keyspace: str) -> AsyncGenerator[EventStore]:
    """
    Open a store whose schema is ready.

    Where EVENT_STORE_CONTACT_POINTS names a cluster, it is that one, at EVENT_STORE_PORT, seen
    from EVENT_STORE_DATACENTER, a new keyspace having EVENT_STORE_REPLICAS. Otherwise a Cassandra
    is started, and ended with all its data on leaving.
    """
    async with AsyncExitStack() as stack:
        given = os.environ.get("EVENT_STORE_CONTACT_POINTS")
        if given:
            contact_points: str | list[str] = given
            port = int(os.environ.get("EVENT_STORE_PORT", "9042"))
            datacenter = os.environ.get("EVENT_STORE_DATACENTER")
        else:
            embedded = await stack.enter_async_context(EmbeddedCassandra(progress=True))
            contact_points, port = embedded.contact_points, embedded.port
            datacenter = embedded.local_datacenter
        store = await stack.enter_async_context(
            EventStore.connect(
                contact_points, port=port, keyspace=keyspace, local_datacenter=datacenter
            )
        )
        replicas = int(os.environ.get("EVENT_STORE_REPLICAS", "1"))
        await store.create_schema(replication={datacenter or "datacenter1": replicas})
        yield store
