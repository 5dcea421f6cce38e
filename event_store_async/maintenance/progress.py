"""Totals: what has been gone through so far, as it is shown, kept in checkpoints and reported."""

from dataclasses import dataclass, field
from typing import Any, Self

from .digest import StoreDigest, StreamDigest


@dataclass(slots=True)
class Totals:
    """
    Counts over streams and events. Grows while the work goes on.

    Attributes:
        streams: Streams that are done, and have events.
        events: Their events; also those of streams that are being worked on.
        bytes: Bytes of payload and metadata of these events, as stored.
        digest: The digest over the streams that are done.
    """

    streams: int = 0
    events: int = 0
    bytes: int = 0
    digest: StoreDigest = field(default_factory=StoreDigest)

    def add_stream(self, stream: StreamDigest) -> None:
        """Count a stream that is done; its events are counted by themselves."""
        if stream.events:
            self.streams += 1
            self.digest.add(stream)

    def merge(self, other: "Totals") -> None:
        """Count what another counted."""
        self.streams += other.streams
        self.events += other.events
        self.bytes += other.bytes
        self.digest.merge(other.digest)

    def to_json(self) -> dict[str, Any]:
        """Return the totals as they stand in files."""
        return {
            "streams": self.streams,
            "events": self.events,
            "bytes": self.bytes,
            "digest": str(self.digest),
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Return the totals that stand in a file; raises KeyError, TypeError, ValueError."""
        totals = cls(data["streams"], data["events"], data["bytes"], StoreDigest(data["digest"]))
        if not all(
            isinstance(count, int) and count >= 0
            for count in (totals.streams, totals.events, totals.bytes)
        ):
            raise ValueError("counts are whole numbers, not negative")
        return totals


@dataclass(frozen=True, slots=True)
class Progress:
    """
    How far the work is.

    Attributes:
        fraction: Of all the work, from 0 to 1.
        streams: Streams done.
        events: Events done.
        resumed_at: The fraction at which this run began, above 0 where it went on with another's.
        saved: Whether a checkpoint has just been written: what is done is not done again.
    """

    fraction: float
    streams: int
    events: int
    resumed_at: float = 0.0
    saved: bool = False
