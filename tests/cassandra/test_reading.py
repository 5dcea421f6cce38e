"""Reading: timeouts, levels, holes, events that cannot be decoded, pages, stopping early."""

import asyncio
from collections.abc import Iterable
from typing import Any
from uuid import UUID

import anyio
import pytest

from event_store_async import (
    EventStore,
    StoreUnavailable,
    StreamHole,
    UndecodableEvent,
)
from event_store_async.cassandra.driver.port import LEVELS, reading
from event_store_async.cassandra.read.reader import DECODED_AT_ONCE

from ..fixtures import faulty as faults
from ..fixtures.faulty import FaultySession
from ..fixtures.stores import QUICK, payloads, read_all, run_cql
from ..fixtures.time import PassingTime, UntilItsDeadline


@pytest.fixture
async def ten(store: EventStore, stream_id: UUID) -> UUID:
    """Give a stream of ten events whose payloads are their versions."""
    await store.persist_events(stream_id, range(1, 11))
    return stream_id


def versions(*ranges: Iterable[int]) -> list[int]:
    return [version for each in ranges for version in each]


async def test_a_page_request_that_times_out_is_repeated(
    faulty_store: EventStore, faulty: FaultySession, ten: UUID
) -> None:
    faulty.reads.extend([faults.lose_request, faults.lose_request])

    assert len(await read_all(faulty_store, ten)) == 10
    assert faulty.read == 3


async def test_reading_ends_in_an_error_if_no_node_answers(
    faulty_store: EventStore, faulty: FaultySession, ten: UUID, passing_time: PassingTime
) -> None:
    faulty.reads.extend([UntilItsDeadline(faults.lose_request, passing_time)] * 4)

    with pytest.raises(StoreUnavailable, match=str(ten)):
        await read_all(faulty_store, ten)
    with pytest.raises(StoreUnavailable):
        await faulty_store.current_version(ten)
    assert not faulty.reads, "each was tried twice"


class SlowLoss:
    """A request that is lost after a number of seconds."""

    def __init__(self, time: PassingTime, seconds: float) -> None:
        self._time = time
        self._seconds = seconds

    async def __call__(self, send: faults.Send) -> object:
        self._time.passes(self._seconds)
        return await faults.lose_request(send)


async def test_a_timeout_is_for_each_page(
    faulty_store: EventStore, faulty: FaultySession, ten: UUID, passing_time: PassingTime
) -> None:
    passes, slow = faults.let_pass, SlowLoss(passing_time, QUICK.timeout + 10)
    faulty.reads.extend([slow, passes, slow, passes])

    read = await read_all(faulty_store, ten, page_size=5, timeout=100.0)

    assert payloads(read) == versions(range(1, 11)), "it took 140 seconds, but no page took 100"


async def test_the_timeout_of_a_version_read_may_be_longer_than_the_setting(
    faulty_store: EventStore, faulty: FaultySession, ten: UUID, passing_time: PassingTime
) -> None:
    faulty.reads.append(SlowLoss(passing_time, QUICK.timeout + 10))

    assert await faulty_store.current_version(ten, timeout=100.0) == 10


async def test_a_timeout_may_be_shorter_than_the_setting(
    faulty_store: EventStore, faulty: FaultySession, ten: UUID, passing_time: PassingTime
) -> None:
    faulty.reads.extend([SlowLoss(passing_time, 2.0)] * 2)

    with pytest.raises(StoreUnavailable):
        await read_all(faulty_store, ten, timeout=1.0)
    with pytest.raises(StoreUnavailable):
        await faulty_store.current_version(ten, timeout=1.0)
    assert not faulty.reads, "each was tried once"


async def test_the_setting_is_the_timeout_of_reads_without_one(
    faulty_store: EventStore, faulty: FaultySession, ten: UUID, passing_time: PassingTime
) -> None:
    slow = SlowLoss(passing_time, QUICK.timeout + 1)
    faulty.reads.extend([slow] * 2)

    with pytest.raises(StoreUnavailable):
        await read_all(faulty_store, ten)
    with pytest.raises(StoreUnavailable):
        await faulty_store.current_version(ten)
    assert not faulty.reads, "each was tried once"


@pytest.mark.without_feed  # whose sequencer reads meanwhile
@pytest.mark.parametrize("serial", [False, True])
async def test_serial_reads_are_sent_at_the_serial_level(
    store: EventStore, ten: UUID, monkeypatch: pytest.MonkeyPatch, serial: bool
) -> None:
    levels = []

    def spy(*args: Any, **options: Any) -> Any:
        levels.append(options["level"])
        return reading(*args, **options)

    monkeypatch.setattr("event_store_async.cassandra.driver.session.reading", spy)
    await read_all(store, ten, page_size=5, serial=serial)
    await store.current_version(ten, serial=serial)

    wanted = LEVELS["local"].serial if serial else LEVELS["local"].quorum
    assert levels == [wanted] * len(levels)
    assert len(levels) >= 3


@pytest.mark.parametrize("missing", [1, 5, 10])
@pytest.mark.parametrize("backward", [False, True])
@pytest.mark.parametrize("page_size", [None, 2])
async def test_a_hole_is_an_error_and_never_skipped(
    store: EventStore,
    keyspace: str,
    ten: UUID,
    missing: int,
    backward: bool,
    page_size: int | None,
) -> None:
    await run_cql(
        store, f"DELETE FROM {keyspace}.events WHERE stream_id = {ten} AND version = {missing}"
    )
    seen = []

    with pytest.raises(StreamHole) as caught:
        async for event in store.read_events(ten, backward=backward, page_size=page_size):
            seen.append(event.version)

    assert caught.value.version == missing
    assert seen == list(range(10, missing, -1) if backward else range(1, missing))


@pytest.mark.parametrize("serial", [False, True])
@pytest.mark.parametrize("max_count", [None, 1, 4, 10, 20])
@pytest.mark.parametrize("page_size", [None, 3])
@pytest.mark.parametrize("truncated", [False, True])
async def test_a_stream_that_begins_during_a_read_has_no_hole(
    faulty_store: EventStore,
    faulty: FaultySession,
    store: EventStore,
    stream_id: UUID,
    *,
    serial: bool,
    max_count: int | None,
    page_size: int | None,
    truncated: bool,
) -> None:
    async def begin() -> None:
        await store.persist_events(stream_id, range(10))
        if truncated:
            await store.truncate_stream(stream_id, before=3)

    async def begins_meanwhile(send: faults.Send) -> Any:
        nothing = await send()
        await asyncio.ensure_future(begin())  # no task runs the driver's requests
        return nothing

    faulty.reads.append(begins_meanwhile)
    reading = faulty_store.read_events(
        stream_id, max_count=max_count, page_size=page_size, serial=serial
    )
    wanted = range(2 if truncated else 0, 10)[:max_count]
    assert [event.payload async for event in reading] == list(wanted)


@pytest.mark.parametrize("serial", [False, True])
async def test_a_stream_whose_first_page_is_lost_has_a_hole(
    store: EventStore, keyspace: str, stream_id: UUID, *, serial: bool
) -> None:
    await store.persist_events(stream_id, range(10))
    await run_cql(
        store, f"DELETE FROM {keyspace}.events WHERE stream_id = {stream_id} AND version < 7"
    )

    with pytest.raises(StreamHole) as caught:
        _ = [event async for event in store.read_events(stream_id, page_size=3, serial=serial)]
    assert caught.value.version == 1


async def test_the_events_on_one_side_of_a_hole_stay_readable(
    store: EventStore, keyspace: str, ten: UUID
) -> None:
    await run_cql(store, f"DELETE FROM {keyspace}.events WHERE stream_id = {ten} AND version = 5")

    assert payloads(await read_all(store, ten, from_version=6)) == [6, 7, 8, 9, 10]
    assert payloads(await read_all(store, ten, max_count=4)) == [1, 2, 3, 4]


async def test_a_hole_that_a_serial_read_fills_is_not_an_error(
    faulty_store: EventStore, faulty: FaultySession, ten: UUID
) -> None:
    """A quorum read may see the end of an append without its beginning while it commits."""
    half_committed = faults.HalfCommitted(4, 5)

    faulty.reads.append(half_committed)
    assert payloads(await read_all(faulty_store, ten)) == versions(range(1, 11))
    assert faulty.read == 2

    faulty.reads.append(half_committed)
    backward = await read_all(faulty_store, ten, backward=True)
    assert payloads(backward) == versions(range(10, 0, -1))


async def test_an_event_that_cannot_be_decoded_leaves_the_rest_readable(
    store: EventStore, keyspace: str, ten: UUID
) -> None:
    await run_cql(
        store,
        f"UPDATE {keyspace}.events SET payload = 0xff, content_type = 'application/json' "
        f"WHERE stream_id = {ten} AND version = 3",
    )
    await run_cql(
        store,
        f"UPDATE {keyspace}.events SET content_type = 'application/x-unheard-of' "
        f"WHERE stream_id = {ten} AND version = 7",
    )
    seen: list[int] = []
    refused: list[tuple[int, str | None, bytes]] = []
    start = 1
    while True:
        try:
            async for event in store.read_events(ten, start):
                seen.append(event.payload)
            break
        except UndecodableEvent as error:
            assert error.stream_id == ten
            refused.append((error.version, error.content_type, error.data))
            start = error.version + 1

    assert seen == [1, 2, 4, 5, 6, 8, 9, 10]
    assert refused == [
        (3, "application/json", b"\xff"),
        (7, "application/x-unheard-of", b"7"),
    ]


@pytest.mark.parametrize("backward", [False, True])
async def test_the_events_before_one_that_cannot_be_decoded_come_first(
    store: EventStore, keyspace: str, stream_id: UUID, backward: bool
) -> None:
    """Rows are decoded in groups; this one is neither in the first group nor in the last."""
    count, bad = 5 * DECODED_AT_ONCE // 2, DECODED_AT_ONCE + 10
    await store.persist_events(stream_id, range(1, count + 1))
    expected = list(range(count, 0, -1) if backward else range(1, count + 1))
    assert payloads(await read_all(store, stream_id, backward=backward)) == expected
    await run_cql(
        store,
        f"UPDATE {keyspace}.events SET payload = 0xff "
        f"WHERE stream_id = {stream_id} AND version = {bad}",
    )
    seen: list[int] = []

    with pytest.raises(UndecodableEvent) as caught:
        async for event in store.read_events(stream_id, page_size=1000, backward=backward):
            seen.append(event.payload)

    assert caught.value.version == bad
    assert seen == expected[: expected.index(bad)]


async def test_an_iteration_stopped_early_leaves_nothing_running(
    store: EventStore, stream_id: UUID
) -> None:
    await store.persist_events(stream_id, range(100))
    before = asyncio.all_tasks()

    for _ in range(20):
        async for event in store.read_events(stream_id, page_size=7):
            if event.version == 10:
                break

    with anyio.fail_after(60):
        while asyncio.all_tasks() - before or store._engine.session.in_flight:
            await asyncio.sleep(0)


async def test_a_cancelled_read_leaves_nothing_running(
    faulty_store: EventStore, faulty: FaultySession, ten: UUID
) -> None:
    gate = faults.Gate()
    faulty.reads.append(gate)
    reading = asyncio.ensure_future(read_all(faulty_store, ten))
    await gate.arrived.wait()

    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading

    assert faulty_store._engine.session.in_flight == 1, "what was sent is waited for"
    gate.opened.set()
    with anyio.fail_after(60):
        while faulty_store._engine.session.in_flight:
            await asyncio.sleep(0)


async def test_large_events_come_in_small_pages(store: EventStore, stream_id: UUID) -> None:
    from event_store_async.cassandra.read.pages import PageSizer

    sizer = PageSizer(1024 * 1024)
    sizer.saw(2, 2 * 512 * 1024)
    assert sizer.next_size() == 1
    sizer.saw(10, 10 * 100)
    assert sizer.next_size() == 4
    for _ in range(10):
        sizer.saw(100, 100 * 100)
    assert sizer.next_size() == 2000

    for _ in range(6):
        await store.persist_events(stream_id, ["x" * 400_000] * 2)
    assert len(await read_all(store, stream_id)) == 12


async def test_the_next_page_is_requested_even_if_the_reader_never_waits(
    faulty_store: EventStore, faulty: FaultySession, stream_id: UUID
) -> None:
    await faulty_store.persist_events(stream_id, range(6))
    before = faulty.read
    events = faulty_store.read_events(stream_id, page_size=2)

    first = await anext(events)

    assert first.version == 1
    assert faulty.read - before == 2, "the first page, and the second before it is needed"
    await events.aclose()
