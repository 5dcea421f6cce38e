"""Statistics: how busy a store is at this moment, and what its driver has counted."""

from .hooks import Source
from .values import value


@value
class DriverMetrics:
    """
    What the driver has counted since it connected.

    Attributes:
        connections: The number of connections to nodes, now.
        connection_timeouts: Connections that timed out while they were opened.
        request_timeouts: Requests that were not answered in time, including lost connections.
        requests_per_second: Over the last minute, weighted exponentially.
        latency_mean: The mean duration of a request, in seconds.
        latency_p50: The median, in seconds.
        latency_p95: The 95th percentile, in seconds.
        latency_p99: The 99th percentile, in seconds.
        latency_p999: The 99.9th percentile, in seconds.
        latency_max: The duration of the slowest request, in seconds.
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
class FeedStatistics:
    """
    What a store knows of the feed of its table at this moment.

    Attributes:
        head: How many events the feed holds, as far as this store has read its end.
        leads: Whether the sequencer of this store works. Others only watch the one that does.
        silence: Seconds since this store saw the beat of the sequencer that works, by its own
            monotonic clock; None if it does not watch. More than a few mean that nobody publishes.
        undecided: How many announcements are undecided, or not published yet. Only the sequencer
            that works knows this, and what follows; None in all others.
        lag: How many events these announce: at most that many are stored and not in the feed.
        oldest: Seconds since it read the oldest of these announcements; 0 if there are none.
        from_memory: How many events this store's readers of the feed got without a read, because it
            had just appended them itself.
    """

    head: int
    leads: bool
    silence: float | None = None
    undecided: int | None = None
    lag: int | None = None
    oldest: float | None = None
    from_memory: int = 0


@value
class SliceStatistics:
    """
    How far a slice is at this moment, as the member knows that works on it.

    Attributes:
        slice: The slice.
        events: How many events are between its position and the end of the feed, as it last saw
            that end. All of the feed count: at most that many are left to handle.
        seconds: The age of the event in hand, by the clocks of this process and of its writer; 0
            if the slice was at the end of the feed when it last looked.
        parked: How many of its streams are parked.
        is_held: Whether it stays where it is: at an event that fails, or in an outage.
    """

    slice: int
    events: int
    seconds: float
    parked: int
    is_held: bool


@value
class SubscriptionStatistics:
    """
    How a member of a consumer group is at this moment.

    Attributes:
        source: The store that keeps the subscription.
        name: The name of the subscription.
        slices: The slices that the member works on.
        silence: Seconds since its last beat was answered; None before the first one, and if it does
            not run.
    """

    source: Source
    name: str
    slices: tuple[SliceStatistics, ...] = ()
    silence: float | None = None


@value
class Statistics:
    """
    How busy a store is at this moment.

    Attributes:
        source: The store.
        in_flight: The number of requests in flight.
        in_flight_limit: The most requests that may be in flight: `Settings.max_in_flight`.
        appends_waiting: The number of queued appends.
        streams_appending: The number of streams with appends in progress.
        append_limit: The most bytes that an append may have: `Settings.max_append_bytes`.
        driver: What the driver has counted. None in memory, in a forked child process, if the
            store is closed, and for a session without metrics.
        feed: What the store knows of its feed; None without a feed, and before its first append or
            read of the feed.
        streams_shared: The number of streams on which this process takes turns with others, since
            it met their appends lately.
        conflicts: How many batches were refused since the store was made because another process
            was faster, and were planned again. Only of appends without an exact expected version.
    """

    source: Source
    in_flight: int
    in_flight_limit: int
    appends_waiting: int
    streams_appending: int
    append_limit: int
    driver: DriverMetrics | None = None
    feed: FeedStatistics | None = None
    streams_shared: int = 0
    conflicts: int = 0
