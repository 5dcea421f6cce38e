"""Instruments: the metrics of the adapters, with their names, units, labels and buckets."""

from dataclasses import dataclass
from typing import Final, Literal, get_args

from ..hooks import AppendOutcome, CommittedOutcome, HandledOutcome, LeaseChange, ReadOutcome

Kind = Literal["counter", "histogram", "gauge"]

_SUFFIXES: Final = {"s": "_seconds", "By": "_bytes", "{request}/s": "_per_second"}

KEYSPACE: Final = "db.namespace"
TABLE: Final = "db.collection.name"
"""The two labels that every metric has, named as in OpenTelemetry's conventions."""


@dataclass(frozen=True, slots=True)
class Instrument:
    """
    A metric.

    Attributes:
        key: Its name after ``event_store.``.
        kind: ``"counter"``, ``"histogram"`` or ``"gauge"``.
        unit: The unit, in UCUM, as OpenTelemetry requires.
        description: What it measures.
        labels: Its labels besides keyspace and table. Each has few values, whatever is stored.
        buckets: The upper bounds of a histogram's buckets.
        observed: Whether it is read from the stores at collection, not recorded by hooks.
        known_values: The values of its last label, if Prometheus is to show all of them from the
            start: its ``increase`` does not count the first sample of a series.
    """

    key: str
    kind: Kind
    unit: str
    description: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()
    observed: bool = False
    known_values: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Its name in OpenTelemetry."""
        return f"event_store.{self.key}"

    @property
    def prometheus_name(self) -> str:
        """Its name in Prometheus, translated by OpenTelemetry's own rules."""
        total = "_total" if self.kind == "counter" else ""
        return f"{self.name.replace('.', '_')}{_SUFFIXES.get(self.unit, '')}{total}"

    @property
    def all_labels(self) -> tuple[str, ...]:
        """All of its labels, in order."""
        return (KEYSPACE, TABLE, *self.labels)

    @property
    def prometheus_labels(self) -> tuple[str, ...]:
        """All of its labels, in order, by their names in Prometheus."""
        return tuple(label.replace(".", "_") for label in self.all_labels)


SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_BYTES: Final = tuple(float(4**power) for power in range(4, 12))
_RATIOS: Final = (0.1, 0.25, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0)
_DEPTHS: Final = (0.0, 1.0, 2.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 1000.0, 10_000.0)
_HANDLER_SECONDS: Final = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 60.0, 300.0)
_COUNTS: Final = (1.0, 2.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0)


def _duration(key: str, description: str, *labels: str) -> Instrument:
    return Instrument(key, "histogram", "s", description, labels, SECONDS)


def _observed(key: str, kind: Kind, unit: str, description: str, *labels: str) -> Instrument:
    return Instrument(key, kind, unit, description, labels, observed=True)


APPEND_DURATION: Final = Instrument(
    "append.duration",
    "histogram",
    "s",
    "Duration of appends",
    ("outcome",),
    SECONDS,
    known_values=get_args(AppendOutcome),
)
APPEND_SIZE: Final = Instrument(
    "append.size", "histogram", "By", "Size of an append: payload and metadata", (), _BYTES
)
APPEND_LIMIT_RATIO: Final = Instrument(
    "append.limit_ratio", "histogram", "1", "Size of an append, divided by its limit", (), _RATIOS
)
EVENTS_STORED: Final = Instrument("events.stored", "counter", "{event}", "Events stored")
QUEUE_WAIT: Final = _duration("queue.wait", "Time that an append was queued for its stream")
QUEUE_DEPTH: Final = Instrument(
    "queue.depth",
    "histogram",
    "{append}",
    "Appends ahead of an append when it was queued",
    (),
    _DEPTHS,
)
ATTEMPT_DURATION: Final = _duration(
    "attempt.duration",
    "Attempts to store a batch; those after the first settle",
    "outcome",
    "settling",
)
BATCH_SIZE: Final = Instrument(
    "batch.size", "histogram", "By", "Size of a conditional batch: payload and metadata", (), _BYTES
)
BATCH_APPENDS: Final = Instrument(
    "batch.appends", "histogram", "{append}", "Appends in one batch", (), _COUNTS
)
FAULTS: Final = Instrument(
    "faults",
    "counter",
    "{fault}",
    "Attempts that failed, by the driver's exception class",
    ("fault",),
)
PAGE_DURATION: Final = _duration("page.duration", "Duration of page requests", "serial")
PAGE_SIZE: Final = Instrument("page.size", "histogram", "By", "Size of a page: payload", (), _BYTES)
SERIAL_REPAIRS: Final = Instrument(
    "serial_repairs", "counter", "{repair}", "Reads repeated at the serial level because of a hole"
)
READ_DURATION: Final = Instrument(
    "read.duration",
    "histogram",
    "s",
    "Duration of reads, including the reader's own time",
    ("outcome",),
    SECONDS,
    known_values=get_args(ReadOutcome),
)
READ_WAIT: Final = _duration("read.wait", "Time that a read waited for pages")
EVENTS_READ: Final = Instrument("events.read", "counter", "{event}", "Events returned to readers")
SNAPSHOT_DURATION: Final = _duration(
    "snapshot.duration", "Duration of calls on stored snapshots", "operation", "outcome"
)

FEED_PAGE_DURATION: Final = _duration(
    "feed.page.duration", "Duration of reads of a page of the feed"
)
FEED_EVENTS_READ: Final = Instrument(
    "feed.events.read", "counter", "{event}", "Events of the feed returned to readers"
)
FEED_EVENTS_PUBLISHED: Final = Instrument(
    "feed.events.published", "counter", "{event}", "Events that this process's sequencer published"
)
FEED_PUBLISH_DELAY: Final = Instrument(
    "feed.publish_delay",
    "histogram",
    "s",
    "From the sequencer's first read of an announcement until its entry is in the log",
    (),
    (*SECONDS, 30.0, 60.0, 300.0),
)
FEED_LOST_APPENDS: Final = Instrument(
    "feed.lost_appends", "counter", "{entry}", "Entries that another sequencer appended first"
)
FEED_SCAN_FOUND: Final = Instrument(
    "feed.scan_found", "counter", "{event}", "Events that nobody announced, found by the scan"
)
FEED_HELD_UP: Final = Instrument(
    "feed.held_up", "counter", "{lane}", "Lanes that waited in vain for events that come first"
)
FEED_LEAD_CHANGES: Final = Instrument(
    "feed.lead_changes",
    "counter",
    "{change}",
    "How often this process's sequencer took or lost the lead",
    ("leads",),
)

SUBSCRIPTION_EVENTS: Final = Instrument(
    "subscription.events",
    "counter",
    "{event}",
    "Events of subscriptions, by what became of them",
    ("subscription", "outcome"),
    known_values=get_args(HandledOutcome),
)
SUBSCRIPTION_HANDLER: Final = Instrument(
    "subscription.handler",
    "histogram",
    "s",
    "From the first call of a handler with an event or a page until it is done with it",
    ("subscription",),
    _HANDLER_SECONDS,
)
SUBSCRIPTION_COMMIT: Final = Instrument(
    "subscription.commit",
    "histogram",
    "s",
    "Duration of commits of how far a slice is",
    ("subscription", "outcome"),
    SECONDS,
    known_values=get_args(CommittedOutcome),
)
SUBSCRIPTION_LEASE_CHANGES: Final = Instrument(
    "subscription.lease_changes",
    "counter",
    "{change}",
    "Slices that this process claimed, gave back or lost",
    ("subscription", "change"),
    known_values=get_args(LeaseChange),
)

IN_FLIGHT: Final = _observed("requests.in_flight", "gauge", "{request}", "Requests in flight")
IN_FLIGHT_LIMIT: Final = _observed(
    "requests.in_flight_limit", "gauge", "{request}", "Limit of the requests in flight"
)
APPENDS_WAITING: Final = _observed("appends.waiting", "gauge", "{append}", "Appends queued now")
STREAMS_APPENDING: Final = _observed(
    "streams.appending", "gauge", "{stream}", "Streams with appends in progress"
)
STREAMS_SHARED: Final = _observed(
    "streams.shared",
    "gauge",
    "{stream}",
    "Streams on which this process takes turns with others",
)
APPEND_LIMIT: Final = _observed("append.limit", "gauge", "By", "Limit of the bytes in an append")
DRIVER_CONNECTIONS: Final = _observed(
    "driver.connections", "gauge", "{connection}", "Connections of the driver to nodes"
)
DRIVER_CONNECTION_TIMEOUTS: Final = _observed(
    "driver.connection_timeouts", "counter", "{timeout}", "Connections that timed out"
)
DRIVER_REQUEST_TIMEOUTS: Final = _observed(
    "driver.request_timeouts", "counter", "{timeout}", "Requests that timed out"
)
DRIVER_REQUESTS: Final = _observed(
    "driver.requests", "gauge", "{request}/s", "Requests per second, over about a minute"
)
DRIVER_LATENCY: Final = _observed(
    "driver.latency", "gauge", "s", "Latency of requests since the driver connected", "quantile"
)
FEED_HEAD: Final = _observed("feed.head", "gauge", "{event}", "Events in the feed")
FEED_UNDECIDED: Final = _observed(
    "feed.undecided", "gauge", "{append}", "Announced appends that are undecided or not published"
)
FEED_LAG: Final = _observed(
    "feed.lag", "gauge", "{event}", "Events announced and not in the feed, stored or not"
)
FEED_OLDEST: Final = _observed(
    "feed.oldest", "gauge", "s", "Age of the oldest announcement that is undecided or not published"
)
FEED_SILENCE: Final = _observed(
    "feed.silence", "gauge", "s", "Time since the store saw the beat of the sequencer that works"
)
FEED_LEADS: Final = _observed(
    "feed.leads", "gauge", "{sequencer}", "Sequencers of this process that work: 0 or 1"
)
SUBSCRIPTION_LAG_EVENTS: Final = _observed(
    "subscription.lag_events",
    "gauge",
    "{event}",
    "Events of the feed between a slice and the end of the feed, as the slice last saw it",
    "subscription",
    "slice",
)
SUBSCRIPTION_LAG: Final = _observed(
    "subscription.lag",
    "gauge",
    "s",
    "Age of the event that a slice is to handle next; 0 at the end of the feed",
    "subscription",
    "slice",
)
SUBSCRIPTION_PARKED: Final = _observed(
    "subscription.parked_streams",
    "gauge",
    "{stream}",
    "Parked streams of a slice",
    "subscription",
    "slice",
)
SUBSCRIPTION_HELD: Final = _observed(
    "subscription.held_slices",
    "gauge",
    "{slice}",
    "Slices that stay where they are: at an event that fails, or in an outage",
    "subscription",
)
SUBSCRIPTION_SLICES: Final = _observed(
    "subscription.slices", "gauge", "{slice}", "Slices that this process works on", "subscription"
)
SUBSCRIPTION_SILENCE: Final = _observed(
    "subscription.silence",
    "gauge",
    "s",
    "Time since a beat of this process was answered",
    "subscription",
)

INSTRUMENTS: Final = tuple(
    instrument for instrument in globals().values() if isinstance(instrument, Instrument)
)
"""All of the metrics, in order."""
