"""Following on Cassandra: outages, half-done commits, own appends, what a server is asked."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any
from uuid import UUID, uuid4

import pytest

from event_store_async import (
    EventStore,
    Polling,
    RecordedEvent,
    SchemaMissing,
    Settings,
    StoreUnavailable,
    StreamHole,
    WrongEventLoop,
)
from event_store_async.hooks import ReadEnded, Record

from ..fixtures import faulty as faults
from ..fixtures.faulty import EmptyPage, FaultySession, Gate, HalfCommitted
from ..fixtures.server import Server
from ..fixtures.stores import QUICK, drop_keyspace, run_cql
from ..fixtures.time import PassingTime, UntilItsDeadline

SOON = Polling(shortest=0.001, longest=0.02)
PATIENT = Polling(shortest=0.001, longest=1000.0)


async def taken(events: AsyncGenerator[RecordedEvent, None], count: int) -> list[int]:
    """Return the versions of the next events."""
    async with asyncio.timeout(100):
        return [(await anext(events)).version for _ in range(count)]


async def test_an_outage_is_waited_out(
    faulty_store: EventStore, faulty: FaultySession, stream_id: UUID, passing_time: PassingTime
) -> None:
    await faulty_store.persist_events(stream_id, [1, 2])
    faulty.reads.extend([UntilItsDeadline(faults.refuse_connection, passing_time)] * 6)

    async with aclosing(faulty_store.follow(stream_id, polling=SOON)) as events:
        assert await taken(events, 2) == [1, 2]
        await faulty_store.persist_events(stream_id, [3])
        faulty.reads.extend([UntilItsDeadline(faults.lose_request, passing_time)] * 4)
        assert await taken(events, 1) == [3]
    assert not faulty.reads


async def test_an_outage_that_lasts_too_long_is_raised_and_the_next_step_goes_on(
    faulty_store: EventStore, faulty: FaultySession, stream_id: UUID, passing_time: PassingTime
) -> None:
    await faulty_store.persist_events(stream_id, range(1, 21))
    polling = Polling(shortest=0.001, longest=0.02, max_outage=0)

    async with aclosing(faulty_store.follow(stream_id, page_size=8, polling=polling)) as events:
        faulty.reads.append(faults.let_pass)
        faulty.reads.extend([UntilItsDeadline(faults.lose_request, passing_time)] * 2)
        assert await taken(events, 8) == list(range(1, 9))
        with pytest.raises(StoreUnavailable, match=str(stream_id)):
            await taken(events, 1)
        assert await taken(events, 12) == list(range(9, 21))


async def test_a_late_page_and_an_empty_page_skip_nothing(
    faulty_store: EventStore, faulty: FaultySession, stream_id: UUID
) -> None:
    await faulty_store.persist_events(stream_id, range(1, 21))
    empty, gate = EmptyPage(), Gate()
    faulty.reads.extend([empty, empty, gate])

    async with aclosing(faulty_store.follow(stream_id, page_size=7, polling=SOON)) as events:
        assert await taken(events, 7) == list(range(1, 8))
        coming = asyncio.ensure_future(taken(events, 13))
        await gate.arrived.wait()
        gate.opened.set()
        assert await coming == list(range(8, 21))


async def test_a_slow_caller_has_two_pages_fetched_at_most(
    faulty_store: EventStore, faulty: FaultySession, stream_id: UUID
) -> None:
    await faulty_store.persist_events(stream_id, range(1, 21))
    faulty.read = 0

    async with aclosing(faulty_store.follow(stream_id, page_size=2, polling=SOON)) as events:
        assert await taken(events, 1) == [1]
        await faulty_store.current_version(stream_id)  # time passes: it is answered later
        await faulty_store.current_version(stream_id)
        assert faulty.read == 2 + 2
        assert await taken(events, 19) == list(range(2, 21))


async def test_an_append_in_vain_does_not_make_it_spin(
    faulty_store: EventStore, faulty: FaultySession, stream_id: UUID
) -> None:
    polling = Polling(shortest=100.0, longest=1000.0)
    await faulty_store.persist_events(stream_id, [1])

    async with aclosing(faulty_store.follow(stream_id, polling=polling)) as events:
        assert await taken(events, 1) == [1]
        step = asyncio.ensure_future(taken(events, 1))
        while not faulty_store._engine.wakeups.waiting:
            await asyncio.sleep(0)
        faulty.read = 0
        for _ in range(5):
            await faulty_store.try_persist_events(stream_id, ["a"], 7)
        assert faulty.read == 0
        step.cancel()
        await asyncio.wait((step,))


@pytest.mark.parametrize("missing", [[2], [1, 2], [3], [1, 2, 3]], ids=str)
async def test_an_append_whose_commit_is_half_done_is_completed_or_waited_for(
    faulty_store: EventStore, faulty: FaultySession, stream_id: UUID, missing: list[int]
) -> None:
    await faulty_store.persist_events(stream_id, [1, 2, 3])
    faulty.reads.append(HalfCommitted(*missing))

    async with aclosing(faulty_store.follow(stream_id, polling=SOON)) as events:
        assert await taken(events, 3) == [1, 2, 3]


async def test_a_hole_ends_it(store: EventStore, stream_id: UUID, keyspace: str) -> None:
    await store.persist_events(stream_id, [1, 2, 3])
    await run_cql(
        store, f"DELETE FROM {keyspace}.events WHERE stream_id = {stream_id} AND version = 2"
    )

    async with aclosing(store.follow(stream_id, polling=SOON)) as events:
        assert await taken(events, 1) == [1]
        with pytest.raises(StreamHole, match="2"):
            await anext(events)
        with pytest.raises(StopAsyncIteration):
            await anext(events)


async def test_appends_of_the_same_store_arrive_without_a_poll_in_vain(
    faulty_store: EventStore, faulty: FaultySession, stream_id: UUID
) -> None:
    async with aclosing(faulty_store.follow(stream_id, polling=PATIENT)) as events:
        for version in range(1, 6):
            step = asyncio.ensure_future(taken(events, 1))
            while not faulty_store._engine.wakeups.waiting:
                await asyncio.sleep(0)
            before = faulty.read
            # At an exact version, for a cold stream, and in a batch: each is settled elsewhere.
            expected: dict[str, Any] = {"expected_version": version - 1} if version % 2 else {}
            await faulty_store.persist_events(stream_id, [version], **expected)
            assert await step == [version]
            assert faulty.read <= before + 2, "a look for the head, and the poll"
    assert not faulty_store._engine.wakeups.waiting


async def test_an_append_that_its_caller_left_arrives_too(
    faulty_store: EventStore, faulty: FaultySession, stream_id: UUID
) -> None:
    async with aclosing(faulty_store.follow(stream_id, polling=PATIENT)) as events:
        step = asyncio.ensure_future(taken(events, 1))
        while not faulty_store._engine.wakeups.waiting:
            await asyncio.sleep(0)
        gate = Gate()
        faulty.batches.append(gate)
        append = asyncio.ensure_future(faulty_store.persist_events(stream_id, ["a"], 0))
        await gate.arrived.wait()
        append.cancel()
        gate.opened.set()

        assert await step == [1]


async def test_twenty_thousand_events_while_it_waits_come_whole(store: EventStore) -> None:
    stream_id = uuid4()
    payload = "x" * 10

    async with aclosing(store.follow(stream_id, polling=SOON)) as events:
        step = asyncio.ensure_future(taken(events, 1))
        for _ in range(20):
            await store.persist_events(stream_id, [payload] * 1000, timeout=60)
        assert await step == [1]
        assert await taken(events, 19_999) == list(range(2, 20_001))


async def test_polls_are_reported_as_reads(
    store: EventStore, keyspace: str, stream_id: UUID
) -> None:
    records: list[Record] = []
    settings = Settings(hooks=(records.append,))
    watched = EventStore(store._engine.session.raw, keyspace=keyspace, settings=settings)
    await store.persist_events(stream_id, [1, 2])

    async with aclosing(watched.follow(stream_id, polling=SOON)) as events:
        await taken(events, 2)
        step = asyncio.ensure_future(taken(events, 1))
        while len(ended(records)) < 3:
            await asyncio.sleep(0)
        step.cancel()
        await asyncio.wait((step,))
    await watched.close()

    first, second, *_ = ended(records)
    assert (first.outcome, first.events, first.backward) == ("complete", 2, False)
    assert (second.outcome, second.events, second.pages) == ("complete", 0, 1)
    assert {record.stream_id for record in ended(records)} == {stream_id}


def ended(records: list[Record]) -> list[ReadEnded]:
    return [record for record in records if isinstance(record, ReadEnded)]


async def test_a_table_that_is_dropped_ends_it(server: Server, stream_id: UUID) -> None:
    keyspace = f"test_{uuid4().hex[:12]}"
    async with server.connect(keyspace, settings=QUICK) as store:
        await store.create_schema(server.replication)
        await store.persist_events(stream_id, [1])
        async with aclosing(store.follow(stream_id, polling=SOON)) as events:
            await taken(events, 1)
            await drop_keyspace(store, keyspace)

            async with asyncio.timeout(100):
                with pytest.raises(SchemaMissing):
                    await anext(events)


async def test_a_follower_belongs_to_the_loop_of_its_store(
    store: EventStore, stream_id: UUID
) -> None:
    events = store.follow(stream_id)

    async def step() -> None:
        await anext(events)

    with pytest.raises(WrongEventLoop):
        await asyncio.to_thread(lambda: asyncio.run(step()))
