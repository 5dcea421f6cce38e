"""Panels: what the dashboard shows, row by row."""

from dataclasses import dataclass
from typing import Final

from event_store_async.telemetry import instruments as it
from event_store_async.telemetry.instruments import Instrument

_TABLE: Final = 'db_namespace=~"$keyspace", db_collection_name=~"$table"'
_QUANTILES: Final = (0.5, 0.95, 0.99)


@dataclass(frozen=True, slots=True)
class Panel:
    """
    One graph.

    Attributes:
        title: Its title.
        says: What to make of it.
        unit: Grafana's name of the unit.
        queries: Expressions in PromQL, by their legends.
    """

    title: str
    says: str
    unit: str
    queries: tuple[tuple[str, str], ...]


def _selected(instrument: Instrument, part: str = "", matchers: str = "") -> str:
    also = f", {matchers}" if matchers else ""
    return f"{instrument.prometheus_name}{part}{{{_TABLE}{also}}}"


def _rate(instrument: Instrument, part: str = "", matchers: str = "", by: str = "") -> str:
    over = f"rate({_selected(instrument, part, matchers)}[$__rate_interval])"
    return f"sum by ({by}) ({over})" if by else f"sum({over})"


def _rates(instrument: Instrument, by: str, matchers: str = "") -> tuple[tuple[str, str], ...]:
    part = "_count" if instrument.kind == "histogram" else ""
    return ((f"{{{{{by}}}}}", _rate(instrument, part, matchers, by)),)


def _quantiles(instrument: Instrument, matchers: str = "") -> tuple[tuple[str, str], ...]:
    buckets = _rate(instrument, "_bucket", matchers, "le")
    return tuple((f"p{q * 100:g}", f"histogram_quantile({q}, {buckets})") for q in _QUANTILES)


def _increase(instrument: Instrument, part: str, matchers: str) -> str:
    series, over = _selected(instrument, part, matchers), "$__rate_interval"
    # `increase` does not see a series' first sample; some exporters make a series when it happens.
    first = f"({series} unless {series} offset {over})"
    return f"sum((increase({series}[{over}]) > 0) or {first} or 0 * {series})"


def _now(instrument: Instrument) -> str:
    return f"sum({_selected(instrument)})"


_STORED: Final = 'outcome="stored"'
_UNKNOWN: Final = 'outcome="unknown"'
_CONFLICT: Final = 'outcome="conflict"'

ROWS: Final[dict[str, tuple[Panel, ...]]] = {
    "Appends": (
        Panel(
            "Appends by outcome",
            "What came of appends, each second.",
            "ops",
            _rates(it.APPEND_DURATION, "outcome"),
        ),
        Panel(
            "Latency of appends that were stored",
            "The whole call: waiting for the stream's turn, and every attempt.",
            "s",
            _quantiles(it.APPEND_DURATION, _STORED),
        ),
        Panel(
            "Conflicts, of all appends",
            "Appends that found the stream elsewhere. Many mean that it is contended.",
            "percentunit",
            (
                (
                    "conflicts",
                    f"{_rate(it.APPEND_DURATION, '_count', _CONFLICT)} / "
                    f"{_rate(it.APPEND_DURATION, '_count')}",
                ),
            ),
        ),
        Panel(
            "Unknown outcomes",
            "Appends that no quorum settled in time. Each must be appended again by its caller.",
            "short",
            (("unknown", _increase(it.APPEND_DURATION, "_count", _UNKNOWN)),),
        ),
        Panel("Events stored", "Each second.", "ops", (("events", _rate(it.EVENTS_STORED)),)),
        Panel(
            "Size of appends, against their limit",
            "At 100 % an append is refused as too large.",
            "percentunit",
            _quantiles(it.APPEND_LIMIT_RATIO),
        ),
    ),
    "Settling": (
        Panel(
            "First attempts by outcome",
            "Conditional batches as they were first sent.",
            "ops",
            _rates(it.ATTEMPT_DURATION, "outcome", 'settling="false"'),
        ),
        Panel(
            "Settle attempts by outcome",
            "Batches that were sent again, since what became of them was unknown.",
            "ops",
            _rates(it.ATTEMPT_DURATION, "outcome", 'settling="true"'),
        ),
        Panel(
            "Faults by the driver's class",
            "What attempts met instead of an answer.",
            "ops",
            _rates(it.FAULTS, "fault"),
        ),
        Panel(
            "Latency of attempts",
            "One conditional batch, from sending it to its answer.",
            "s",
            _quantiles(it.ATTEMPT_DURATION),
        ),
        Panel("Size of batches", "Payload and metadata.", "bytes", _quantiles(it.BATCH_SIZE)),
        Panel(
            "Appends that share a batch", "By group commit.", "short", _quantiles(it.BATCH_APPENDS)
        ),
    ),
    "StreamQueues": (
        Panel(
            "Waiting for the stream's turn",
            "Appends of one process to one stream take turns.",
            "s",
            _quantiles(it.LANE_WAIT),
        ),
        Panel(
            "Depth of lanes", "How many waited when one came.", "short", _quantiles(it.LANE_DEPTH)
        ),
        Panel(
            "Appends waiting, streams appending",
            "At this moment, over all processes.",
            "short",
            (
                ("appends waiting", _now(it.APPENDS_WAITING)),
                ("streams", _now(it.STREAMS_APPENDING)),
            ),
        ),
    ),
    "Reads": (
        Panel(
            "Reads by outcome",
            "How reads ended, each second.",
            "ops",
            _rates(it.READ_DURATION, "outcome"),
        ),
        Panel("Events read", "Each second.", "ops", (("events", _rate(it.EVENTS_READ)),)),
        Panel(
            "Waiting of reads for pages",
            "What a whole read waited; its reader's own time is not in it.",
            "s",
            _quantiles(it.READ_WAIT),
        ),
        Panel("Pages", "Each second, by level.", "ops", _rates(it.PAGE_DURATION, "serial")),
        Panel("Latency of pages", "One page.", "s", _quantiles(it.PAGE_DURATION)),
        Panel("Size of pages", "Payload.", "bytes", _quantiles(it.PAGE_SIZE)),
        Panel(
            "SERIAL repairs",
            "Reads that met an append half-way through its commit, and finished it.",
            "ops",
            (("repairs", _rate(it.SERIAL_REPAIRS)),),
        ),
    ),
    "Requests and driver": (
        Panel(
            "Requests in flight",
            "Of all processes, and how many there may be; at the limit, requests wait.",
            "short",
            (("in flight", _now(it.IN_FLIGHT)), ("limit", _now(it.IN_FLIGHT_LIMIT))),
        ),
        Panel(
            "Connections of the driver",
            "To nodes, over all processes.",
            "short",
            (("connections", _now(it.DRIVER_CONNECTIONS)),),
        ),
        Panel(
            "Timeouts of the driver",
            "Connections and requests that were not answered in time.",
            "ops",
            (
                ("connections", _rate(it.DRIVER_CONNECTION_TIMEOUTS)),
                ("requests", _rate(it.DRIVER_REQUEST_TIMEOUTS)),
            ),
        ),
        Panel(
            "Latency by the driver",
            "Since it connected; of several processes, the worst.",
            "s",
            (("p{{quantile}}", f"max by (quantile) ({_selected(it.DRIVER_LATENCY)})"),),
        ),
        Panel(
            "Requests by the driver",
            "Each second, over about a minute.",
            "reqps",
            (("requests", _now(it.DRIVER_REQUESTS)),),
        ),
    ),
}
