"""KnownHeads: the versions at which this process last saw streams. Hints, never truths."""

from collections import OrderedDict
from uuid import UUID


class KnownHeads:
    """
    Remembers the versions of the streams used last.

    A stale one costs a round trip: the append planned on it conflicts and is planned again.

    Args:
        capacity: How many streams are remembered.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._versions: OrderedDict[int, int] = OrderedDict()  # a UUID is slow to hash

    def get(self, stream_id: UUID) -> int | None:
        """Return the version that a stream was last seen at."""
        return self._versions.get(stream_id.int)

    def put(self, stream_id: UUID, version: int) -> None:
        """Remember a stream's version; of those seen longest ago, one is forgotten."""
        self._versions[stream_id.int] = version
        self._versions.move_to_end(stream_id.int)
        if len(self._versions) > self._capacity:
            self._versions.popitem(last=False)

    def forget(self, stream_id: UUID) -> None:
        """Forget a stream."""
        self._versions.pop(stream_id.int, None)

    def clear(self) -> None:
        """Forget all."""
        self._versions.clear()
