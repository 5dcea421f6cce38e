"""The library itself: `EventStore`, with its default settings."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from uuid import UUID

import event_store_async
from event_store_async import ConcurrentModification, EventStore, NewEvent, Persisted
from event_store_async.errors import ConnectionFailed

from .payloads import Payload
from .protocol import Options, Ready, Unavailable
from .tasks import TaskPeer, Writer, main

NAME = "ours"
_AT_ONCE = 1000  # the most events of one append, by default


class Ours:
    """The peer."""

    def __init__(self, store: EventStore) -> None:
        self._store = store

    def ready(self) -> Ready:
        """Say what it is and what it promises."""
        return Ready(
            name=NAME,
            version=event_store_async.__version__,
            guarantees=(
                "Cassandra LWT at LOCAL_QUORUM and LOCAL_SERIAL, replication 1; durable by the "
                "node's commit log settings; expected version checked by the server; a timed-out "
                "append is settled inside the call"
            ),
            notes="defaults; hot: appends that wait for one stream share a batch",
        )

    def own(self, stream: UUID) -> Writer:
        """Append at the version that the last append gave."""
        version = 0

        async def write(payload: Payload) -> int:
            nonlocal version
            version = (await self._store.persist_events(stream, [payload], version)).version
            return 0

        return write

    def hot(self, stream: UUID) -> Writer:
        """Append at any version."""

        async def write(payload: Payload) -> int:
            await self._store.persist_events(stream, [payload])
            return 0

        return write

    def locked(self, stream: UUID) -> Writer:
        """Append at the version that the stream was last seen at, again after each conflict."""
        version = 0

        async def write(payload: Payload) -> int:
            nonlocal version
            event = NewEvent(payload)
            conflicts = 0
            while True:
                match await self._store.try_persist_events(stream, [event], version):
                    case Persisted() as stored:
                        version = stored.version
                        return conflicts
                    case ConcurrentModification(_, _, actual):
                        version = actual
                        conflicts += 1

        return write

    async def fill(self, stream: UUID, payloads: list[Payload]) -> None:
        """Append in the largest batches."""
        for start in range(0, len(payloads), _AT_ONCE):
            await self._store.persist_events(stream, payloads[start : start + _AT_ONCE], start)

    async def read(self, stream: UUID, page_size: int | None) -> int:
        """Iterate over the stream."""
        count = 0
        async for event in self._store.read_events(stream, page_size=page_size):
            count += isinstance(event.payload, dict)
        return count


@asynccontextmanager
async def opening(options: Options) -> AsyncGenerator[TaskPeer, None]:
    """Connect, with the schema made."""
    connecting = EventStore.connect(options.contact, port=options.port, keyspace=options.keyspace)
    try:
        store = await connecting
    except ConnectionFailed as error:
        raise Unavailable(str(error), "start a node: make cassandra") from error
    async with store:
        await store.create_schema({"datacenter1": 1})
        yield Ours(store)


if __name__ == "__main__":
    main(NAME, opening)
