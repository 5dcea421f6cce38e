"""The library itself: `EventStore`, with its default settings."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

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
from event_store_async.subscriptions import Subscription

from . import REPLICAS, REPLICATION
from .followers import FollowerProcess
from .payloads import Payload
from .protocol import CommandRefused, Options, Project, Ready, Unavailable
from .tasks import TaskPeer, Writer, main

NAME = "ours"
_AT_ONCE = 1000  # the most events of one append, by default


class Ours:
    """The peer: a store, and a note on its settings."""

    def __init__(
        self, store: EventStore, name: str, notes: str, follower: FollowerProcess | None = None
    ) -> None:
        self._store = store
        self._follower = follower
        self._name = name
        self._notes = notes

    def ready(self) -> Ready:
        """Return its version and what it promises."""
        return Ready(
            name=self._name,
            version=event_store_async.__version__,
            guarantees=(
                f"Cassandra LWT at LOCAL_QUORUM and LOCAL_SERIAL, replication {REPLICAS}; durable "
                "by the node's commit log settings; expected version checked by the server; a "
                "timed-out append is settled inside the call"
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

    def conflicts(self) -> int:
        """Return how many batches a rival's was faster than, since the process began."""
        return self._store.statistics().conflicts

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

    def exact(self, stream: UUID) -> Writer:
        """Append at the version last seen, in one attempt; a conflict is an answer, too."""
        version = 0

        async def write(payload: Payload) -> int:
            nonlocal version
            match await self._store.try_persist_events(stream, [payload], version):
                case Persisted() as stored:
                    version = stored.version
                    return 0
                case ConcurrentModification(_, _, actual):
                    version = actual
                    return 1

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

    async def fill_stream(self, stream: UUID, payloads: list[Payload]) -> None:
        """Append a short stream, in two appends."""
        half = len(payloads) // 2
        await self._store.persist_events(stream, payloads[:half], 0)
        await self._store.persist_events(stream, payloads[half:], half)

    async def read_feed(self, every: int | None, note: Callable[[float], None]) -> int:
        """Iterate over the feed, and note the resident set in MiB every *every* events."""
        process = psutil.Process()
        count = 0
        async for event in self._store.feed().read():
            count += isinstance(event.payload, dict)
            if every and not count % every:
                note(process.memory_info().rss / 2**20)
        return count

    async def end(self) -> int:
        """Return how many events the feed holds."""
        return (await self._store.feed().head()).ordinal

    async def subscribe(self, slices: int) -> int:
        """Catch up with a new subscription whose handler only counts."""
        count = 0

        async def handle(_event: object) -> None:
            nonlocal count
            count += 1

        subscription = Subscription(
            f"bench-{uuid4().hex}",
            self._store.feed(),
            handle,
            self._store.subscriptions,
            slices=slices,
        )
        await subscription.catch_up()
        return count

    async def project(self, command: Project) -> int:
        """Keep a new view in PostgreSQL."""
        from .views import view_of  # needs psycopg

        return await view_of(self._store, command)

    async def deliver(self, payloads: list[Payload], pause: float) -> list[int]:
        """Append to a stream that a follower in another process handles."""
        if self._follower is None:
            raise CommandRefused("this peer has no feed to follow")
        stream = uuid4()

        async def append(payload: Payload) -> None:
            await self._store.persist_events(stream, [payload])

        return await self._follower.deliver(append, payloads, pause)


@asynccontextmanager
async def open_peer(
    options: Options,
    settings: Settings | None = None,
    name: str = NAME,
    notes: str = "default settings; hot: appends that wait for one stream share a batch",
    *,
    feed: bool = False,
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
        await store.create_schema(REPLICATION, feed=feed)
        follower = FollowerProcess(
            *["benchmarks.peers.ours_follower", "--contact", options.contact],
            *["--port", str(options.port), "--keyspace", options.keyspace],
        )
        yield Ours(store, name, notes, follower if feed else None)


if __name__ == "__main__":
    main(NAME, open_peer)
