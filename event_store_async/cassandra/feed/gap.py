"""Gap: versions that a lane waits for, and how long it has waited."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Gap:
    """
    Versions of a stream that must be in the log before an announced append.

    Attributes:
        stream_id: The stream.
        first: The first of the versions.
        last: The last of them.
        overdue: Whether it has held up a lane for so long that the lane waits no more.
    """

    stream_id: UUID
    first: int
    last: int
    overdue: bool = False


@dataclass(frozen=True, slots=True)
class Held:
    """
    How long a gap has held up a lane.

    Attributes:
        since: When that began, by the monotonic clock.
        rounds: For how many rounds that met it.
        seen: When a round met it last.
    """

    since: float
    rounds: int
    seen: float
