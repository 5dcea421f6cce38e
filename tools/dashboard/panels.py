"""Panels: the graphs of the dashboard, row by row."""

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
        description: How to read it.
        unit: The unit, by Grafana's name.
        queries: Pairs of a legend and an expression in PromQL.
    """

    title: str
    description: str
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
    # `increase` misses the first sample of a series; some exporters create a series only then.
    first = f"({series} unless {series} offset {over})"
    return f"sum((increase({series}[{over}]) > 0) or {first} or 0 * {series})"


def _now(instrument: Instrument) -> str:
    # The comparison drops NaN, by which several processes report a store that is gone.
    return f"sum({_selected(instrument)} >= 0)"


def _highest(instrument: Instrument) -> str:
    # Of what the processes know of the same feed. The comparison drops NaN, as above.
    return f"max({_selected(instrument)} >= 0)"


def _of_each(
    function: str, instrument: Instrument, legend: str = ""
) -> tuple[tuple[str, str], ...]:
    query = f"{function} by (subscription) ({_selected(instrument)} >= 0)"
    return ((f"{{{{subscription}}}}{legend}", query),)


_STORED: Final = 'outcome="stored"'
_UNKNOWN: Final = 'outcome="unknown"'
_CONFLICT: Final = 'outcome="conflict"'

ROWS: Final[dict[str, tuple[Panel, ...]]] = {
    "Appends": (
        Panel(
            "Appends by outcome",
            "How appends ended, per second.",
            "ops",
            _rates(it.APPEND_DURATION, "outcome"),
        ),
        Panel(
            "Latency of stored appends",
            "The whole call: the time in the queue, and every attempt.",
            "s",
            _quantiles(it.APPEND_DURATION, _STORED),
        ),
        Panel(
            "Share of conflicts in all appends",
            "Appends that found the stream at another version. Many mean contention.",
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
            "Appends that no quorum settled in time. Their callers must append the events again.",
            "short",
            (("unknown", _increase(it.APPEND_DURATION, "_count", _UNKNOWN)),),
        ),
        Panel("Events stored", "Per second.", "ops", (("events", _rate(it.EVENTS_STORED)),)),
        Panel(
            "Size of appends, relative to their limit",
            "An append above 100 % is refused as too large.",
            "percentunit",
            _quantiles(it.APPEND_LIMIT_RATIO),
        ),
    ),
    "Settling": (
        Panel(
            "First attempts by outcome",
            "The first attempt to store each conditional batch.",
            "ops",
            _rates(it.ATTEMPT_DURATION, "outcome", 'settling="false"'),
        ),
        Panel(
            "Settle attempts by outcome",
            "Batches sent again because the outcome of an earlier attempt was unknown.",
            "ops",
            _rates(it.ATTEMPT_DURATION, "outcome", 'settling="true"'),
        ),
        Panel(
            "Faults by the driver's exception class",
            "How attempts failed.",
            "ops",
            _rates(it.FAULTS, "fault"),
        ),
        Panel(
            "Latency of attempts",
            "One conditional batch, from the request to its answer.",
            "s",
            _quantiles(it.ATTEMPT_DURATION),
        ),
        Panel("Size of batches", "Payload and metadata.", "bytes", _quantiles(it.BATCH_SIZE)),
        Panel(
            "Appends in a batch",
            "Appends to one stream that are stored together.",
            "short",
            _quantiles(it.BATCH_APPENDS),
        ),
    ),
    "Queues": (
        Panel(
            "Time in the queue",
            "In each process, the appends to one stream are queued.",
            "s",
            _quantiles(it.QUEUE_WAIT),
        ),
        Panel(
            "Depth of the queue",
            "Appends ahead of an append when it was queued.",
            "short",
            _quantiles(it.QUEUE_DEPTH),
        ),
        Panel(
            "Queued appends, streams with appends",
            "Now, in all processes.",
            "short",
            (
                ("queued appends", _now(it.APPENDS_WAITING)),
                ("streams", _now(it.STREAMS_APPENDING)),
                ("streams shared with other processes", _now(it.STREAMS_SHARED)),
            ),
        ),
    ),
    "Reads": (
        Panel(
            "Reads by outcome",
            "How reads ended, per second.",
            "ops",
            _rates(it.READ_DURATION, "outcome"),
        ),
        Panel("Events read", "Per second.", "ops", (("events", _rate(it.EVENTS_READ)),)),
        Panel(
            "Time that reads wait for pages",
            "In a whole read, without the reader's own time.",
            "s",
            _quantiles(it.READ_WAIT),
        ),
        Panel(
            "Pages",
            "Per second, serial ones apart.",
            "ops",
            _rates(it.PAGE_DURATION, "serial"),
        ),
        Panel("Latency of pages", "One page, retries included.", "s", _quantiles(it.PAGE_DURATION)),
        Panel("Size of pages", "Payload.", "bytes", _quantiles(it.PAGE_SIZE)),
        Panel(
            "Stored snapshots",
            "Loads, saves and rejections, by outcome.",
            "ops",
            _rates(it.SNAPSHOT_DURATION, "operation", "outcome"),
        ),
        Panel(
            "SERIAL repairs",
            "Reads that met an append in the middle of its commit, and completed it.",
            "ops",
            (("repairs", _rate(it.SERIAL_REPAIRS)),),
        ),
    ),
    "Feed": (
        Panel(
            "Delay of publication",
            "From the sequencer's first read of an announcement until its entry is in the log.",
            "s",
            _quantiles(it.FEED_PUBLISH_DELAY),
        ),
        Panel(
            "Events published and read",
            "Per second, by the sequencer and by readers of the feed.",
            "ops",
            (
                ("published", _rate(it.FEED_EVENTS_PUBLISHED)),
                ("read", _rate(it.FEED_EVENTS_READ)),
            ),
        ),
        Panel(
            "Events in the feed",
            "As far as any process knows.",
            "short",
            (("events", _highest(it.FEED_HEAD)),),
        ),
        Panel(
            "Lag of the head",
            "What is announced and not in the feed: events and appends. What a dead process left "
            "stays undecided.",
            "short",
            (
                ("events", _highest(it.FEED_LAG)),
                ("appends", _highest(it.FEED_UNDECIDED)),
            ),
        ),
        Panel(
            "Oldest undecided announcement",
            "Since the sequencer that works has read it.",
            "s",
            (("age", _highest(it.FEED_OLDEST)),),
        ),
        Panel(
            "Silence of the sequencer",
            "Since any process saw its beat. More than some seconds: nothing is published.",
            "s",
            (("silence", f"min({_selected(it.FEED_SILENCE)} >= 0)"),),
        ),
        Panel(
            "Sequencers that work",
            "One. Two for a moment do no harm.",
            "short",
            (("sequencers", _now(it.FEED_LEADS)),),
        ),
        Panel(
            "Changes of the lead, entries lost to another sequencer",
            "Per second. Many mean that sequencers cannot see each other's beats.",
            "ops",
            (
                *_rates(it.FEED_LEAD_CHANGES, "leads"),
                ("lost entries", _rate(it.FEED_LOST_APPENDS)),
            ),
        ),
        Panel(
            "Alarms",
            "Events that nobody announced, and lanes that waited in vain. Both stay at 0.",
            "short",
            (
                ("found by the scan", _increase(it.FEED_SCAN_FOUND, "", "")),
                ("held up", _increase(it.FEED_HELD_UP, "", "")),
            ),
        ),
        Panel(
            "Latency of pages of the feed",
            "A whole page, with the events of its streams.",
            "s",
            _quantiles(it.FEED_PAGE_DURATION),
        ),
    ),
    "Subscriptions": (
        Panel(
            "Lag in seconds",
            "The age of the event that the slowest slice is to handle next.",
            "s",
            _of_each("max", it.SUBSCRIPTION_LAG),
        ),
        Panel(
            "Lag in events",
            "Of the slowest slice; all events of the feed count.",
            "short",
            _of_each("max", it.SUBSCRIPTION_LAG_EVENTS),
        ),
        Panel(
            "Parked streams and held slices",
            "Streams whose event failed, with all that waits behind it, and slices that stay where "
            "they are. Both want an operator.",
            "short",
            (
                *_of_each("sum", it.SUBSCRIPTION_PARKED, ": parked"),
                *_of_each("sum", it.SUBSCRIPTION_HELD, ": held"),
            ),
        ),
        Panel(
            "Events by outcome",
            "What became of events, per second, in all subscriptions.",
            "ops",
            _rates(it.SUBSCRIPTION_EVENTS, "outcome"),
        ),
        Panel(
            "Time in handlers",
            "From the first call with an event or a page until the handler is done with it.",
            "s",
            _quantiles(it.SUBSCRIPTION_HANDLER),
        ),
        Panel(
            "Slices that are worked on",
            "In all processes. Less than a subscription has: nobody handles the rest.",
            "short",
            _of_each("sum", it.SUBSCRIPTION_SLICES),
        ),
        Panel(
            "Silence of members",
            "Since the last beat that was answered. Beyond the lease, others take the slices over.",
            "s",
            _of_each("max", it.SUBSCRIPTION_SILENCE),
        ),
        Panel(
            "Latency of commits",
            "How long it takes to store how far a slice is.",
            "s",
            _quantiles(it.SUBSCRIPTION_COMMIT),
        ),
        Panel(
            "Changes of leases",
            "Slices that were claimed, given back and lost, per second. Many mean that members "
            "come and go, or that beats are late.",
            "ops",
            _rates(it.SUBSCRIPTION_LEASE_CHANGES, "change"),
        ),
    ),
    "Requests and driver": (
        Panel(
            "Requests in flight",
            "In all processes, with their limit; at the limit, further requests wait.",
            "short",
            (("in flight", _now(it.IN_FLIGHT)), ("limit", _now(it.IN_FLIGHT_LIMIT))),
        ),
        Panel(
            "Connections of the driver",
            "To nodes, in all processes.",
            "short",
            (("connections", _now(it.DRIVER_CONNECTIONS)),),
        ),
        Panel(
            "Timeouts of the driver",
            "Connections and requests that timed out, per second.",
            "ops",
            (
                ("connections", _rate(it.DRIVER_CONNECTION_TIMEOUTS)),
                ("requests", _rate(it.DRIVER_REQUEST_TIMEOUTS)),
            ),
        ),
        Panel(
            "Latency in the driver",
            "Since it connected; the highest of all processes.",
            "s",
            (("p{{quantile}}", f"max by (quantile) ({_selected(it.DRIVER_LATENCY)})"),),
        ),
        Panel(
            "Requests of the driver",
            "Per second, over about a minute.",
            "reqps",
            (("requests", _now(it.DRIVER_REQUESTS)),),
        ),
    ),
}
