"""The metrics: the same from both adapters, with few label values whatever is stored."""

import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, get_args
from uuid import uuid4

import pytest
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.sdk.metrics import MeterProvider
from prometheus_client import REGISTRY, CollectorRegistry

from event_store_async import (
    DriverMetrics,
    FeedStatistics,
    SliceStatistics,
    Statistics,
    SubscriptionStatistics,
)
from event_store_async.hooks import (
    AppendOutcome,
    AttemptOutcome,
    HandledOutcome,
    ReadOutcome,
    Source,
)
from event_store_async.telemetry.instruments import INSTRUMENTS
from event_store_async.telemetry.measurements import measurements
from event_store_async.telemetry.opentelemetry import OpenTelemetryHook
from event_store_async.telemetry.prometheus import PrometheusHook

from . import records
from .exporters import Exported

FED: list[Any] = [
    records.append(),
    records.append(outcome="conflict", error="ConcurrentModification"),
    records.append(outcome="invalid", error="InvalidEvent", events=0, bytes=0, attempts=()),
    records.attempt(appends=3),
    records.attempt(number=2, outcome="unknown", fault="CassErrorServerWriteTimeout"),
    records.page(),
    records.page(serial=True),
    records.repair(),
    records.read(),
    records.feed_page(),
    records.entry(),
    records.entry(delay=None),
    records.lost(),
    records.round_ended(),
    records.found(),
    records.held_up(),
    records.lead(),
    records.lead(leads=False),
    records.snapshot(),
    records.snapshot(operation="reject", outcome="rejected", reason="it is above the head"),
    records.handled(),
    records.handled(outcome="parked_behind", attempts=0, duration=0.0),
    records.handled(outcome="parked", attempts=5, duration=4.0, error="ValueError"),
    records.applied(),
    records.applied(outcome="failed", error="ValueError", duration=1.0),
    records.committed(),
    records.committed(outcome="lost"),
    records.lease(),
    records.lease(change="lost"),
    records.generation(),
    records.caught_up(),
    records.fell_behind(),
]

DRIVER = DriverMetrics(3, 1, 2, 50.0, 0.004, 0.003, 0.01, 0.02, 0.03, 0.04)

FEED = FeedStatistics(head=40, leads=True, silence=0.5, undecided=3, lag=6, oldest=7.5)


class Busy:
    """A store that is busy."""

    def __init__(self, table: str = "events", feed: FeedStatistics | None = FEED) -> None:
        self.source = Source("cassandra", "bank", table)
        self.feed = feed
        self.asked = 0

    def statistics(self) -> Statistics:
        self.asked += 1
        return Statistics(self.source, 5, 128, 7, 2, 1000, DRIVER, self.feed, streams_shared=4)


class Member:
    """A member of a consumer group."""

    def __init__(self, *slices: SliceStatistics, silence: float | None = 0.5) -> None:
        self.slices = slices or (SliceStatistics(3, 12, 2.5, 1, is_held=True),)
        self.silence = silence

    def statistics(self) -> SubscriptionStatistics:
        source = Source("cassandra", "bank", "events")
        return SubscriptionStatistics(source, "mails", self.slices, self.silence)


OF_MAILS = {"subscription": "mails"}
OF_SLICE = {"subscription": "mails", "slice": "3"}

EXPECTED = [
    ("append.duration", "_count", {"outcome": "stored"}, 1),
    ("append.duration", "_count", {"outcome": "conflict"}, 1),
    ("append.duration", "_count", {"outcome": "invalid"}, 1),
    ("append.size", "_count", {}, 2),
    ("append.limit_ratio", "_count", {}, 2),
    ("events.stored", "", {}, 2),
    ("queue.wait", "_count", {}, 2),
    ("queue.depth", "_count", {}, 2),
    ("attempt.duration", "_count", {"outcome": "applied", "settling": "false"}, 1),
    ("attempt.duration", "_count", {"outcome": "unknown", "settling": "true"}, 1),
    ("batch.size", "_count", {}, 1),
    ("batch.appends", "_count", {}, 1),
    ("faults", "", {"fault": "CassErrorServerWriteTimeout"}, 1),
    ("page.duration", "_count", {"serial": "true"}, 1),
    ("page.size", "_count", {}, 2),
    ("serial_repairs", "", {}, 1),
    ("read.duration", "_count", {"outcome": "complete"}, 1),
    ("read.wait", "_count", {}, 1),
    ("events.read", "", {}, 10),
    ("feed.page.duration", "_count", {}, 1),
    ("feed.events.read", "", {}, 4),
    ("feed.events.published", "", {}, 10),
    ("feed.publish_delay", "_count", {}, 1),
    ("feed.lost_appends", "", {}, 1),
    ("feed.scan_found", "", {}, 2),
    ("feed.held_up", "", {}, 1),
    ("feed.lead_changes", "", {"leads": "true"}, 1),
    ("feed.lead_changes", "", {"leads": "false"}, 1),
    ("feed.head", "", {}, 40),
    ("feed.undecided", "", {}, 3),
    ("feed.lag", "", {}, 6),
    ("feed.oldest", "", {}, 7.5),
    ("feed.silence", "", {}, 0.5),
    ("feed.leads", "", {}, 1),
    ("snapshot.duration", "_count", {"operation": "load", "outcome": "found"}, 1),
    ("snapshot.duration", "_count", {"operation": "reject", "outcome": "rejected"}, 1),
    ("requests.in_flight", "", {}, 5),
    ("requests.in_flight_limit", "", {}, 128),
    ("appends.waiting", "", {}, 7),
    ("streams.appending", "", {}, 2),
    ("streams.shared", "", {}, 4),
    ("append.limit", "", {}, 1000),
    ("driver.connections", "", {}, 3),
    ("driver.connection_timeouts", "", {}, 1),
    ("driver.request_timeouts", "", {}, 2),
    ("driver.requests", "", {}, 50),
    ("driver.latency", "", {"quantile": "0.99"}, 0.02),
    ("subscription.events", "", {**OF_MAILS, "outcome": "handled"}, 6),
    ("subscription.events", "", {**OF_MAILS, "outcome": "parked"}, 1),
    ("subscription.events", "", {**OF_MAILS, "outcome": "parked_behind"}, 1),
    ("subscription.handler", "_count", OF_MAILS, 4),
    ("subscription.commit", "_count", {**OF_MAILS, "outcome": "committed"}, 1),
    ("subscription.commit", "_count", {**OF_MAILS, "outcome": "lost"}, 1),
    ("subscription.lease_changes", "", {**OF_MAILS, "change": "claimed"}, 1),
    ("subscription.lease_changes", "", {**OF_MAILS, "change": "lost"}, 1),
    ("subscription.lag_events", "", OF_SLICE, 12),
    ("subscription.lag", "", OF_SLICE, 2.5),
    ("subscription.parked_streams", "", OF_SLICE, 1),
    ("subscription.held_slices", "", OF_MAILS, 1),
    ("subscription.slices", "", OF_MAILS, 1),
    ("subscription.silence", "", OF_MAILS, 0.5),
]
BY_KEY = {instrument.key: instrument for instrument in INSTRUMENTS}


def test_every_metric_is_among_those_expected() -> None:
    assert {key for key, *_ in EXPECTED} == set(BY_KEY)


@pytest.mark.parametrize(("key", "part", "labels", "value"), EXPECTED)
def test_both_adapters_measure_the_same(
    exported: Exported, key: str, part: str, labels: dict[str, str], value: float
) -> None:
    busy, member = Busy(), Member()
    for hook in exported.hooks:
        hook.observe(busy)
        hook.observe(member)
        for record in FED:
            hook(record)

    table = {"db_namespace": "bank", "db_collection_name": "events"}
    name = BY_KEY[key].prometheus_name + part
    assert exported.sample(name, **table, **labels) == value
    assert exported.point(f"event_store.{key}", **table, **labels) == value


SUMS = [
    ("append.size", 600.0),
    ("append.limit_ratio", 0.6),
    ("queue.wait", 0.25),
    ("queue.depth", 8.0),
    ("batch.size", 300.0),
    ("batch.appends", 3.0),
    ("page.size", 10_000.0),
    ("read.wait", 0.5),
    ("feed.page.duration", 0.25),
    ("feed.publish_delay", 0.125),
    ("subscription.handler", 5.75),
]


@pytest.mark.parametrize(("key", "value"), SUMS)
def test_both_adapters_measure_the_values_of_the_records(
    exported: Exported, key: str, value: float
) -> None:
    for hook in exported.hooks:
        for record in FED:
            hook(record)

    name = BY_KEY[key].prometheus_name
    assert exported.sample(f"{name}_sum") == pytest.approx(value)
    assert exported.total(f"event_store.{key}") == pytest.approx(value)


def names(registry: CollectorRegistry) -> set[tuple[str, tuple[str, ...]]]:
    """Return the samples of the library in a registry, with their labels."""
    return {
        (sample.name, tuple(sorted(it for it in sample.labels if not it.startswith("otel_"))))
        for metric in registry.collect()
        for sample in metric.samples
        if sample.name.startswith("event_store_") and not sample.name.endswith("_created")
    }


def test_opentelemetrys_own_exporter_gives_them_the_same_names(exported: Exported) -> None:
    provider = MeterProvider([PrometheusMetricReader()])  # it uses the global registry
    try:
        hook = OpenTelemetryHook(meter_provider=provider)
        busy, member = Busy(), Member()
        for each in (busy, member):
            hook.observe(each)
            exported.prometheus.observe(each)
        for record in FED:
            hook(record)
            exported.prometheus(record)

        assert names(REGISTRY) == names(exported.registry)
    finally:
        provider.shutdown()


def outcomes() -> list[Any]:
    return [
        *(records.append(outcome=word) for word in get_args(AppendOutcome)),
        *(
            records.attempt(outcome=word, number=n)
            for word in get_args(AttemptOutcome)
            for n in (1, 2)
        ),
        *(records.read(outcome=word) for word in get_args(ReadOutcome)),
        *(records.page(serial=serial) for serial in (True, False)),
        records.repair(),
        *(records.lead(leads=leads) for leads in (True, False)),
        records.found(),
        records.held_up(),
        *(records.handled(outcome=word) for word in get_args(HandledOutcome)),
        records.applied(),
        records.committed(),
        records.lease(),
    ]


def test_labels_do_not_multiply_with_streams(exported: Exported) -> None:
    def series() -> int:
        return sum(len(metric.samples) for metric in exported.registry.collect())

    def feed() -> None:
        for record in outcomes():
            given = as_dict(record)
            if "stream_id" in given:
                given["stream_id"] = uuid4()
            exported.prometheus(type(record)(**given))

    feed()
    at_first = series()
    for _ in range(20):
        feed()

    assert series() == at_first < 1500


def as_dict(record: Any) -> dict[str, Any]:
    return {name: getattr(record, name) for name in type(record).__dataclass_fields__}


def test_no_metric_has_a_stream_for_a_label() -> None:
    values = {
        value for record in outcomes() for *_, labels in measurements(record) for value in labels
    }

    assert str(records.STREAM) not in values


def test_stores_of_one_table_count_as_one(exported: Exported) -> None:
    stores = [Busy(), Busy(), Busy("others")]
    for store in (*stores, stores[0]):
        exported.prometheus.observe(store)

    def sample(name: str, table: str) -> float | None:
        return exported.sample(f"event_store_{name}", db_collection_name=table)

    assert sample("requests_in_flight", "events") == 10
    assert sample("requests_in_flight", "others") == 5
    assert exported.sample("event_store_driver_latency_seconds", quantile="0.99") == 0.02
    assert sample("append_limit_bytes", "events") == 1000


def test_what_stores_know_of_one_feed_is_not_added_up(exported: Exported) -> None:
    """The one that works knows the most; the one that saw the beat last knows of it."""
    watching = FeedStatistics(head=39, leads=False, silence=2.5)
    stores = [Busy(), Busy(feed=watching), Busy(feed=None), Busy("others", watching)]
    for store in stores:
        exported.prometheus.observe(store)

    def sample(name: str, table: str = "events") -> float | None:
        return exported.sample(f"event_store_feed_{name}", db_collection_name=table)

    assert [sample(name) for name in ("head", "leads", "silence_seconds")] == [40, 1, 0.5]
    assert [sample(name) for name in ("undecided", "lag", "oldest_seconds")] == [3, 6, 7.5]
    assert [sample(name, "others") for name in ("head", "leads", "silence_seconds")] == [39, 0, 2.5]
    assert sample("undecided", "others") is None, "only the sequencer that works knows"


def test_members_of_one_group_count_as_one(exported: Exported) -> None:
    """In one process: the slowest slice counts, and the beat that was answered last."""
    behind = SliceStatistics(1, 40, 9.0, 2, is_held=False)
    members = [Member(), Member(behind, silence=3.0), Member(silence=None)]
    for member in members:
        exported.prometheus.observe(member)

    def sample(name: str, **labels: str) -> float | None:
        return exported.sample(f"event_store_subscription_{name}", **labels)

    assert [sample("slices"), sample("held_slices"), sample("silence_seconds")] == [3, 2, 0.5]
    assert [sample("lag_events", slice=number) for number in ("1", "3")] == [40, 12]
    assert [sample("lag_seconds", slice=number) for number in ("1", "3")] == [9.0, 2.5]


def test_a_store_is_asked_once_a_collection(
    exported: Exported, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Statistics are used again for a second; on a slow machine a collection may take longer.
    clock = SimpleNamespace(monotonic=lambda: 1.0)
    monkeypatch.setattr("event_store_async.telemetry.measurements.time", clock)
    busy = Busy()
    exported.opentelemetry.observe(busy)

    assert exported.point("event_store.requests.in_flight") == 5
    assert busy.asked == 1


def test_a_store_that_is_gone_is_not_observed_any_more(exported: Exported) -> None:
    exported.prometheus.observe(Busy())

    assert exported.sample("event_store_requests_in_flight") is None


def test_a_registry_takes_one_hook() -> None:
    registry = CollectorRegistry()
    PrometheusHook(registry)

    with pytest.raises(ValueError, match="Duplicated"):
        PrometheusHook(registry)


def test_metrics_are_collected_in_another_thread(exported: Exported) -> None:
    busy = Busy()
    exported.prometheus.observe(busy)
    found: list[float | None] = []
    look: Callable[[], None] = lambda: found.append(  # noqa: E731
        exported.sample("event_store_requests_in_flight")
    )

    thread = threading.Thread(target=look)
    thread.start()
    thread.join(100)

    assert found == [5]
