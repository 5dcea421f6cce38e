"""Statistics: how busy a store is now, and what its driver has counted."""

from .hooks import Source
from .values import value


@value
class DriverMetrics:
    """
    What the driver has counted since it connected.

    Attributes:
        connections: Connections to nodes, now.
        connection_timeouts: Connections that could not be made in time.
        request_timeouts: Requests that had no answer in time, lost connections among them.
        requests_per_second: Of the last minute, weighted exponentially.
        latency_mean: Seconds that a request took, in the mean.
        latency_p50: Seconds that half of the requests took at most.
        latency_p95: Seconds that 95 of 100 requests took at most.
        latency_p99: Seconds that 99 of 100 requests took at most.
        latency_p999: Seconds that 999 of 1,000 requests took at most.
        latency_max: Seconds that the slowest request took.
    """

    connections: int
    connection_timeouts: int
    request_timeouts: int
    requests_per_second: float
    latency_mean: float
    latency_p50: float
    latency_p95: float
    latency_p99: float
    latency_p999: float
    latency_max: float


@value
class Statistics:
    """
    How busy a store is at this moment.

    Attributes:
        source: The store.
        in_flight: Requests at the server.
        in_flight_limit: How many there may be, by `Settings.max_in_flight`.
        appends_waiting: Appends that wait for their stream's turn.
        streams_appending: Streams that are being appended to.
        append_limit: Bytes that an append may have, by `Settings.max_append_bytes`.
        driver: What the driver has counted; None in memory, in a forked child, where the store is
            closed, and for a session that counts nothing.
    """

    source: Source
    in_flight: int
    in_flight_limit: int
    appends_waiting: int
    streams_appending: int
    append_limit: int
    driver: DriverMetrics | None = None
