"""Health: whether a store works at this moment, for readiness probes."""

from .values import value


@value
class Health:
    """
    Whether a store works at this moment.

    Attributes:
        connected: Whether there is a connection to a node.
        schema_usable: Whether the table exists, with a schema version that this library uses, when
            it was last checked; False if it could never be checked.
        quorum: Whether a quorum answered a read of the table in time.
        latency: Seconds that the read took; None if it was not answered.
        in_flight: The number of requests in flight.
        appends_waiting: The number of queued appends.
        reasons: Why the store is not ready, for people to read; empty if it is ready.
        sequenced: Whether a sequencer works on the feed of the table, as far as this store has seen
            its beat. None without a feed, in memory, and before the beat was watched long enough.
        warnings: What is wrong and does not keep the store from being ready, for people to read:
            that nobody sequences the feed, or why the store's own sequencer does not work. Appends
            and reads of streams go on.
    """

    connected: bool
    schema_usable: bool
    quorum: bool
    latency: float | None
    in_flight: int
    appends_waiting: int
    reasons: tuple[str, ...] = ()
    sequenced: bool | None = None
    warnings: tuple[str, ...] = ()

    @classmethod
    def closed(cls) -> "Health":
        """Return the health of a closed store."""
        return cls(
            connected=False,
            schema_usable=False,
            quorum=False,
            latency=None,
            in_flight=0,
            appends_waiting=0,
            reasons=("the store is closed",),
        )

    @property
    def is_ready(self) -> bool:
        """Whether requests should be sent to this process."""
        return self.connected and self.schema_usable and self.quorum
