"""Pairs of stores, driven from plain functions, with the same clock and the same ids."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Collection, Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar
from uuid import UUID

from event_store_async import (
    EventReaderWriter,
    EventStore,
    EventStoreError,
    MemoryEventStore,
    RecordedEvent,
    Settings,
    StreamLister,
)

_T = TypeVar("_T")

_BEGIN: Final = datetime(2013, 1, 1, tzinfo=UTC)


class Foreign:
    """A codec that the other stores do not know."""

    content_type = "application/x-foreign"

    def encode(self, payload: Any) -> bytes:
        return repr(payload).encode("ascii", "backslashreplace")

    def decode(self, data: bytes) -> Any:
        return data.decode()


class Sources:
    """A clock that moves only between the steps of a program, and ids that count up."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Start again, for another program."""
        self.now = _BEGIN
        self._ids = 0

    def step(self) -> None:
        """Let some time pass, not a whole number of milliseconds."""
        self.now += timedelta(seconds=1, microseconds=777)

    def _next_id(self) -> UUID:
        self._ids += 1
        return UUID(int=self._ids)

    def settings(self) -> Settings:
        """Return settings with limits low enough for small programs to reach them."""
        return Settings(
            timeout=60.0,
            look_back=3,
            max_append_events=6,
            max_append_bytes=64,
            clock=lambda: self.now,
            new_event_id=self._next_id,
        )


@dataclass
class Pair:
    """A store on Cassandra and one in memory that must answer alike."""

    cassandra: EventStore
    memory: MemoryEventStore


class World:
    """
    Three pairs of stores on the same streams: two alike, and one whose codec they do not know.

    The driver's objects belong to the loop on which they were made. So the world has its own loop,
    which runs only during a call.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, opened: EventStore, keyspace: str, sources: Sources
    ) -> None:
        self._loop = loop
        self._sources_of_cassandra = sources
        self._sources_of_memory = Sources()
        settings = sources.settings()
        session = opened._engine.session.raw
        self._cassandra = [
            opened,
            EventStore(session, keyspace=keyspace, settings=settings),
            EventStore(session, keyspace=keyspace, settings=settings, codec=Foreign()),
        ]
        self.begin()

    def begin(self) -> None:
        """Start again, for another program, which must choose new streams."""
        self._sources_of_cassandra.begin()
        self._sources_of_memory.begin()
        settings = self._sources_of_memory.settings()
        first = MemoryEventStore(settings=settings)
        memory = [
            first,
            first.reopened(settings=settings),
            first.reopened(settings=settings, codec=Foreign()),
        ]
        self.pairs = [Pair(*each) for each in zip(self._cassandra, memory, strict=True)]

    def step(self) -> None:
        """Let some time pass."""
        self._sources_of_cassandra.step()
        self._sources_of_memory.step()

    def run(self, awaitable: Awaitable[_T]) -> _T:
        """Return the result of a call."""

        async def call() -> _T:
            return await awaitable

        return self._loop.run_until_complete(call())

    def outcome(self, coroutine: Coroutine[Any, Any, object]) -> object:
        """Return the result of a call; an error of the library as its type and attributes."""
        try:
            return self.run(coroutine)
        except EventStoreError as error:
            return type(error), error.args, vars(error)


async def read(store: EventReaderWriter, stream_id: UUID, options: dict[str, Any]) -> list[object]:
    """Return the events of a read; a final error as its type and attributes."""
    given: list[object] = []
    try:
        async for event in store.read_events(stream_id, **options):
            given.append(event)
    except EventStoreError as error:
        given.append((type(error), error.args, vars(error)))
    return given


async def take(events: AsyncGenerator[RecordedEvent, None], count: int) -> list[object]:
    """Return the next events of a follower; a final error as its type and attributes."""
    given: list[object] = []
    try:
        while len(given) < count:
            given.append(await anext(events))
    except EventStoreError as error:
        given.append((type(error), error.args, vars(error)))
    except StopAsyncIteration:
        given.append("ended")
    return given


async def versions(store: StreamLister, streams: Collection[UUID]) -> dict[UUID, int]:
    """Return the versions of some streams, as a list of all shows them."""
    return {
        head.stream_id: head.version
        async for head in store.streams(page_size=100)
        if head.stream_id in streams
    }
