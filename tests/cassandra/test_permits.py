"""More appends at once than requests may be at the server: each waits for a permit."""

import asyncio
from contextvars import ContextVar
from typing import Any
from uuid import UUID, uuid4

import anyio
import pytest
from anyio.lowlevel import checkpoint

from event_store_async import (
    AppendOutcomeUnknown,
    EventStore,
    Persisted,
    RequestRefused,
    StoreClosed,
    StoreOverloaded,
)
from event_store_async.cassandra.driver.request import BUSY

from ..fixtures import faulty as faults
from ..fixtures.faulty import FaultySession, Send
from ..fixtures.stores import Opening, payloads, read_all


async def kept_at_the_server(
    store: EventStore, faulty: FaultySession, gate: faults.Gate
) -> asyncio.Future[Persisted]:
    """Begin an append to a stream of its own, which ends when the gate is opened."""
    faulty.batches.append(gate)
    append = asyncio.ensure_future(store.persist_events(uuid4(), ["first"], 0))
    await gate.arrived.wait()
    return append


class Counting:
    """Counts the requests at the server, and the most that were there at once."""

    def __init__(self) -> None:
        self.now = self.most = 0

    async def __call__(self, send: Send) -> Any:
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            return await send()
        finally:
            self.now -= 1


async def test_all_are_stored_and_never_too_many_at_once(
    opening: Opening, faulty: FaultySession
) -> None:
    store = await opening(max_in_flight=3)
    faulty.always = counting = Counting()
    streams = [uuid4() for _ in range(60)]

    results = await asyncio.gather(*(store.persist_events(it, [str(it)], 0) for it in streams))

    assert [result.version for result in results] == [1] * 60
    assert counting.most == 3
    for stream in streams:
        assert payloads(await read_all(store, stream)) == [str(stream)]
    assert (len(store._engine.queues), store._engine.session.in_flight) == (0, 0)
    assert store._engine.session._permits.value == 3


async def test_appends_are_served_in_order_without_tasks(
    opening: Opening, faulty: FaultySession, gate: faults.Gate
) -> None:
    store = await opening(max_in_flight=1)
    order: list[int] = []

    async def append(number: int) -> None:
        await store.persist_events(uuid4(), [number], 0)
        order.append(number)

    faulty.batches.append(gate)
    async with asyncio.TaskGroup() as group:
        for number in range(20):
            group.create_task(append(number))
        await gate.arrived.wait()
        await checkpoint()
        tasks = len(asyncio.all_tasks())
        queues = list(store._engine.queues._queues.values())
        gate.opened.set()

    assert order == list(range(20))
    assert len(queues) == 20
    assert all(queue.task is None for queue in queues)
    assert tasks <= 22, "the callers, this test, and the one that opens the gate"


async def test_an_append_without_a_permit_in_time_is_never_sent(
    opening: Opening, faulty: FaultySession, gate: faults.Gate, stream_id: UUID
) -> None:
    store = await opening(max_in_flight=1)
    first = await kept_at_the_server(store, faulty, gate)

    with pytest.raises(StoreOverloaded, match="too many requests are in flight"):
        await store.persist_events(stream_id, ["late"], 0, timeout=0.1)
    gate.opened.set()
    await first

    assert faulty.sent == 1
    assert await store.current_version(stream_id) == 0
    assert (await store.persist_events(stream_id, ["later"], 0)).version == 1
    assert store._engine.session._permits.value == 1


async def test_a_caller_is_cancelled_while_its_append_waits_for_a_permit(
    opening: Opening, faulty: FaultySession, gate: faults.Gate, stream_id: UUID
) -> None:
    """It runs to its end: its turn in the queue had come."""
    store = await opening(max_in_flight=1)
    first = await kept_at_the_server(store, faulty, gate)
    second = asyncio.ensure_future(store.persist_events(stream_id, ["second"], 0))
    await checkpoint()

    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    gate.opened.set()
    await first
    with anyio.fail_after(60):
        while len(store._engine.queues):
            await checkpoint()

    assert payloads(await read_all(store, stream_id)) == ["second"]


async def test_a_store_that_is_closed_sends_nothing_more(
    opening: Opening, faulty: FaultySession, gate: faults.Gate, stream_id: UUID, store: EventStore
) -> None:
    closing = await opening(max_in_flight=1, close_timeout=0.05)
    first = await kept_at_the_server(closing, faulty, gate)
    second = asyncio.ensure_future(closing.persist_events(stream_id, ["second"], 0))
    await checkpoint()

    end = asyncio.ensure_future(closing.close())
    for append in (first, second):
        with pytest.raises((AppendOutcomeUnknown, StoreClosed)):
            await append
    gate.opened.set()
    await end

    assert faulty.sent == 1
    assert await store.current_version(stream_id) == 0
    assert closing._engine.session._permits.value == 1


async def test_thousands_that_fail_at_once_fail_one_after_the_other(
    opening: Opening, faulty: FaultySession, gate: faults.Gate
) -> None:
    """Each gives its permit to the next one, but not by calling it: the stack would overflow."""
    store = await opening(max_in_flight=1)
    faulty.batches.append(gate)
    faulty.always = faults.refuse
    appends = [
        asyncio.ensure_future(store.persist_events(uuid4(), ["event"], 0)) for _ in range(3000)
    ]
    await gate.arrived.wait()
    gate.opened.set()

    results = await asyncio.gather(*appends, return_exceptions=True)

    assert not isinstance(results[0], BaseException)
    assert all(isinstance(result, RequestRefused) for result in results[1:])
    assert store._engine.session._permits.value == 1


async def test_each_is_sent_in_its_callers_context_even_if_it_waited(
    opening: Opening, faulty: FaultySession, gate: faults.Gate
) -> None:
    """So an instrumented driver knows the caller of a request: sent at once, held, or queued."""
    store = await opening(max_in_flight=2 * BUSY)
    caller: ContextVar[int] = ContextVar("caller")
    seen: list[int] = []

    async def looking(send: Send) -> Any:
        seen.append(caller.get())
        return await gate(send)

    async def append(number: int) -> None:
        caller.set(number)
        await store.persist_events(uuid4(), [number], 0)

    faulty.always = looking
    async with asyncio.TaskGroup() as group:
        for number in range(4 * BUSY):
            group.create_task(append(number))
        await gate.arrived.wait()
        with anyio.fail_after(60):
            while len(seen) < 2 * BUSY:
                await checkpoint()
        gate.opened.set()

    assert sorted(seen) == list(range(4 * BUSY))
