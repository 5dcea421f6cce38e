"""Processes that append to one stream take turns; whoever must not wait does not."""

import asyncio
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from event_store_async import EventStore, Persisted, StoreUnavailable
from event_store_async.cassandra.append.stream_turns import Listening, StreamTurns

from ..fixtures.faulty import FaultySession, refuse_connection
from ..fixtures.stores import Opening, payloads, read_all

LONG = 100.0
"""Seconds that a wait for a turn would take. A test that waited so long would be ended."""
WITHIN = 30.0


@pytest_asyncio.fixture
async def waiting_store(
    opening: Opening, monkeypatch: pytest.MonkeyPatch, stream_id: UUID
) -> EventStore:
    """Give a store that has just had its turn on the stream, and would wait long for the next."""
    sharing = await opening(timeout=10 * LONG)
    await sharing.persist_events(stream_id, ["first"])
    turns = sharing._engine.queues.turns
    turns.lost(stream_id)
    monkeypatch.setattr(StreamTurns, "is_over", lambda _, stream: stream == stream_id)
    monkeypatch.setattr(Listening, "pause", lambda _: LONG)
    return sharing


async def waits(store: EventStore, stream_id: UUID, payload: str) -> asyncio.Task[Persisted]:
    """Begin an append that waits for the turn of its process."""
    append = asyncio.create_task(store.persist_events(stream_id, [payload]))
    await asyncio.sleep(0)
    assert store.statistics().appends_waiting
    return append


async def test_several_stores_share_a_stream_in_turns(opening: Opening, stream_id: UUID) -> None:
    stores = [await opening() for _ in range(3)]

    async def append(number: int, store: EventStore) -> None:
        for count in range(100):
            await store.persist_events(stream_id, [f"{number}.{count}"])

    await asyncio.gather(*(append(*it) for it in enumerate(stores)))

    stored = payloads(await read_all(stores[0], stream_id))
    for number in range(3):
        assert [it for it in stored if it.startswith(f"{number}.")] == [
            f"{number}.{count}" for count in range(100)
        ]
    statistics = [store.statistics() for store in stores]
    assert sum(it.conflicts for it in statistics) > 0
    assert sum(it.conflicts for it in statistics) < 0.2 * 300
    assert any(it.streams_shared for it in statistics)


async def test_a_process_alone_has_no_conflicts_and_shares_nothing(
    store: EventStore, stream_id: UUID
) -> None:
    await asyncio.gather(*(store.persist_events(stream_id, [it]) for it in range(64)))

    assert (store.statistics().conflicts, store.statistics().streams_shared) == (0, 0)


async def test_an_append_at_an_exact_version_ends_the_wait_before_it(
    waiting_store: EventStore, stream_id: UUID
) -> None:
    async with asyncio.timeout(WITHIN):
        earlier = await waits(waiting_store, stream_id, "any")
        exact = await waiting_store.persist_events(stream_id, ["exact"], 2)
        await earlier

    assert exact.version == 3
    assert payloads(await read_all(waiting_store, stream_id)) == ["first", "any", "exact"]


async def test_an_append_at_an_exact_version_does_not_wait_for_a_turn(
    waiting_store: EventStore, stream_id: UUID
) -> None:
    async with asyncio.timeout(WITHIN):
        assert (await waiting_store.persist_events(stream_id, ["exact"], 1)).version == 2


async def test_an_exact_append_behind_one_that_conflicts_does_not_wait_for_a_turn(
    waiting_store: EventStore, opening: Opening, stream_id: UUID
) -> None:
    other = await opening()
    await other.persist_events(stream_id, ["other"])
    async with asyncio.timeout(WITHIN):
        earlier = await waits(waiting_store, stream_id, "any")
        exact = await waiting_store.persist_events(stream_id, ["exact"], 3)
        await earlier

    assert exact.version == 4


async def test_other_streams_do_not_wait(waiting_store: EventStore, stream_id: UUID) -> None:
    async with asyncio.timeout(WITHIN):
        append = await waits(waiting_store, stream_id, "any")
        assert (await waiting_store.persist_events(uuid4(), ["other"])).version == 1
        assert not append.done()
        await waiting_store.close()
        await append


async def test_closing_ends_the_wait_and_the_append_is_stored(
    waiting_store: EventStore, store: EventStore, stream_id: UUID
) -> None:
    async with asyncio.timeout(WITHIN):
        append = await waits(waiting_store, stream_id, "any")
        await waiting_store.close()
        await append

    assert payloads(await read_all(store, stream_id)) == ["first", "any"]


async def test_cancelled_while_it_waits_for_a_turn_nothing_is_sent(
    waiting_store: EventStore, store: EventStore, stream_id: UUID
) -> None:
    async with asyncio.timeout(WITHIN):
        append = await waits(waiting_store, stream_id, "cancelled")
        append.cancel()
        with pytest.raises(asyncio.CancelledError):
            await append
        await waiting_store.close()

    assert payloads(await read_all(store, stream_id)) == ["first"]


async def test_appends_that_come_while_one_waits_share_its_batch(
    waiting_store: EventStore, store: EventStore, stream_id: UUID
) -> None:
    async with asyncio.timeout(WITHIN):
        appends = [await waits(waiting_store, stream_id, f"{it}") for it in range(10)]
        await waiting_store.close()
        await asyncio.gather(*appends)

    stored = await read_all(store, stream_id)
    assert payloads(stored) == ["first", *(f"{it}" for it in range(10))]
    assert len({event.timestamp for event in stored[1:]}) == 1, "a batch has one timestamp"


async def test_a_version_that_cannot_be_read_ends_the_wait(
    faulty_store: EventStore,
    faulty: FaultySession,
    stream_id: UUID,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await faulty_store.persist_events(stream_id, ["first"])
    faulty_store._engine.queues.turns.lost(stream_id)
    monkeypatch.setattr(StreamTurns, "is_over", lambda *_: True)
    monkeypatch.setattr("event_store_async.cassandra.append.listener._READING", 0.06)
    faulty.reads.extend([refuse_connection] * 20)

    async with asyncio.timeout(WITHIN):
        try:
            assert (await faulty_store.persist_events(stream_id, ["second"])).version == 2
        except StoreUnavailable:
            pytest.fail("a read that only listens must not fail the append")
