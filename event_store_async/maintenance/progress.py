"""Progress: what a job has counted so far, for reports, checkpoints and callbacks."""

from dataclasses import dataclass, field
from typing import Any, Self

from .checkpoint import checked_digest, checked_int
from .digest import StoreDigest, StreamDigest


@dataclass(slots=True)
class Totals:
    """
    Counts over streams and events, which grow while a job runs.

    Attributes:
        streams: Streams that are done and have events.
        events: Their events, and those read so far of streams that are not done.
        bytes: Bytes of payload and metadata of these events, as stored.
        digest: The digest over the streams that are done.
    """

    streams: int = 0
    events: int = 0
    bytes: int = 0
    digest: StoreDigest = field(default_factory=StoreDigest)

    def add_stream(self, stream: StreamDigest) -> None:
        """Count a stream that is done; not its events, which are counted separately."""
        if stream.events:
            self.streams += 1
            self.digest.add(stream)

    def merge(self, other: "Totals") -> None:
        """Add other totals to these."""
        self.streams += other.streams
        self.events += other.events
        self.bytes += other.bytes
        self.digest.merge(other.digest)

    def to_json(self) -> dict[str, Any]:
        """Return the totals for a checkpoint."""
        return {
            "streams": self.streams,
            "events": self.events,
            "bytes": self.bytes,
            "digest": str(self.digest),
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Return the totals of a checkpoint; raises KeyError, TypeError, ValueError."""
        return cls(
            checked_int(data["streams"]),
            checked_int(data["events"]),
            checked_int(data["bytes"]),
            StoreDigest(checked_digest(data["digest"]).hex()),
        )


@dataclass(frozen=True, slots=True)
class Earlier:
    """
    What a report counts that earlier runs did, as their checkpoint says. This run did not check it.

    Attributes:
        streams: Streams that they did.
        events: Events that they did.
    """

    streams: int
    events: int


@dataclass(frozen=True, slots=True)
class Progress:
    """
    How far a job has come.

    Attributes:
        fraction: How much of it is done, from 0 to 1.
        streams: Streams done.
        events: Events done.
        resumed_at: The fraction that was done when this run began; above 0 if it resumed a job.
        saved: Whether a checkpoint has just been written: what is done will not be done again.
    """

    fraction: float
    streams: int
    events: int
    resumed_at: float = 0.0
    saved: bool = False
