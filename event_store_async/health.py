"""Health: whether a store can do its work now, for readiness probes."""

from .values import value


@value
class Health:
    """
    Whether a store can do its work at this moment.

    Attributes:
        connected: There is a connection to a node.
        schema_usable: The table is there, and of a version that this library uses, as far as it
            was last seen; False where nobody could ever be asked.
        quorum: A quorum answered a read of the table, in time.
        latency: Seconds that the read took; None where it was not answered.
        in_flight: Requests at the server.
        appends_waiting: Appends that wait for their stream's turn.
        reasons: Why it is not ready, in words for people; empty where it is.
    """

    connected: bool
    schema_usable: bool
    quorum: bool
    latency: float | None
    in_flight: int
    appends_waiting: int
    reasons: tuple[str, ...] = ()

    @classmethod
    def closed(cls) -> "Health":
        """Return the health of a store that is closed."""
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
