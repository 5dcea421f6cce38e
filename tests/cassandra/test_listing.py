"""Listing on Cassandra: faults, tables, damaged streams, and what is asked of the server."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any
from uuid import UUID, uuid4

import pytest

from event_store_async import EventStore, InvalidArgument, StoreUnavailable, StreamHead

from ..fixtures import faulty as faults
from ..fixtures.faulty import EmptyPage, FaultySession, Gate
from ..fixtures.server import Server
from ..fixtures.stores import drop_keyspace, run_cql
from ..fixtures.time import PassingTime, UntilItsDeadline


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


async def listed(store: EventStore, *bounds: Any, **options: Any) -> list[StreamHead]:
    return [head async for head in store.streams(*bounds, **options)]


async def begin(store: EventStore, count: int) -> set[UUID]:
    streams = {uuid4() for _ in range(count)}
    await asyncio.gather(*(store.persist_events(stream, ["a", "b"]) for stream in streams))
    return streams


async def test_an_empty_table_has_no_streams(store: EventStore) -> None:
    assert await listed(store) == []
    assert await listed(store, None, 10) == []


async def test_pages_that_are_late_lost_or_empty_skip_and_double_nothing(
    faulty_store: EventStore, faulty: FaultySession
) -> None:
    streams = await begin(faulty_store, 30)
    whole = await listed(faulty_store)
    assert {head.stream_id for head in whole} == streams
    empty, gate = EmptyPage(), Gate()
    gate.opened.set()
    faulty.reads.extend([empty, empty, gate, faults.lose_request, faults.lose_answer])

    assert await listed(faulty_store, page_size=7) == whole
    assert not faulty.reads


async def test_a_list_that_breaks_in_the_middle_goes_on_after_its_last_stream(
    faulty_store: EventStore, faulty: FaultySession, passing_time: PassingTime
) -> None:
    await begin(faulty_store, 30)
    whole = await listed(faulty_store)
    faulty.reads.extend([faults.let_pass, faults.let_pass])
    faulty.reads.extend([UntilItsDeadline(faults.lose_request, passing_time)] * 2)
    found: list[StreamHead] = []

    with pytest.raises(StoreUnavailable, match="reading the streams"):
        async for head in faulty_store.streams(page_size=5):
            found.append(head)

    assert found == whole[:10]
    assert found + await listed(faulty_store, found[-1].cursor) == whole


async def test_nothing_is_fetched_beyond_what_was_asked_for(
    faulty_store: EventStore, faulty: FaultySession
) -> None:
    await begin(faulty_store, 30)
    whole = await listed(faulty_store)
    faulty.read = 0

    first = await listed(faulty_store, None, 10)
    assert faulty.read == 1
    assert first == whole[:10]
    assert await listed(faulty_store, first[-1].cursor, 10) == whole[10:20]
    assert faulty.read == 2
    assert await listed(faulty_store, first[-1].cursor, 0) == []
    assert faulty.read == 2


async def test_a_damaged_stream_is_listed_with_the_version_that_calls_see(
    store: EventStore, keyspace: str
) -> None:
    empty, headless, sound = uuid4(), uuid4(), uuid4()
    for stream_id in (empty, sound):
        await store.persist_events(stream_id, [1, 2])
    await run_cql(store, f"DELETE FROM {keyspace}.events WHERE stream_id = {empty} AND version > 0")
    await run_cql(
        store,
        f"INSERT INTO {keyspace}.events (stream_id, version, payload) VALUES ({headless}, 4, 0x31)",
    )

    found = {head.stream_id: head.version for head in await listed(store)}

    assert found == {empty: 2, headless: 0, sound: 2}
    for stream_id, version in found.items():
        assert await store.current_version(stream_id) == version


async def test_a_cursor_of_another_table_is_refused(
    store: EventStore, server: Server, keyspace: str
) -> None:
    await begin(store, 3)
    (head, *rest) = await listed(store)
    async with server.connect(keyspace) as again:
        assert await listed(again, head.cursor) == rest
    async with server.connect(f"{keyspace}2") as other:
        with pytest.raises(InvalidArgument, match=rf"is not one of {keyspace}2\.events"):
            other.streams(head.cursor)
