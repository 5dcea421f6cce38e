"""Batches: appends that wait for a stream share one, and each has an outcome of its own."""

import asyncio
import math
from collections.abc import AsyncGenerator, Coroutine
from typing import Any
from uuid import UUID, uuid4

import pytest

from event_store_async import (
    ANY,
    STREAM_EXISTS,
    AppendOutcomeUnknown,
    ConcurrentModification,
    EventStore,
    EventStoreError,
    NewEvent,
    Persisted,
    RequestRefused,
    Settings,
    StoreUnavailable,
)

from ..fixtures import faulty as faults
from ..fixtures.faulty import FaultySession
from ..fixtures.stores import payloads, read_all
from ..fixtures.time import AGES, PassingTime, UntilItsDeadline

pytestmark = pytest.mark.with_feed

Outcome = Persisted | BaseException


class Queue:
    """Appends that wait for a stream while an earlier one is held in flight at version 0."""

    def __init__(self, store: EventStore, faulty: FaultySession, stream_id: UUID) -> None:
        self.store = store
        self.faulty = faulty
        self.stream_id = stream_id
        self._gate = faults.Gate()
        self._tasks: list[asyncio.Task[Persisted]] = []

    async def hold(self) -> None:
        self.faulty.batches.append(self._gate)
        self.add(self.store.persist_events(self.stream_id, ["first"], 0))
        await self._gate.arrived.wait()
        self.faulty.sent = 0

    def add(self, appending: Coroutine[Any, Any, Persisted]) -> asyncio.Task[Persisted]:
        self._tasks.append(asyncio.ensure_future(appending))
        return self._tasks[-1]

    def append(self, *events: Any, expected: Any = ANY, **options: Any) -> asyncio.Task[Persisted]:
        return self.add(self.store.persist_events(self.stream_id, events, expected, **options))

    async def outcomes(self) -> list[Outcome]:
        """Let the held one through; return the others' outcomes, in order."""
        await asyncio.sleep(0)  # each task's first step puts it into the queue
        self._gate.opened.set()
        return (await asyncio.gather(*self._tasks, return_exceptions=True))[1:]

    def let_go(self) -> None:
        self._gate.opened.set()


@pytest.fixture
async def queue(
    faulty_store: EventStore, faulty: FaultySession, stream_id: UUID
) -> AsyncGenerator[Queue, None]:
    queue = Queue(faulty_store, faulty, stream_id)
    await queue.hold()
    yield queue
    queue.let_go()


def bounded(queue: Queue, keyspace: str, **bounds: Any) -> Queue:
    store = EventStore(
        queue.faulty, keyspace=keyspace, settings=Settings(timeout=60, request_timeout=30, **bounds)
    )
    return Queue(store, queue.faulty, uuid4())


def versions(outcomes: list[Outcome]) -> list[int | str]:
    return [
        outcome.version if isinstance(outcome, Persisted) else type(outcome).__name__
        for outcome in outcomes
    ]


async def test_all_who_wait_share_one_batch_and_each_has_its_own_result(
    queue: Queue, store: EventStore, stream_id: UUID
) -> None:
    for number in range(10):
        queue.append(*[{"caller": number, "index": index} for index in range(number % 3 + 1)])

    results = await queue.outcomes()

    assert queue.faulty.sent == 1
    stored = await read_all(store, stream_id)
    version = 1
    for number, result in enumerate(results):
        assert isinstance(result, Persisted)
        count = number % 3 + 1
        assert [event.version for event in result.events] == list(
            range(version + 1, version + count + 1)
        )
        assert result.events == tuple(stored[version : version + count])
        assert (result.version, result.stored_earlier) == (version + count, False)
        version += count
    assert len(stored) == version


async def test_an_expected_version_stands_alone_in_its_place(
    queue: Queue, store: EventStore, stream_id: UUID
) -> None:
    queue.append("a")
    queue.append("b")
    queue.append("exact", expected=3)
    queue.append("c")
    queue.append("wrong", expected=3)
    queue.append("existing", expected=STREAM_EXISTS)
    queue.append(expected=6)
    queue.append("d")

    results = await queue.outcomes()

    assert versions(results) == [2, 3, 4, 5, "ConcurrentModification", 6, 6, 7]
    assert results[4] == ConcurrentModification(stream_id, 3, 5)
    assert queue.faulty.sent == 6, "a and b; exact; c; wrong; existing; d"
    assert payloads(await read_all(store, stream_id)) == [
        *["first", "a", "b", "exact", "c", "existing", "d"]
    ]


@pytest.mark.parametrize(("most", "batches"), [(1, 7), (3, 3), (7, 1), (500, 1)])
async def test_a_batch_is_bounded_by_events(
    queue: Queue, keyspace: str, most: int, batches: int
) -> None:
    queue = bounded(queue, keyspace, max_batch_events=most)
    await queue.hold()
    for number in range(7):
        queue.append(number)

    assert versions(await queue.outcomes()) == [2, 3, 4, 5, 6, 7, 8]
    assert queue.faulty.sent == batches == math.ceil(7 / most)


async def test_a_batch_is_bounded_by_bytes(queue: Queue, keyspace: str) -> None:
    queue = bounded(queue, keyspace, max_batch_bytes=1000)
    await queue.hold()
    for size in (400, 400, 400, 5000, 10, 10):
        queue.append("x" * size)

    assert versions(await queue.outcomes()) == [2, 3, 4, 5, 6, 7]
    assert queue.faulty.sent == 4, "two; the third; the one that is larger by itself; two"


async def test_an_append_larger_than_a_batch_is_stored_by_itself(
    queue: Queue, keyspace: str
) -> None:
    queue = bounded(queue, keyspace, max_batch_events=2)
    await queue.hold()
    queue.append(*range(5))
    queue.append("a")
    queue.append("b")

    assert versions(await queue.outcomes()) == [6, 7, 8]
    assert queue.faulty.sent == 2


async def test_who_is_cancelled_while_waiting_is_left_out(
    queue: Queue, store: EventStore, stream_id: UUID
) -> None:
    queue.append("a")
    cancelled = queue.append("never")
    queue.append("b")
    await asyncio.sleep(0)
    cancelled.cancel()

    assert versions(await queue.outcomes()) == [2, "CancelledError", 3]
    assert payloads(await read_all(store, stream_id)) == ["first", "a", "b"]


async def test_who_is_cancelled_in_flight_is_carried_through_with_the_others(
    queue: Queue, store: EventStore, stream_id: UUID
) -> None:
    batch = faults.Gate()
    queue.faulty.batches.append(batch)
    queue.append("a")
    cancelled = queue.append("without its caller")
    queue.append("b")
    await asyncio.sleep(0)
    queue.let_go()
    await batch.arrived.wait()

    cancelled.cancel()
    with pytest.raises(asyncio.CancelledError):
        await cancelled
    batch.opened.set()

    assert versions(await queue.outcomes()) == [2, "CancelledError", 4]
    assert payloads(await read_all(store, stream_id)) == ["first", "a", "without its caller", "b"]


async def test_what_is_stored_already_is_told_and_the_others_are_stored(
    queue: Queue, store: EventStore, stream_id: UUID
) -> None:
    earlier, half = NewEvent("earlier"), NewEvent("half")
    queue.let_go()
    await queue.outcomes()
    await store.persist_events(stream_id, [earlier, half])
    queue = Queue(queue.store, queue.faulty, stream_id)
    gate = faults.Gate()
    queue.faulty.batches.append(gate)
    held = queue.append("held", expected=3)
    await gate.arrived.wait()
    queue.append("a")
    queue.append(earlier, half)
    queue.append(half, NewEvent("new"))
    queue.append(NewEvent("b"))
    await asyncio.sleep(0)
    gate.opened.set()

    results = await queue.outcomes()

    assert (await held).version == 4
    assert versions(results) == [5, 3, "ConcurrentModification", 6]
    repeated = results[1]
    assert isinstance(repeated, Persisted)
    assert repeated.stored_earlier
    assert payloads(repeated.events) == ["earlier", "half"]
    assert payloads(await read_all(store, stream_id)) == [
        *["first", "earlier", "half", "held", "a", "b"]
    ]


async def test_the_same_event_waiting_twice_is_stored_once(
    queue: Queue, store: EventStore, stream_id: UUID
) -> None:
    event = NewEvent("once")
    queue.append("a")
    queue.append(event)
    queue.append(event)
    queue.append("b")

    results = await queue.outcomes()

    assert versions(results) == [2, 3, 3, 4]
    assert [isinstance(it, Persisted) and it.stored_earlier for it in results] == [
        *[False, False, True, False]
    ]
    assert payloads(await read_all(store, stream_id)) == ["first", "a", "once", "b"]


@pytest.mark.parametrize("lost", [faults.lose_answer, faults.lose_request])
async def test_a_doubt_is_settled_for_all_of_them(
    queue: Queue, store: EventStore, stream_id: UUID, lost: faults.Behaviour
) -> None:
    queue.faulty.batches.append(lost)
    for event in ("a", NewEvent("b"), "c"):
        queue.append(event)

    assert versions(await queue.outcomes()) == [2, 3, 4]
    assert payloads(await read_all(store, stream_id)) == ["first", "a", "b", "c"]


async def test_a_conflict_with_another_process_is_planned_again_for_all(
    queue: Queue, store: EventStore, stream_id: UUID
) -> None:
    async def overtaken(send: faults.Send) -> Any:
        await store.persist_events(stream_id, ["stranger"])
        return await send()

    queue.faulty.batches.append(overtaken)
    queue.append("a")
    queue.append("b")

    assert versions(await queue.outcomes()) == [3, 4]
    assert payloads(await read_all(store, stream_id)) == ["first", "stranger", "a", "b"]


async def test_a_nearer_deadline_ends_in_doubt_for_its_caller_only(
    queue: Queue, store: EventStore, stream_id: UUID, passing_time: PassingTime
) -> None:
    hasty: list[asyncio.Task[Persisted]] = []

    async def lost_until_the_hasty_one_is_told(send: faults.Send) -> Any:
        if hasty[0].done():
            return await send()
        queue.faulty.batches.append(lost_until_the_hasty_one_is_told)
        passing_time.passes()
        return await faults.lose_request(send)

    queue.faulty.batches.append(lost_until_the_hasty_one_is_told)
    queue.append("a", timeout=9 * AGES)
    hasty.append(queue.append("b"))
    queue.append("c", timeout=9 * AGES)

    results = await queue.outcomes()

    assert versions(results) == [2, "AppendOutcomeUnknown", 4]
    unknown = results[1]
    assert isinstance(unknown, AppendOutcomeUnknown)
    assert [event.payload for event in unknown.events] == ["b"], "its own events only"
    settled = await store.persist_events(stream_id, unknown.events)
    assert (settled.version, settled.stored_earlier) == (3, True)


async def test_a_nearer_deadline_without_doubt_takes_its_events_along(
    queue: Queue, store: EventStore, stream_id: UUID, passing_time: PassingTime
) -> None:
    hasty: list[asyncio.Task[Persisted]] = []

    async def out_of_reach_until_the_hasty_one_is_told(send: faults.Send) -> Any:
        if hasty[0].done():
            return await send()
        queue.faulty.batches.append(out_of_reach_until_the_hasty_one_is_told)
        passing_time.passes()
        return await faults.refuse_connection(send)

    queue.faulty.batches.append(out_of_reach_until_the_hasty_one_is_told)
    queue.append("a", timeout=9 * AGES)
    hasty.append(queue.append("never"))
    queue.append("c", timeout=9 * AGES)

    results = await queue.outcomes()

    assert versions(results) == [2, "StoreUnavailable", 3]
    assert payloads(await read_all(store, stream_id)) == ["first", "a", "c"]


async def test_everybody_meets_an_error_of_its_own(queue: Queue, passing_time: PassingTime) -> None:
    queue.faulty.always = UntilItsDeadline(faults.lose_request, passing_time)
    for number in range(3):
        queue.append(number)

    results = await queue.outcomes()
    queue.faulty.always = None

    assert [type(it) for it in results] == [AppendOutcomeUnknown] * 3
    assert len({id(it) for it in results}) == 3
    assert [it.events[0].payload for it in results if isinstance(it, AppendOutcomeUnknown)] == [
        *[0, 1, 2]
    ]


async def test_without_any_doubt_everybody_is_told_that_nothing_is_stored(
    queue: Queue, store: EventStore, stream_id: UUID, passing_time: PassingTime
) -> None:
    queue.faulty.always = UntilItsDeadline(faults.refuse_connection, passing_time)
    for number in range(3):
        queue.append(number)

    results = await queue.outcomes()
    queue.faulty.always = None

    assert [type(it) for it in results] == [StoreUnavailable] * 3
    assert len({id(it) for it in results}) == 3
    assert payloads(await read_all(store, stream_id)) == ["first"]


async def test_a_refused_batch_is_sent_one_by_one(
    queue: Queue, store: EventStore, stream_id: UUID
) -> None:
    async def refused_again(send: faults.Send) -> Any:
        queue.faulty.batches.extend([pass_on, faults.refuse])
        return await faults.refuse(send)

    async def pass_on(send: faults.Send) -> Any:
        return await send()

    queue.faulty.batches.append(refused_again)
    queue.append("a")
    queue.append("refused")
    queue.append("c")

    results = await queue.outcomes()

    assert versions(results) == [2, "RequestRefused", 3]
    assert isinstance(results[1], RequestRefused)
    assert payloads(await read_all(store, stream_id)) == ["first", "a", "c"]


async def test_a_refusal_after_a_doubt_leaves_everybody_in_doubt(queue: Queue) -> None:
    queue.faulty.batches.extend([faults.lose_request, faults.refuse])
    queue.append("a")
    queue.append("b")

    assert versions(await queue.outcomes()) == ["AppendOutcomeUnknown"] * 2


async def test_closing_leaves_a_batch_in_doubt(
    faulty: FaultySession, keyspace: str, store: EventStore, stream_id: UUID
) -> None:
    del store  # the schema
    closing = EventStore(faulty, keyspace=keyspace, settings=Settings(close_timeout=0.1))
    queue = Queue(closing, faulty, stream_id)
    await queue.hold()
    gate = faults.Gate()
    faulty.batches.append(gate)
    tasks = [queue.append(number) for number in range(3)]
    await asyncio.sleep(0)
    queue.let_go()
    await gate.arrived.wait()

    ending = asyncio.ensure_future(closing.close())
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    gate.opened.set()
    await ending

    assert [type(it) for it in outcomes] == [AppendOutcomeUnknown] * 3
    assert all(isinstance(it, EventStoreError) for it in outcomes)
