"""Queues, cancellation and closing: order is kept and nothing is lost or left over."""

import asyncio
from datetime import datetime
from uuid import UUID, uuid4

import anyio
import pytest

from event_store_async import (
    AppendOutcomeUnknown,
    EventStore,
    Settings,
    StoreClosed,
    StoreOverloaded,
)
from event_store_async.moments import utc_now

from ..fixtures import faulty as faults
from ..fixtures.faulty import FaultySession
from ..fixtures.server import Server
from ..fixtures.stores import QUICK, payloads, read_all


async def test_appends_of_many_tasks_to_one_stream_are_all_stored(
    store: EventStore, stream_id: UUID
) -> None:
    results = await asyncio.gather(
        *(store.persist_events(stream_id, [number]) for number in range(64))
    )

    assert [result.version for result in results] == list(range(1, 65))
    assert payloads(await read_all(store, stream_id)) == list(range(64)), "in the order of calls"
    assert len(store._engine.queues) == 0


async def test_streams_do_not_wait_for_each_other(
    faulty_store: EventStore, faulty: FaultySession, stream_id: UUID, gate: faults.Gate
) -> None:
    faulty.batches.append(gate)
    waiting = asyncio.ensure_future(faulty_store.persist_events(stream_id, ["slow"], 0))
    await gate.arrived.wait()

    result = await faulty_store.persist_events(uuid4(), ["quick"])

    assert result.version == 1
    assert not waiting.done()
    gate.opened.set()
    assert (await waiting).version == 1


async def test_cancelled_before_its_turn_nothing_is_sent(
    faulty_store: EventStore, faulty: FaultySession, stream_id: UUID, gate: faults.Gate
) -> None:
    faulty.batches.append(gate)
    first = asyncio.ensure_future(faulty_store.persist_events(stream_id, ["first"]))
    await gate.arrived.wait()
    second = asyncio.ensure_future(faulty_store.persist_events(stream_id, ["second"]))
    third = asyncio.ensure_future(faulty_store.persist_events(stream_id, ["third"]))
    await asyncio.sleep(0)

    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    gate.opened.set()

    assert ((await first).version, (await third).version) == (1, 2)
    assert payloads(await read_all(faulty_store, stream_id)) == ["first", "third"]
    assert faulty.sent == 2


async def test_cancelled_in_flight_the_append_is_settled_without_its_caller(
    faulty_store: EventStore, faulty: FaultySession, stream_id: UUID, gate: faults.Gate
) -> None:
    async def held_and_lost(send: faults.Send) -> object:
        await gate(send)
        return await faults.lose_request(send)

    faulty.batches.append(held_and_lost)
    first = asyncio.ensure_future(faulty_store.persist_events(stream_id, ["first"]))
    await gate.arrived.wait()

    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first  # at once, though the gate is still closed
    second = asyncio.ensure_future(faulty_store.persist_events(stream_id, ["second"]))
    gate.opened.set()

    assert (await second).version == 2
    assert payloads(await read_all(faulty_store, stream_id)) == ["first", "second"]
    assert len(faulty_store._engine.queues) == 0


async def test_cancelled_before_the_first_step_nothing_is_sent(
    faulty_store: EventStore, faulty: FaultySession, stream_id: UUID
) -> None:
    appending = asyncio.ensure_future(faulty_store.persist_events(stream_id, ["a"]))
    appending.cancel()

    with pytest.raises(asyncio.CancelledError):
        await appending
    await asyncio.sleep(0)

    assert faulty.sent == 0


async def test_a_full_queue_refuses_clearly(
    faulty: FaultySession, keyspace: str, store: EventStore, stream_id: UUID, gate: faults.Gate
) -> None:
    small = EventStore(faulty, keyspace=keyspace, settings=Settings(max_waiting=2))
    faulty.batches.append(gate)
    first = asyncio.ensure_future(small.persist_events(stream_id, [1], 0))
    await gate.arrived.wait()
    others = [asyncio.ensure_future(small.persist_events(stream_id, [n])) for n in (2, 3)]
    await asyncio.sleep(0)

    with pytest.raises(StoreOverloaded, match="wait"):
        await small.persist_events(stream_id, ["too many"])

    gate.opened.set()
    await asyncio.gather(first, *others)
    assert payloads(await read_all(store, stream_id)) == [1, 2, 3]
    await small.close()


async def test_one_that_waits_out_its_deadline_is_not_sent(
    faulty_store: EventStore, faulty: FaultySession, stream_id: UUID, gate: faults.Gate
) -> None:
    faulty.batches.append(gate)
    first = asyncio.ensure_future(faulty_store.persist_events(stream_id, ["first"]))
    await gate.arrived.wait()

    with pytest.raises(StoreOverloaded, match="deadline"):
        await faulty_store.persist_events(stream_id, ["second"], timeout=0.05)

    gate.opened.set()
    await first
    assert faulty.sent == 1


async def test_each_waits_for_its_own_deadline_though_a_queue_has_one_timer(
    faulty_store: EventStore, faulty: FaultySession, stream_id: UUID, gate: faults.Gate
) -> None:
    faulty.batches.append(gate)
    first = asyncio.ensure_future(faulty_store.persist_events(stream_id, ["first"], timeout=30))
    await gate.arrived.wait()

    patient = asyncio.ensure_future(faulty_store.persist_events(stream_id, ["patient"], timeout=30))
    for _ in range(2):  # the timer is set earlier for the one, and again for the other
        hasty = [
            asyncio.ensure_future(faulty_store.persist_events(stream_id, [n], timeout=n / 50))
            for n in (3, 1, 2)
        ]
        outcomes = await asyncio.gather(*hasty, return_exceptions=True)
        assert [type(it) for it in outcomes] == [StoreOverloaded] * 3
    assert not patient.done()

    gate.opened.set()
    await first
    assert (await patient).version == 2
    assert faulty.sent == 2


async def test_close_waits_for_what_is_in_flight_and_refuses_what_is_new(
    faulty: FaultySession, keyspace: str, store: EventStore, stream_id: UUID, gate: faults.Gate
) -> None:
    closing_store = EventStore(faulty, keyspace=keyspace, settings=QUICK)
    faulty.batches.append(gate)
    first = asyncio.ensure_future(closing_store.persist_events(stream_id, ["first"]))
    second = asyncio.ensure_future(closing_store.persist_events(stream_id, ["second"]))
    await gate.arrived.wait()

    closing = asyncio.ensure_future(closing_store.close())
    await asyncio.sleep(0)
    with pytest.raises(StoreClosed):
        await closing_store.persist_events(stream_id, ["late"])
    assert not closing.done()
    gate.opened.set()
    await closing

    assert ((await first).version, (await second).version) == (1, 2)
    with pytest.raises(StoreClosed):
        await closing_store.current_version(stream_id)
    with pytest.raises(StoreClosed):
        await read_all(closing_store, stream_id)
    await closing_store.close()
    assert await store.current_version(stream_id) == 2, "the session is its owner's, and open"


async def test_close_does_not_wait_for_ever(
    faulty: FaultySession, keyspace: str, store: EventStore, stream_id: UUID, gate: faults.Gate
) -> None:
    hasty = EventStore(faulty, keyspace=keyspace, settings=Settings(close_timeout=0.1))
    faulty.batches.append(gate)
    begun = asyncio.ensure_future(hasty.persist_events(stream_id, ["begun"], 0))
    queued = asyncio.ensure_future(hasty.persist_events(stream_id, ["queued"]))
    await gate.arrived.wait()

    closing = asyncio.ensure_future(hasty.close())
    with pytest.raises(AppendOutcomeUnknown) as caught:
        await begun
    with pytest.raises(StoreClosed):
        await queued
    gate.opened.set()
    await closing

    settled = await store.persist_events(stream_id, caught.value.events)
    assert (settled.version, settled.stored_earlier) == (1, True)
    assert payloads(await read_all(store, stream_id)) == ["begun"]


async def test_a_cancelled_close_goes_on(
    faulty: FaultySession, keyspace: str, stream_id: UUID, gate: faults.Gate
) -> None:
    closing_store = EventStore(faulty, keyspace=keyspace, settings=QUICK)
    faulty.batches.append(gate)
    appending = asyncio.ensure_future(closing_store.persist_events(stream_id, ["a"]))
    await gate.arrived.wait()
    with anyio.move_on_after(0.01):
        await closing_store.close()
    gate.opened.set()

    await closing_store.close()

    assert (await appending).version == 1
    with pytest.raises(StoreClosed):
        await closing_store.persist_events(stream_id, ["b"])


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_a_storm_of_callers_is_answered_and_leaves_nothing_behind(
    server: Server, store: EventStore, keyspace: str
) -> None:
    streams = [uuid4() for _ in range(100)]
    before = asyncio.all_tasks()
    async with server.connect(keyspace, settings=Settings(timeout=250)) as busy:
        results = await asyncio.gather(
            *(busy.persist_events(streams[number % 100], [number]) for number in range(2000))
        )
        reads = await asyncio.gather(
            *(busy.current_version(streams[number % 100]) for number in range(10_000))
        )
        assert busy._engine.session.in_flight == 0
        assert len(busy._engine.queues) == 0
    assert sorted(result.version for result in results) == sorted(list(range(1, 21)) * 100)
    assert set(reads) == {20}
    assert asyncio.all_tasks() - before == set()


async def test_a_clock_that_fails_harms_only_the_appends_that_ask_it(
    faulty: FaultySession, keyspace: str, store: EventStore, stream_id: UUID, gate: faults.Gate
) -> None:
    del store  # the schema
    broken = False

    def clock() -> datetime:
        if broken:
            raise OSError("no time to be had")
        return utc_now()

    fragile = EventStore(faulty, keyspace=keyspace, settings=Settings(clock=clock))
    await fragile.persist_events(stream_id, ["first"])

    faulty.batches.append(gate)
    second = asyncio.ensure_future(fragile.persist_events(stream_id, ["second"]))
    await gate.arrived.wait()
    third = asyncio.ensure_future(fragile.persist_events(stream_id, ["third"]))
    await asyncio.sleep(0)
    broken = True
    gate.opened.set()
    assert (await second).version == 2
    with pytest.raises(OSError, match="no time"):
        await third
    with pytest.raises(OSError, match="no time"):
        await fragile.persist_events(stream_id, ["fourth"])
    broken = False

    assert (await fragile.persist_events(stream_id, ["fifth"])).version == 3
    assert len(fragile._engine.queues) == 0
    await asyncio.wait_for(fragile.close(), 60)


async def test_a_session_closed_by_its_owner_leaves_a_doubtful_append_in_doubt(
    faulty: FaultySession, keyspace: str, store: EventStore, stream_id: UUID
) -> None:
    async def closed(send: faults.Send) -> object:
        del send
        raise RuntimeError("Session closed")

    doubting = EventStore(faulty, keyspace=keyspace)
    await doubting.current_version(stream_id)
    faulty.batches.extend([faults.lose_answer, closed])

    with pytest.raises(AppendOutcomeUnknown) as caught:
        await doubting.persist_events(stream_id, ["event"], 0)

    again = await store.persist_events(stream_id, caught.value.events, 0)
    assert (again.version, again.stored_earlier) == (1, True)
    faulty.batches.append(closed)
    with pytest.raises(StoreClosed):
        await doubting.persist_events(stream_id, ["never sent"], 1)
    assert await store.current_version(stream_id) == 1
    await doubting.close()
