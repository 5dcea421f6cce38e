"""Scanning: every stream once, from any place on the ring, whatever state it is in."""

from collections.abc import AsyncGenerator
from uuid import UUID, uuid4

import pytest

from event_store_async import (
    EventStore,
    InvalidArgument,
    StoreClosed,
    StreamHole,
)
from event_store_async.ring import (
    LARGEST,
    RING,
    SMALLEST,
    ScanPosition,
    TokenRange,
)
from event_store_async.stored import StreamSummary

from ..fixtures import faulty as faults
from ..fixtures.faulty import FaultySession
from ..fixtures.server import Server
from ..fixtures.stores import drop_keyspace, run_cql


@pytest.fixture
def keyspace() -> str:
    """Give a keyspace of the test's own."""
    return f"test_{uuid4().hex[:12]}"


@pytest.fixture
async def store(server: Server, keyspace: str) -> AsyncGenerator[EventStore, None]:
    """Give a store without any stream."""
    async with server.connect(keyspace) as opened:
        await opened.create_schema(server.replication)
        yield opened
        await drop_keyspace(opened, keyspace)


async def scanned(
    store: EventStore, tokens: TokenRange = RING, after: ScanPosition | None = None, page: int = 7
) -> list[StreamSummary]:
    scan = store.storage.scan_streams(tokens, after=after, page_size=page)
    return [summary async for summary in scan]


async def test_an_empty_table_has_no_streams(store: EventStore) -> None:
    assert await scanned(store) == []


async def test_a_stream_is_met_with_its_version_and_its_first_event(
    store: EventStore, stream_id: UUID
) -> None:
    done = await store.persist_events(stream_id, ["a", "b", "c"])

    (summary,) = await scanned(store)

    assert (summary.stream_id, summary.version, summary.first_version) == (stream_id, 3, 1)
    assert summary.first_timestamp == round(done.events[0].timestamp.timestamp() * 1000)
    assert SMALLEST < summary.token <= LARGEST


async def test_every_stream_is_met_once_and_from_any_place_on(store: EventStore) -> None:
    made = {uuid4() for _ in range(150)}
    for stream_id in made:
        await store.persist_events(stream_id, [1])

    whole = await scanned(store)

    assert {summary.stream_id for summary in whole} == made
    assert whole == sorted(whole, key=lambda summary: summary.position.order)
    for count in (1, 2, 16, 61):
        parts = [await scanned(store, part) for part in RING.split(count)]
        assert [summary for part in parts for summary in part] == whole
    for index, summary in enumerate(whole):
        assert await scanned(store, after=summary.position, page=100) == whole[index + 1 :]
    # A range's edges: its beginning is not in it, its end is.
    first, second, third = whole[10:13]
    between = TokenRange(first.token, third.token)
    assert await scanned(store, between) == [second, third]
    assert await scanned(store, between, after=third.position) == []
    # Of two streams that share a token, the one that comes behind is not passed over.
    before = ScanPosition(second.token, UUID(int=0))
    assert (await scanned(store, after=before))[0] == second
    behind = ScanPosition(second.token, UUID(int=2**128 - 1))
    assert (await scanned(store, after=behind))[0] == third


async def test_streams_in_a_state_that_no_append_leaves(store: EventStore, keyspace: str) -> None:
    empty, headless, beginless = uuid4(), uuid4(), uuid4()
    for stream_id in (empty, beginless):
        await store.persist_events(stream_id, [1, 2])
    await run_cql(store, f"DELETE FROM {keyspace}.events WHERE stream_id = {empty} AND version > 0")
    await run_cql(
        store,
        f"INSERT INTO {keyspace}.events (stream_id, version, payload) VALUES ({headless}, 4, 0x31)",
    )
    await run_cql(
        store, f"DELETE FROM {keyspace}.events WHERE stream_id = {beginless} AND version = 1"
    )

    found = {summary.stream_id: summary for summary in await scanned(store)}

    def seen(stream_id: UUID) -> tuple[int | None, int | None]:
        return found[stream_id].version, found[stream_id].first_version

    assert (seen(empty), seen(headless), seen(beginless)) == ((2, None), (None, 4), (2, 2))
    for stream_id, tail in ((empty, (2, None)), (headless, (None, 4)), (beginless, (2, 2))):
        end = await store.storage.tail(stream_id, serial=True)
        assert end is not None
        assert (end.head, end.version) == tail
    assert await store.storage.tail(uuid4()) is None
    assert await store.storage.next_version(beginless, 1) == 2
    assert await store.storage.next_version(beginless, 3) is None
    with pytest.raises(StreamHole):
        _ = [event async for event in store.storage.read_stored(beginless)]


async def test_a_page_that_nobody_answers_is_asked_for_again(
    faulty_store: EventStore, faulty: FaultySession
) -> None:
    for _ in range(5):
        await faulty_store.persist_events(uuid4(), [1])
    assert len(await scanned(faulty_store)) == 5
    faulty.reads.extend([faults.lose_request, faults.lose_request])

    assert len(await scanned(faulty_store, page=2)) == 5


async def test_what_cannot_be_scanned_is_refused_at_the_call(
    store: EventStore, server: Server, keyspace: str
) -> None:
    with pytest.raises(InvalidArgument, match="page_size"):
        store.storage.scan_streams(page_size=0)
    with pytest.raises(InvalidArgument, match="is not in"):
        store.storage.scan_streams(TokenRange(0, 5), after=ScanPosition(6, uuid4()))
    with pytest.raises(InvalidArgument, match="from_version"):
        store.storage.read_stored(uuid4(), 0)
    async with server.connect(keyspace) as closed:
        pass
    with pytest.raises(StoreClosed):
        closed.storage.scan_streams()
