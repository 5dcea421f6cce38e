"""Measurements: what each record, and each store, adds to which metric."""

import time
import weakref
from collections.abc import Iterator
from typing import Final, Protocol, TypeAlias, get_args

from ..checks import check_instance, check_methods
from ..hooks import (
    AppendEnded,
    AttemptEnded,
    CheckpointCommitted,
    EntryLost,
    EntryPublished,
    EventHandled,
    FeedPageRead,
    LaneHeldUp,
    LeadershipChanged,
    LeaseChanged,
    PageApplied,
    PageRead,
    ReadEnded,
    Record,
    ScanFound,
    SerialRepair,
    SnapshotEnded,
    Source,
    SubscriptionRecord,
)
from ..statistics import DriverMetrics, FeedStatistics, Statistics, SubscriptionStatistics
from . import instruments as it
from .instruments import Instrument

Measurement: TypeAlias = tuple[Instrument, float, tuple[str, ...]]
"""A metric, the value to record, and the values of all its labels."""


RECORDS: Final = get_args(Record)
"""The classes of all records."""

SUBSCRIPTION_RECORDS: Final = get_args(SubscriptionRecord)
"""The classes of the records of subscriptions."""


class Observable(Protocol):
    """What has statistics: `EventStore`, `MemoryEventStore`, `Subscription`, `Projection`."""

    def statistics(self) -> Statistics | SubscriptionStatistics:
        """Return how busy it is; callable from any thread, and never raises."""


def check_record(record: object) -> None:
    """Refuse anything but a record of a store; raises `InvalidArgument`."""
    check_instance("record", record, RECORDS, "a record of a store")


def measurements(record: Record) -> Iterator[Measurement]:
    """Yield what a record adds to the metrics; raises `InvalidArgument` for anything else."""
    check_record(record)
    of = (record.source.keyspace, record.source.table)
    if isinstance(record, AppendEnded):
        yield it.APPEND_DURATION, record.duration, (*of, record.outcome)
        if record.events:
            yield it.APPEND_SIZE, record.bytes, of
            yield it.APPEND_LIMIT_RATIO, record.bytes / record.limit, of
            yield it.QUEUE_DEPTH, record.queue_depth, of
            yield it.QUEUE_WAIT, record.queue_wait, of
        if record.outcome == "stored":
            yield it.EVENTS_STORED, record.events, of
    elif isinstance(record, AttemptEnded):
        settling = _word(record.number > 1)
        yield it.ATTEMPT_DURATION, record.duration, (*of, record.outcome, settling)
        if record.number == 1:
            yield it.BATCH_SIZE, record.bytes, of
            yield it.BATCH_APPENDS, record.appends, of
        if record.fault is not None:
            yield it.FAULTS, 1, (*of, record.fault)
    elif isinstance(record, PageRead):
        yield it.PAGE_DURATION, record.duration, (*of, _word(record.serial))
        yield it.PAGE_SIZE, record.bytes, of
    elif isinstance(record, SerialRepair):
        yield it.SERIAL_REPAIRS, 1, of
    elif isinstance(record, ReadEnded):
        yield it.READ_DURATION, record.duration, (*of, record.outcome)
        yield it.READ_WAIT, record.waited, of
        yield it.EVENTS_READ, record.events, of
    elif isinstance(record, SnapshotEnded):
        yield it.SNAPSHOT_DURATION, record.duration, (*of, record.operation, record.outcome)
    elif isinstance(record, SUBSCRIPTION_RECORDS):
        yield from _of_a_subscription(record, of)
    else:
        yield from _of_the_feed(record, of)


def _of_a_subscription(record: SubscriptionRecord, of: tuple[str, str]) -> Iterator[Measurement]:
    labels = (*of, record.subscription)
    if isinstance(record, EventHandled):
        yield it.SUBSCRIPTION_EVENTS, 1, (*labels, record.outcome)
        if record.attempts:
            yield it.SUBSCRIPTION_HANDLER, record.duration, labels
    elif isinstance(record, PageApplied):
        if record.outcome == "applied":
            yield it.SUBSCRIPTION_EVENTS, record.events, (*labels, "handled")
        yield it.SUBSCRIPTION_HANDLER, record.duration, labels
    elif isinstance(record, CheckpointCommitted):
        yield it.SUBSCRIPTION_COMMIT, record.duration, (*labels, record.outcome)
    elif isinstance(record, LeaseChanged):
        yield it.SUBSCRIPTION_LEASE_CHANGES, 1, (*labels, record.change)


def _of_the_feed(record: Record, of: tuple[str, str]) -> Iterator[Measurement]:
    if isinstance(record, FeedPageRead):
        yield it.FEED_PAGE_DURATION, record.duration, of
        yield it.FEED_EVENTS_READ, record.events, of
    elif isinstance(record, EntryPublished):
        yield it.FEED_EVENTS_PUBLISHED, record.events, of
        if record.delay is not None:
            yield it.FEED_PUBLISH_DELAY, record.delay, of
    elif isinstance(record, EntryLost):
        yield it.FEED_LOST_APPENDS, 1, of
    elif isinstance(record, ScanFound):
        yield it.FEED_SCAN_FOUND, record.events, of
    elif isinstance(record, LaneHeldUp):
        yield it.FEED_HELD_UP, 1, of
    elif isinstance(record, LeadershipChanged):
        yield it.FEED_LEAD_CHANGES, 1, (*of, _word(record.leads))


_HIGHEST: Final = {
    it.DRIVER_LATENCY,
    it.APPEND_LIMIT,
    it.FEED_HEAD,
    it.FEED_UNDECIDED,
    it.FEED_LAG,
    it.FEED_OLDEST,
    it.FEED_LEADS,
    it.SUBSCRIPTION_LAG,
    it.SUBSCRIPTION_LAG_EVENTS,
}
_SHORTEST: Final = {it.FEED_SILENCE, it.SUBSCRIPTION_SILENCE}
_FRESH: Final = 1.0
"""Seconds for which statistics are used again, so that they are read once a collection and not once
a metric: the driver takes a while to compute them, and holds the GIL."""


class Gauges:
    """
    Reads the statistics of the observed stores when metrics are collected.

    Stores are held weakly: one that is gone is dropped. Several stores of one table count as one:
    their numbers are added up, except latencies, append limits, and what they know of the feed, of
    which the highest counts; of the silence of its sequencer, the shortest. So do several members
    of one consumer group: of their lag, the highest counts.
    """

    def __init__(self) -> None:
        self._stores: list[weakref.ref[Observable]] = []
        self._read: tuple[Measurement, ...] = ()
        self._fresh_until = 0.0

    def add(self, store: Observable) -> None:
        """Observe a store from now on; raises `InvalidArgument` for anything else."""
        check_methods("store", store, "a store with statistics", "statistics")
        self._stores = [
            known for known in self._stores if not (known() is None or known() is store)
        ]
        self._stores.append(weakref.ref(store))
        self._fresh_until = 0.0

    def read(self) -> tuple[Measurement, ...]:
        """Return the current measurements of all stores."""
        now = time.monotonic()
        if now >= self._fresh_until:
            self._read = self._collect()
            self._fresh_until = now + _FRESH
        return self._read

    def _collect(self) -> tuple[Measurement, ...]:
        found: dict[tuple[Instrument, tuple[str, ...]], float] = {}
        for reference in tuple(self._stores):
            store = reference()
            for instrument, value, labels in () if store is None else _observed(store.statistics()):
                key = instrument, labels
                if instrument in _HIGHEST:
                    found[key] = max(value, found.get(key, 0.0))
                elif instrument in _SHORTEST:
                    found[key] = min(value, found.get(key, value))
                else:
                    found[key] = value + found.get(key, 0.0)
        return tuple((instrument, value, labels) for (instrument, labels), value in found.items())


def _observed(statistics: Statistics | SubscriptionStatistics) -> Iterator[Measurement]:
    of = _labels(statistics.source)
    if isinstance(statistics, SubscriptionStatistics):
        yield from _of_member(statistics, (*of, statistics.name))
        return
    yield it.IN_FLIGHT, statistics.in_flight, of
    yield it.IN_FLIGHT_LIMIT, statistics.in_flight_limit, of
    yield it.APPENDS_WAITING, statistics.appends_waiting, of
    yield it.STREAMS_APPENDING, statistics.streams_appending, of
    yield it.STREAMS_SHARED, statistics.streams_shared, of
    yield it.APPEND_LIMIT, statistics.append_limit, of
    if statistics.driver is not None:
        yield from _of_driver(statistics.driver, of)
    if statistics.feed is not None:
        yield from _of_feed(statistics.feed, of)


def _of_feed(feed: FeedStatistics, of: tuple[str, str]) -> Iterator[Measurement]:
    yield it.FEED_HEAD, feed.head, of
    yield it.FEED_LEADS, feed.leads, of
    for instrument, value in (
        (it.FEED_SILENCE, feed.silence),
        (it.FEED_UNDECIDED, feed.undecided),
        (it.FEED_LAG, feed.lag),
        (it.FEED_OLDEST, feed.oldest),
    ):
        if value is not None:
            yield instrument, value, of


def _of_member(
    statistics: SubscriptionStatistics, labels: tuple[str, str, str]
) -> Iterator[Measurement]:
    yield it.SUBSCRIPTION_SLICES, len(statistics.slices), labels
    yield it.SUBSCRIPTION_HELD, sum(each.is_held for each in statistics.slices), labels
    if statistics.silence is not None:
        yield it.SUBSCRIPTION_SILENCE, statistics.silence, labels
    for each in statistics.slices:
        of_slice = (*labels, str(each.slice))
        yield it.SUBSCRIPTION_LAG_EVENTS, each.events, of_slice
        yield it.SUBSCRIPTION_LAG, each.seconds, of_slice
        yield it.SUBSCRIPTION_PARKED, each.parked, of_slice


def _of_driver(driver: DriverMetrics, of: tuple[str, str]) -> Iterator[Measurement]:
    yield it.DRIVER_CONNECTIONS, driver.connections, of
    yield it.DRIVER_CONNECTION_TIMEOUTS, driver.connection_timeouts, of
    yield it.DRIVER_REQUEST_TIMEOUTS, driver.request_timeouts, of
    yield it.DRIVER_REQUESTS, driver.requests_per_second, of
    for quantile, seconds in (
        ("0.5", driver.latency_p50),
        ("0.95", driver.latency_p95),
        ("0.99", driver.latency_p99),
        ("0.999", driver.latency_p999),
        ("1", driver.latency_max),
    ):
        yield it.DRIVER_LATENCY, seconds, (*of, quantile)


def _labels(source: Source) -> tuple[str, str]:
    return source.keyspace, source.table


def _word(flag: bool) -> str:
    return "true" if flag else "false"
