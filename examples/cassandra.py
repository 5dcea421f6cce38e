"""Opens a store for the examples: on a cluster that you name, or on an embedded Cassandra."""

import os
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager

from event_store_async import EventStore
from event_store_async.embedded import EmbeddedCassandra


@asynccontextmanager
async def open_store(keyspace: str) -> AsyncGenerator[EventStore]:
    """
    Open a store, and create its schema if it does not exist.

    If EVENT_STORE_CONTACT_POINTS names a cluster, the store is there. EVENT_STORE_PORT (9042 by
    default) and EVENT_STORE_DATACENTER then say how to connect, and a new keyspace gets
    EVENT_STORE_REPLICAS replicas (1 by default). Otherwise, a Cassandra is started; on leaving, it
    is stopped and all its data is deleted.
    """
    async with AsyncExitStack() as stack:
        given = os.environ.get("EVENT_STORE_CONTACT_POINTS")
        if given:
            contact_points: str | list[str] = given
            port = _number("EVENT_STORE_PORT", 9042)
            datacenter = os.environ.get("EVENT_STORE_DATACENTER") or None
        else:
            embedded = await stack.enter_async_context(EmbeddedCassandra(progress=True))
            contact_points, port = embedded.contact_points, embedded.port
            datacenter = embedded.local_datacenter
        store = await stack.enter_async_context(
            EventStore.connect(
                contact_points, port=port, keyspace=keyspace, local_datacenter=datacenter
            )
        )
        replicas = _number("EVENT_STORE_REPLICAS", 1)
        await store.create_schema(replication={datacenter or "datacenter1": replicas})
        yield store


def _number(variable: str, default: int) -> int:
    text = os.environ.get(variable) or str(default)  # an empty variable counts as not set
    if not text.isdecimal():
        raise SystemExit(f"{variable} must be a number, not {text!r}")
    return int(text)
