"""The library itself: `EventStore`, with its default settings."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from uuid import UUID

import psutil

import event_store_async
from event_store_async import (
    ConcurrentModification,
    EventStore,
    NewEvent,
    Persisted,
    Settings,
)
from event_store_async.errors import ConnectionFailed

from .payloads import Payload
from .protocol import Options, Ready, Unavailable
from .tasks import TaskPeer, Writer, main

NAME = "ours"
_AT_ONCE = 1000  # the most events of one append, by default


class Ours:
    """The peer: a store, and a note on its settings."""

    def __init__(self, store: EventStore, name: str, notes: str) -> None:
        self._store = store
        self._name = name
        self._notes = notes

    def ready(self) -> Ready:
        """Return its version and what it promises."""
        return Ready(
            name=self._name,
            version=event_store_async.__version__,
            guarantees=(
                "Cassandra LWT at LOCAL_QUORUM and LOCAL_SERIAL, replication 1; durable by the "
                "node's commit log settings; expected version checked by the server; a timed-out "
                "append is settled inside the call"
            ),
            notes=self._notes,
        )

    def own(self, stream: UUID) -> Writer:
        """Append at the version after the last append."""
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
        """Append at the version last seen, and again after each conflict."""
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

    async def watch(self, stream: UUID, every: int, note: Callable[[float], None]) -> int:
        """Iterate over the stream, and note the resident set in MiB every *every* events."""
        process = psutil.Process()
        note(process.memory_info().rss / 2**20)
        count = 0
        async for event in self._store.read_events(stream):
            count += isinstance(event.payload, dict)
            if not count % every:
                note(process.memory_info().rss / 2**20)
        return count


@asynccontextmanager
async def open_peer(
    options: Options,
    settings: Settings | None = None,
    name: str = NAME,
    notes: str = "default settings; hot: appends that wait for one stream share a batch",
) -> AsyncGenerator[TaskPeer, None]:
    """Connect, and create the schema."""
    opening = EventStore.connect(
        options.contact, port=options.port, keyspace=options.keyspace, settings=settings
    )
    try:
        store = await opening
    except ConnectionFailed as error:
        raise Unavailable(str(error), "start a node: make cassandra") from error
    async with store:
        await store.create_schema({"datacenter1": 1})
        yield Ours(store, name, notes)


if __name__ == "__main__":
    main(NAME, open_peer)
