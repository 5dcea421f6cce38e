"""Instruments: the metrics that the adapters make, their names, units, labels and buckets."""

from dataclasses import dataclass
from typing import Final, Literal, get_args

from ..hooks import AppendOutcome, ReadOutcome

Kind = Literal["counter", "histogram", "gauge"]

_SUFFIXES: Final = {"s": "_seconds", "By": "_bytes", "{request}/s": "_per_second"}

KEYSPACE: Final = "db.namespace"
TABLE: Final = "db.collection.name"
"""Two labels that every metric has; the names are OpenTelemetry's."""


@dataclass(frozen=True, slots=True)
class Instrument:
    """
    A metric.

    Attributes:
        key: Its name below ``event_store.``.
        kind: ``"counter"``, ``"histogram"``, or ``"gauge"``.
        unit: By UCUM, as OpenTelemetry wants it.
        says: What it measures.
        labels: Its labels besides keyspace and table. Each has few values, whatever is stored.
        buckets: A histogram's upper bounds.
        observed: Read from stores at collection, rather than recorded by hooks.
        known: The values of its one label, where Prometheus is to show all of them from the start:
            its ``increase`` does not see a series' first sample.
    """

    key: str
    kind: Kind
    unit: str
    says: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()
    observed: bool = False
    known: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Its name in OpenTelemetry."""
        return f"event_store.{self.key}"

    @property
    def prometheus_name(self) -> str:
        """Its name in Prometheus, as OpenTelemetry's own rules translate the other."""
        total = "_total" if self.kind == "counter" else ""
        return f"{self.name.replace('.', '_')}{_SUFFIXES.get(self.unit, '')}{total}"

    @property
    def all_labels(self) -> tuple[str, ...]:
        """All its labels, in order."""
        return (KEYSPACE, TABLE, *self.labels)


SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_BYTES: Final = tuple(float(4**power) for power in range(4, 12))
_SHARES: Final = (0.1, 0.25, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0)
_WAITING: Final = (0.0, 1.0, 2.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 1000.0, 10_000.0)
_TOGETHER: Final = (1.0, 2.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0)


def _duration(key: str, says: str, *labels: str) -> Instrument:
    return Instrument(key, "histogram", "s", says, labels, SECONDS)


def _observed(key: str, kind: Kind, unit: str, says: str, *labels: str) -> Instrument:
    return Instrument(key, kind, unit, says, labels, observed=True)


APPEND_DURATION: Final = Instrument(
    "append.duration",
    "histogram",
    "s",
    "Appends, by outcome",
    ("outcome",),
    SECONDS,
    known=get_args(AppendOutcome),
)
APPEND_SIZE: Final = Instrument(
    "append.size", "histogram", "By", "Payload and metadata of an append", (), _BYTES
)
APPEND_LIMIT_RATIO: Final = Instrument(
    "append.limit_ratio", "histogram", "1", "Size of an append, against its limit", (), _SHARES
)
EVENTS_STORED: Final = Instrument("events.stored", "counter", "{event}", "Events stored")
LANE_WAIT: Final = _duration("lane.wait", "Waiting of appends for their stream's turn")
LANE_DEPTH: Final = Instrument(
    "lane.depth",
    "histogram",
    "{append}",
    "Appends that waited for the stream when one came",
    (),
    _WAITING,
)
ATTEMPT_DURATION: Final = _duration(
    "attempt.duration", "Conditional batches; settling are all but the first", "outcome", "settling"
)
BATCH_SIZE: Final = Instrument(
    "batch.size", "histogram", "By", "Payload and metadata of a conditional batch", (), _BYTES
)
BATCH_APPENDS: Final = Instrument(
    "batch.appends", "histogram", "{append}", "Appends that shared a batch", (), _TOGETHER
)
FAULTS: Final = Instrument(
    "faults", "counter", "{fault}", "Attempts that met a fault, by the driver's class", ("fault",)
)
PAGE_DURATION: Final = _duration("page.duration", "Pages of reads", "serial")
PAGE_SIZE: Final = Instrument("page.size", "histogram", "By", "Payload of a page", (), _BYTES)
SERIAL_REPAIRS: Final = Instrument(
    "serial_repairs", "counter", "{repair}", "Holes that were read again at the serial level"
)
READ_DURATION: Final = Instrument(
    "read.duration",
    "histogram",
    "s",
    "Reads, their readers' own time too",
    ("outcome",),
    SECONDS,
    known=get_args(ReadOutcome),
)
READ_WAIT: Final = _duration("read.wait", "Waiting of reads for pages")
EVENTS_READ: Final = Instrument("events.read", "counter", "{event}", "Events given to readers")

IN_FLIGHT: Final = _observed("requests.in_flight", "gauge", "{request}", "Requests at the server")
IN_FLIGHT_LIMIT: Final = _observed(
    "requests.in_flight_limit", "gauge", "{request}", "How many there may be"
)
APPENDS_WAITING: Final = _observed(
    "appends.waiting", "gauge", "{append}", "Appends that wait for their stream's turn"
)
STREAMS_APPENDING: Final = _observed(
    "streams.appending", "gauge", "{stream}", "Streams that are being appended to"
)
APPEND_LIMIT: Final = _observed("append.limit", "gauge", "By", "Bytes that an append may have")
DRIVER_CONNECTIONS: Final = _observed(
    "driver.connections", "gauge", "{connection}", "The driver's connections to nodes"
)
DRIVER_CONNECTION_TIMEOUTS: Final = _observed(
    "driver.connection_timeouts", "counter", "{timeout}", "Connections not made in time"
)
DRIVER_REQUEST_TIMEOUTS: Final = _observed(
    "driver.request_timeouts", "counter", "{timeout}", "Requests not answered in time"
)
DRIVER_REQUESTS: Final = _observed(
    "driver.requests", "gauge", "{request}/s", "Requests a second, over about a minute"
)
DRIVER_LATENCY: Final = _observed(
    "driver.latency", "gauge", "s", "Latency of requests since the driver connected", "quantile"
)

INSTRUMENTS: Final = tuple(
    instrument for instrument in globals().values() if isinstance(instrument, Instrument)
)
"""All of them, in order."""
