"""Opens a store for the examples: on a cluster that you name, or on an embedded Cassandra."""

import os
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from event_store_async import EventStore
from event_store_async.embedded import EmbeddedCassandra


@dataclass(frozen=True)
class Contact:
    """
    How to reach a cluster.

    Attributes:
        contact_points: The addresses of some of its nodes.
        port: Their port.
        datacenter: The datacenter to use; None for that of the first node.
    """

    contact_points: tuple[str, ...]
    port: int
    datacenter: str | None


@asynccontextmanager
async def reach_cluster() -> AsyncGenerator[Contact]:
    """
    Give a cluster.

    If EVENT_STORE_CONTACT_POINTS names one, it is that; EVENT_STORE_PORT (9042 by default) and
    EVENT_STORE_DATACENTER then say how to connect. Otherwise, a Cassandra is started; on leaving,
    it is stopped and all its data is deleted.
    """
    given = os.environ.get("EVENT_STORE_CONTACT_POINTS")
    if given:
        datacenter = os.environ.get("EVENT_STORE_DATACENTER") or None
        yield Contact(tuple(given.split(",")), _number("EVENT_STORE_PORT", 9042), datacenter)
        return
    async with EmbeddedCassandra(progress=True) as embedded:
        yield Contact(tuple(embedded.contact_points), embedded.port, embedded.local_datacenter)


@asynccontextmanager
async def open_store(keyspace: str, contact: Contact | None = None) -> AsyncGenerator[EventStore]:
    """
    Open a store, and create its schema if it does not exist.

    A new keyspace gets EVENT_STORE_REPLICAS replicas (1 by default).

    Args:
        keyspace: The keyspace.
        contact: The cluster; None for one of `reach_cluster`.
    """
    async with AsyncExitStack() as stack:
        if contact is None:
            contact = await stack.enter_async_context(reach_cluster())
        store = await stack.enter_async_context(
            EventStore.connect(
                contact.contact_points,
                port=contact.port,
                keyspace=keyspace,
                local_datacenter=contact.datacenter,
            )
        )
        replicas = _number("EVENT_STORE_REPLICAS", 1)
        await store.create_schema(replication={contact.datacenter or "datacenter1": replicas})
        yield store


def _number(variable: str, default: int) -> int:
    text = os.environ.get(variable) or str(default)  # an empty variable counts as not set
    if not text.isdecimal():
        raise SystemExit(f"{variable} must be a number, not {text!r}")
    return int(text)
