"""Measurements: what each record, and each store, adds to which metric."""

import time
import weakref
from collections.abc import Iterator
from typing import Final, Protocol, TypeAlias

from ..hooks import (
    AppendEnded,
    AttemptEnded,
    PageRead,
    ReadEnded,
    Record,
    SerialRepair,
    SnapshotEnded,
    Source,
)
from ..statistics import DriverMetrics, Statistics
from . import instruments as it
from .instruments import Instrument

Measurement: TypeAlias = tuple[Instrument, float, tuple[str, ...]]
"""A metric, the value to record, and the values of all its labels."""


class Observable(Protocol):
    """A store with statistics, as `EventStore` and `MemoryEventStore` have them."""

    def statistics(self) -> Statistics:
        """Return how busy the store is; callable from any thread, and never raises."""


def measurements(record: Record) -> Iterator[Measurement]:
    """Yield what a record adds to the metrics."""
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


_FRESH: Final = 1.0
"""Seconds for which statistics are used again, so that they are read once a collection and not once
a metric: the driver takes a while to compute them, and holds the GIL."""


class Gauges:
    """
    Reads the statistics of the observed stores when metrics are collected.

    Stores are held weakly: one that is gone is dropped. Several stores of one table count as one:
    their numbers are added up, except latencies and append limits, of which the highest counts.
    """

    def __init__(self) -> None:
        self._stores: list[weakref.ref[Observable]] = []
        self._read: tuple[Measurement, ...] = ()
        self._fresh_until = 0.0

    def add(self, store: Observable) -> None:
        """Observe a store from now on."""
        self._stores = [*(known for known in self._stores if known() not in {None, store})]
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
                if instrument in {it.DRIVER_LATENCY, it.APPEND_LIMIT}:
                    found[key] = max(value, found.get(key, 0.0))
                else:
                    found[key] = value + found.get(key, 0.0)
        return tuple((instrument, value, labels) for (instrument, labels), value in found.items())


def _observed(statistics: Statistics) -> Iterator[Measurement]:
    of = _labels(statistics.source)
    yield it.IN_FLIGHT, statistics.in_flight, of
    yield it.IN_FLIGHT_LIMIT, statistics.in_flight_limit, of
    yield it.APPENDS_WAITING, statistics.appends_waiting, of
    yield it.STREAMS_APPENDING, statistics.streams_appending, of
    yield it.APPEND_LIMIT, statistics.append_limit, of
    if statistics.driver is not None:
        yield from _of_driver(statistics.driver, of)


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
