"""The public surface as a type checker sees it: checked by mypy, never run."""

from collections.abc import AsyncGenerator, Collection, Iterable
from datetime import datetime
from typing import Any, assert_never, assert_type
from uuid import UUID

import event_store_async as es
from event_store_async.feeds import FeedReader, Selection
from event_store_async.testing import HostileEventStore


async def appending(store: es.EventStore, stream: UUID) -> None:
    assert_type(await store.persist_events(stream, ["payload"]), es.Persisted)
    assert_type(
        await store.persist_events(stream, [es.NewEvent({"a": 1})], es.NO_STREAM), es.Persisted
    )
    await store.persist_events(stream, [], es.ANY, timeout=1)
    await store.persist_events(stream, (event for event in "ab"), es.STREAM_EXISTS)
    await store.persist_events(stream, [], None)  # type: ignore[arg-type]
    await store.persist_events("stream", [])  # type: ignore[arg-type]

    result = await store.try_persist_events(stream, ["payload"], 7)
    assert_type(result, es.Persisted | es.ConcurrentModification)
    match result:
        case es.Persisted(stream_id, version, events, stored_earlier):
            assert_type(stream_id, UUID)
            assert_type(version, int)
            assert_type(events, tuple[es.RecordedEvent, ...])
            assert_type(stored_earlier, bool)
        case es.ConcurrentModification(_, expected, actual):
            assert_type(actual, int)
            assert_type(expected, es.ExpectedVersion)
        case never:
            assert_never(never)


async def reading(store: es.EventStore, stream: UUID) -> None:
    events = store.read_events(stream, 1, 10, backward=True, page_size=5, serial=True, timeout=1)
    assert_type(events, AsyncGenerator[es.RecordedEvent, None])
    async for event in events:
        assert_type(event.timestamp, datetime)
        assert_type(event.event_id, UUID | None)
        event.version = 2  # type: ignore[misc]
    store.read_events(stream, serial="quorum")  # type: ignore[arg-type]
    assert_type(await store.current_version(stream), int)
    assert_type(await store.current_version(stream, serial=True, timeout=0.5), int)


async def following(store: es.EventStore, memory: es.MemoryEventStore, stream: UUID) -> None:
    polling = es.Polling(shortest=0.1, longest=1, max_outage=60)
    events = store.follow(stream, 1, polling=polling, page_size=5, serial=True, timeout=1)
    assert_type(events, AsyncGenerator[es.RecordedEvent, None])
    assert_type(await anext(events), es.RecordedEvent)
    assert_type(memory.follow(stream), AsyncGenerator[es.RecordedEvent, None])
    store.follow("stream")  # type: ignore[arg-type]
    store.follow(stream, polling=1.0)  # type: ignore[arg-type]
    store.follow(stream, backward=True)  # type: ignore[call-arg]
    es.Polling(1.0)  # type: ignore[call-arg]


async def listing(store: es.EventStore, memory: es.MemoryEventStore) -> None:
    heads = store.streams(None, 10, page_size=5, timeout=1)
    assert_type(heads, AsyncGenerator[es.StreamHead, None])
    async for head in memory.streams():
        assert_type(head.stream_id, UUID)
        assert_type(head.version, int)
        assert_type(head.cursor, str)
        head.version = 2  # type: ignore[misc]
        store.streams(head.cursor)
        store.streams(head)  # type: ignore[arg-type]


def naming_types(
    state: es.StreamState, choice: es.ConsistencyChoice, event: es.UnidentifiedEvent
) -> tuple[es.ExpectedVersion, es.ConsistencyChoice, es.NewEvent]:
    return state, choice, event.identified(UUID(int=0))


class Wrapper(es.EventReaderWriter):
    """A store of one's own inherits `persist_events` from the port."""

    def __init__(self, store: es.EventStore) -> None:
        self.store = store

    async def try_persist_events(
        self,
        stream_id: UUID,
        events: Iterable[Any | es.NewEvent],
        expected_version: es.ExpectedVersion = es.ANY,
        *,
        timeout: float | None = None,
    ) -> es.AppendResult:
        return await self.store.try_persist_events(
            stream_id, events, expected_version, timeout=timeout
        )

    def read_events(
        self,
        stream_id: UUID,
        from_version: int | None = None,
        max_count: int | None = None,
        **options: Any,
    ) -> AsyncGenerator[es.RecordedEvent, None]:
        return self.store.read_events(stream_id, from_version, max_count, **options)

    async def current_version(
        self, stream_id: UUID, *, serial: bool = False, timeout: float | None = None
    ) -> int:
        return await self.store.current_version(stream_id, serial=serial, timeout=timeout)


class Following(Wrapper, es.StreamFollower):
    """A store of one's own inherits `follow`, too."""


def following_wrapped(store: Following, wrapper: Wrapper, stream: UUID) -> es.StreamFollower:
    assert_type(store.follow(stream), AsyncGenerator[es.RecordedEvent, None])
    wrapper.follow(stream)  # type: ignore[attr-defined]
    return store


class Unfinished(es.EventReaderWriter):
    pass


async def wrapping(store: es.EventStore, stream: UUID) -> None:
    assert_type(await Wrapper(store).persist_events(stream, ["payload"]), es.Persisted)
    Unfinished()  # type: ignore[abstract]


async def connecting() -> None:
    async with es.EventStore.connect("127.0.0.1", keyspace="bank") as store:
        assert_type(store, es.EventStore)
    awaited = await es.EventStore.connect(["127.0.0.1"], keyspace="bank", consistency="global")
    assert_type(awaited, es.EventStore)
    assert_type(await awaited.create_schema({"datacenter1": 3}), es.SchemaReport)
    es.EventStore.connect("127.0.0.1")  # type: ignore[call-arg]
    es.EventStore.connect("127.0.0.1", keyspace="bank", consistency="one")  # type: ignore[arg-type]


def ports(store: es.EventStore) -> tuple[es.EventReader, es.EventWriter]:
    return store, store


def memory_ports(store: es.MemoryEventStore) -> tuple[es.EventReader, es.EventWriter]:
    return store, store


def whole_ports(
    store: es.EventStore, memory: es.MemoryEventStore
) -> list[tuple[es.StreamFollower, es.StreamLister]]:
    return [(store, store), (memory, memory)]


def codecs() -> list[es.Codec]:
    class Own:
        content_type = "application/x-own"

        def encode(self, payload: Any) -> bytes:
            return bytes(payload)

        def decode(self, data: bytes) -> str:
            return data.decode()

    return [es.JsonCodec(), es.RawCodec(), Own()]


async def categories(store: es.EventStore, memory: es.MemoryEventStore, stream: UUID) -> None:
    view = store.category("account")
    assert_type(view, es.CategoryStore)
    assert_type(view.name, str)
    assert_type(await view.persist_events(stream, ["a"]), es.Persisted)
    assert_type(await view.try_persist_events(stream, []), es.Persisted | es.ConcurrentModification)
    assert_type(view.category("account"), es.CategoryStore)
    assert_type(await view.health(), es.Health)
    store.category(7)  # type: ignore[arg-type]
    stores: list[es.CategorisedStore] = [memory]
    stores.append(view)
    plain: list[es.EventReaderWriter] = [view, memory.category("order")]
    assert_type(plain[0].read_events(stream), AsyncGenerator[es.RecordedEvent, None])


def wrong_category(error: es.WrongCategory) -> None:
    assert_type(error.stream_id, UUID)
    assert_type(error.expected, str)
    assert_type(error.actual, str | None)


async def feeding(store: es.EventStore, memory: es.MemoryEventStore, stream: UUID) -> None:
    feed = store.feed(categories=["account"], types={"opened"})
    assert_type(feed, es.Feed)
    assert_type(memory.feed(), es.Feed)
    assert_type(feed.read(None, max_count=5), AsyncGenerator[es.FeedEvent, None])
    async for event in feed.follow():
        assert_type(event, es.FeedEvent)
        assert_type(event.position, es.Position)
        assert_type(event.category, str | None)
        recorded: es.RecordedEvent = event
        assert_type(recorded.timestamp, datetime)
        event.position = event.position  # type: ignore[misc]
    page = await feed.page(await feed.head(), 10)
    assert_type(page, es.FeedPage)
    for item in page.events:
        assert_type(item, es.FeedEvent | es.BrokenEvent)
        if isinstance(item, es.BrokenEvent):
            assert_type(item.error, es.StreamError)
    assert_type(page.head - page.position, int)
    assert_type(page.position < page.head, bool)
    assert_type(await feed.locate(stream, 1), es.Position | None)
    assert_type(await feed.position_of(stream, 1, timeout=5), es.Position)
    assert_type(es.Position.parse(str(page.position)), es.Position)
    await feed.position_of(stream, 1)  # type: ignore[call-arg]
    feed.read("position")  # type: ignore[arg-type]
    store.feed(["account"])  # type: ignore[call-arg]
    store.feed(types=[1])  # type: ignore[list-item]


def feed_stores(
    store: es.EventStore, memory: es.MemoryEventStore, hostile: HostileEventStore
) -> list[es.FeedStore]:
    return [store, memory, hostile]


def feed_readers(feed: es.Feed, reader: FeedReader) -> list[es.Feed]:
    return [es.Feed(feed.reader, Selection.of(slice_=1, slices=2)), es.Feed(reader)]


class WithFeed(Wrapper, es.FeedStore):
    """A store of one's own with a feed."""

    def feed(
        self, *, categories: Collection[str] = (), types: Collection[str] = ()
    ) -> es.Feed[Any]:
        return self.store.feed(categories=categories, types=types)


def with_feed(store: es.EventStore) -> es.FeedStore:
    return WithFeed(store)
