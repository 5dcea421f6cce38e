"""Telemetry of appends and reads on a real server, seen through exporters in memory."""

import asyncio
import threading
from collections.abc import AsyncGenerator
from dataclasses import replace
from time import perf_counter
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import StatusCode

from event_store_async import (
    AppendOutcomeUnknown,
    EventStore,
    NewEvent,
    Settings,
    StoreOverloaded,
)
from event_store_async.hooks import (
    AppendEnded,
    AttemptEnded,
    PageRead,
    Record,
    SerialRepair,
)

from ..fixtures import faulty as faults
from ..fixtures.faulty import FaultySession
from ..fixtures.stores import QUICK, payloads, read_all
from ..fixtures.time import PassingTime, UntilItsDeadline
from ..telemetry.exporters import Exported, attributes


@pytest.fixture
def exported() -> Exported:
    """Return both adapters, with exporters in memory."""
    return Exported()


@pytest.fixture
def reported() -> list[Record]:
    """Return the list that receives the records of the watched store."""
    return []


@pytest_asyncio.fixture
async def watched(
    faulty: FaultySession,
    faulty_store: EventStore,
    keyspace: str,
    exported: Exported,
    reported: Any,
) -> AsyncGenerator[EventStore, None]:
    """Yield a store with hooks on the faulty session; its statements are prepared already."""
    del faulty_store
    hooks = (*exported.hooks, reported.append)
    async with EventStore(faulty, keyspace=keyspace, settings=replace(QUICK, hooks=hooks)) as store:
        exported.prometheus.observe(store)
        exported.opentelemetry.observe(store)
        await store.current_version(uuid4())
        yield store


def events_of(span: ReadableSpan) -> list[tuple[Any, Any, Any]]:
    """Return number, outcome and fault of a span's attempts."""
    return [
        (facts["event_store.attempt.number"], facts["event_store.outcome"], facts.get("error.type"))
        for facts in (dict(event.attributes or {}) for event in span.events)
    ]


async def test_an_append_is_seen(
    watched: EventStore, exported: Exported, keyspace: str, stream_id: UUID
) -> None:
    tracer = exported.tracer_provider.get_tracer("application")
    with tracer.start_as_current_span("request") as request:
        await watched.persist_events(stream_id, ["a", "b"], 0)

    span = next(span for span in exported.spans if span.name == "append events")
    assert span.parent is not None
    assert span.parent.span_id == request.get_span_context().span_id
    facts = attributes(span)
    assert (facts["db.system.name"], facts["db.namespace"]) == ("cassandra", keyspace)
    assert (facts["event_store.outcome"], facts["event_store.version"]) == ("stored", 2)
    assert events_of(span) == [(1, "applied", None)]
    assert span.start_time is not None
    assert span.end_time is not None
    (attempt,) = span.events
    assert span.start_time <= attempt.timestamp <= span.end_time
    table = {"db_namespace": keyspace, "db_collection_name": "events"}
    durations = {"outcome": "stored", **table}
    assert exported.sample("event_store_append_duration_seconds_count", **durations) == 1
    assert exported.point("event_store.append.duration", **durations) == 1
    assert exported.point("db.client.operation.duration", db_operation_name="append") == 1
    assert exported.sample("event_store_events_stored_total", **table) == 2
    assert exported.sample("event_store_batch_size_bytes_sum", **table) == 6
    share = 6 / QUICK.max_append_bytes
    assert exported.sample("event_store_append_limit_ratio_sum", **table) == pytest.approx(share)
    assert exported.sample("event_store_queue_depth_sum", **table) == 0


async def test_a_conflict_is_seen(watched: EventStore, exported: Exported, stream_id: UUID) -> None:
    await watched.persist_events(stream_id, ["a"])
    await watched.try_persist_events(stream_id, ["b"], 7)

    _, span = exported.spans
    assert attributes(span)["event_store.outcome"] == "conflict"
    assert attributes(span)["event_store.version"] == 1
    assert span.status.status_code is StatusCode.UNSET
    assert events_of(span) == [(1, "conflict", None)]
    count = "event_store_append_duration_seconds_count"
    assert exported.sample(count, outcome="conflict") == 1
    assert exported.point("event_store.append.duration", outcome="conflict") == 1


@pytest.mark.parametrize(
    ("fault", "then"), [(faults.lose_answer, "found"), (faults.lose_request, "applied")]
)
async def test_a_timeout_that_is_settled_is_seen(
    watched: EventStore,
    faulty: FaultySession,
    exported: Exported,
    stream_id: UUID,
    fault: faults.Behaviour,
    then: str,
) -> None:
    faulty.batches.append(fault)

    await watched.persist_events(stream_id, ["a"], 0)

    (span,) = exported.spans
    (first, second) = events_of(span)
    assert (first[:2], second) == ((1, "unknown"), (2, then, None))
    assert attributes(span)["event_store.outcome"] == "stored"
    assert exported.sample("event_store_faults_total", fault=str(first[2])) == 1
    settled = {"outcome": then, "settling": "true"}
    assert exported.sample("event_store_attempt_duration_seconds_count", **settled) == 1
    assert exported.point("event_store.attempt.duration", **settled) == 1


async def test_a_timeout_that_is_settled_at_any_version_is_seen(
    watched: EventStore, faulty: FaultySession, exported: Exported, stream_id: UUID
) -> None:
    await watched.persist_events(stream_id, ["a"])
    faulty.batches.extend([faults.lose_answer, faults.unavailable])

    await watched.persist_events(stream_id, [NewEvent("b")])

    assert [outcome for _, outcome, _ in events_of(exported.spans[1])] == [
        "unknown",
        "unsent",
        "found",
    ]


async def test_an_unknown_outcome_is_seen(
    watched: EventStore,
    faulty: FaultySession,
    exported: Exported,
    stream_id: UUID,
    passing_time: PassingTime,
) -> None:
    faulty.always = UntilItsDeadline(faults.lose_request, passing_time)

    with pytest.raises(AppendOutcomeUnknown):
        await watched.persist_events(stream_id, ["a"], 0)

    (span,) = exported.spans
    assert span.status.status_code is StatusCode.ERROR
    assert attributes(span)["error.type"] == "AppendOutcomeUnknown"
    assert {outcome for _, outcome, _ in events_of(span)} == {"unknown"}
    count = "event_store_append_duration_seconds_count"
    assert exported.sample(count, outcome="unknown") == 1


async def test_a_read_is_seen(
    watched: EventStore, exported: Exported, reported: list[Any], stream_id: UUID
) -> None:
    await watched.persist_events(stream_id, list(range(10)))
    reported.clear()

    assert len(await read_all(watched, stream_id, page_size=4)) == 10

    span = exported.spans[-1]
    assert span.name == "read events"
    facts = attributes(span)
    assert (facts["event_store.events"], facts["event_store.pages"]) == (10, 3)
    assert (facts["event_store.outcome"], facts["event_store.serial"]) == ("complete", False)
    pages = [record for record in reported if isinstance(record, PageRead)]
    assert [(page.events, page.bytes, page.serial) for page in pages] == [
        (4, 4, False),
        (4, 4, False),
        (2, 2, False),
    ]
    ended = reported[-1]
    assert 0 < ended.waited <= ended.duration
    assert exported.sample("event_store_page_duration_seconds_count", serial="false") == 3
    assert exported.sample("event_store_events_read_total") == 10
    assert exported.point("db.client.operation.duration", db_operation_name="read_page") == 3


async def test_a_serial_repair_is_seen(
    watched: EventStore,
    faulty: FaultySession,
    exported: Exported,
    reported: list[Any],
    stream_id: UUID,
) -> None:
    await watched.persist_events(stream_id, list(range(1, 11)))
    faulty.reads.append(faults.HalfCommitted(4, 5))

    assert payloads(await read_all(watched, stream_id)) == list(range(1, 11))

    assert [record.version for record in reported if isinstance(record, SerialRepair)] == [4]
    assert attributes(exported.spans[-1])["event_store.serial"] is True
    assert exported.sample("event_store_serial_repairs_total") == 1
    assert exported.point("event_store.serial_repairs") == 1
    assert exported.sample("event_store_page_duration_seconds_count", serial="true") == 1


async def test_a_repair_within_an_append_is_seen(
    watched: EventStore, faulty: FaultySession, reported: list[Any], stream_id: UUID
) -> None:
    await watched.persist_events(stream_id, [1, 2, 3, 4])
    faulty.reads.append(faults.HalfCommitted(2))

    await watched.persist_events(stream_id, [NewEvent(5)])

    assert [record.version for record in reported if isinstance(record, SerialRepair)] == [2]


async def test_appends_that_share_a_batch_keep_their_callers_apart(
    watched: EventStore,
    faulty: FaultySession,
    exported: Exported,
    reported: list[Any],
    stream_id: UUID,
) -> None:
    await watched.persist_events(stream_id, ["first"])
    gate = faults.Gate()
    faulty.batches.append(gate)
    tracer = exported.tracer_provider.get_tracer("application")

    async def request(number: int) -> None:
        with tracer.start_as_current_span(f"request {number}"):
            await watched.persist_events(stream_id, [number])

    tasks = [asyncio.ensure_future(request(number)) for number in range(5)]
    await gate.arrived.wait()
    await asyncio.sleep(0)
    since = perf_counter()
    statistics = watched.statistics()
    held = perf_counter() - since
    gate.opened.set()
    await asyncio.gather(*tasks)

    assert (statistics.in_flight, statistics.appends_waiting) == (1, 4)
    assert statistics.streams_appending == 1
    attempts = [record for record in reported if isinstance(record, AttemptEnded)]
    assert [attempt.appends for attempt in attempts] == [1, 1, 4]
    ended = [record for record in reported if isinstance(record, AppendEnded)]
    assert [record.queue_depth for record in ended] == [0, 0, 1, 2, 3, 4]
    # The queued appends waited at least as long as the test looked at the statistics.
    assert all(record.queue_wait >= held for record in ended[2:])
    assert all(
        record.queue_wait + record.attempts[-1].duration <= record.duration for record in ended
    )
    waited = sum(record.queue_wait for record in ended)
    assert exported.sample("event_store_queue_wait_seconds_sum") == pytest.approx(waited)
    assert exported.total("event_store.queue.wait") == pytest.approx(waited)
    assert [record.attempts for record in ended[2:]] == [(attempts[2],)] * 4
    names = {span.context.span_id: span.name for span in exported.spans if span.context}
    parents = {
        attributes(span)["event_store.version"]: names[span.parent.span_id]
        for span in exported.spans
        if span.name == "append events" and span.parent is not None
    }
    assert parents == {number + 2: f"request {number}" for number in range(5)}


async def test_a_caller_that_is_cancelled_is_seen(
    watched: EventStore, faulty: FaultySession, reported: list[Any], stream_id: UUID
) -> None:
    gate = faults.Gate()
    faulty.batches.append(gate)
    task = asyncio.ensure_future(watched.persist_events(stream_id, ["a"], 0))
    await gate.arrived.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    gate.opened.set()
    await watched.persist_events(stream_id, ["b"], 1)

    assert [(type(record).__name__, record.outcome) for record in reported] == [
        ("AppendEnded", "cancelled"),
        ("AttemptEnded", "applied"),
        ("AttemptEnded", "applied"),
        ("AppendEnded", "stored"),
    ]


async def test_an_append_that_finds_too_many_waiting_is_seen(
    faulty: FaultySession,
    faulty_store: EventStore,
    keyspace: str,
    reported: list[Any],
    stream_id: UUID,
) -> None:
    del faulty_store
    settings = Settings(max_waiting=1, hooks=(reported.append,))
    gate = faults.Gate()
    async with EventStore(faulty, keyspace=keyspace, settings=settings) as store:
        await store.current_version(stream_id)
        faulty.batches.append(gate)
        first, second = (
            asyncio.ensure_future(store.persist_events(stream_id, [version], version))
            for version in (0, 1)
        )
        await gate.arrived.wait()
        await asyncio.sleep(0)
        with pytest.raises(StoreOverloaded):
            await store.persist_events(stream_id, ["c"], 2)
        gate.opened.set()
        await asyncio.gather(first, second)

    ended = [record for record in reported if isinstance(record, AppendEnded)]
    assert [(record.outcome, record.queue_depth) for record in ended] == [
        ("overloaded", 2),
        ("stored", 0),
        ("stored", 1),
    ]
    assert [len(record.attempts) for record in ended] == [0, 1, 1]


async def test_the_driver_is_read_when_metrics_are_collected(
    store: EventStore, exported: Exported, stream_id: UUID
) -> None:
    exported.prometheus.observe(store)
    await store.persist_events(stream_id, ["a"])

    assert exported.sample("event_store_driver_connections") >= 1  # type: ignore[operator]
    median = exported.sample("event_store_driver_latency_seconds", quantile="0.5")
    assert median is not None
    assert 0 < median < 10
    assert exported.sample("event_store_requests_in_flight_limit") == 128


async def test_statistics_are_told_to_any_thread_while_appends_go_on(store: EventStore) -> None:
    seen: list[int] = []
    stopped = threading.Event()

    def look() -> None:
        while not stopped.is_set():
            driver = store.statistics().driver
            assert driver is not None
            seen.append(driver.connections)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        looked_meanwhile = 0
        while looked_meanwhile < 5 and thread.is_alive():  # an exception ends it
            before = len(seen)
            await asyncio.gather(*(store.persist_events(uuid4(), ["a"]) for _ in range(20)))
            looked_meanwhile += len(seen) > before
    finally:
        stopped.set()
        thread.join(60)

    assert looked_meanwhile == 5
    assert min(seen) >= 1


async def test_a_closed_store_counts_nothing(store: EventStore, keyspace: str) -> None:
    other = EventStore(store._engine.session.raw, keyspace=keyspace)
    assert other.statistics().driver is not None
    await other.close()

    statistics = other.statistics()

    assert (statistics.driver, statistics.in_flight) == (None, 0)
