"""Memory stream: a stream as the store in memory keeps it, and what may become of it."""

from collections.abc import Iterator, Sequence
from uuid import UUID

from .encoding import EncodedEvents
from .errors import ConcurrentModification, StreamClosed
from .memory_row import MemoryRow
from .results import Closed, Deleted, DeleteResult, Truncated, TruncateResult
from .versions import ANY, MAX_VERSION, STREAM_EXISTS, ExpectedVersion


class MemoryStream:
    """
    The events of a stream that are kept, and where they begin.

    Attributes:
        stream_id: The stream.
        kept_from: The version of the first event that is kept.
        rows: The events from there on.
        closed: Whether it is closed for ever.
    """

    __slots__ = ("closed", "kept_from", "rows", "stream_id")

    def __init__(self, stream_id: UUID) -> None:
        self.stream_id = stream_id
        self.kept_from = 1
        self.rows: list[MemoryRow] = []
        self.closed = False

    @property
    def version(self) -> int:
        """The version of its last event, whether that is kept or not; 0 before the first."""
        return self.kept_from - 1 + len(self.rows)

    @property
    def head(self) -> int:
        """Its version, as it is told to callers: that of a closed stream is the highest."""
        return MAX_VERSION if self.closed else self.version

    def row(self, version: int) -> MemoryRow:
        """Return the event at a version, which must be kept."""
        return self.rows[version - self.kept_from]

    def versions(
        self, from_version: int | None, max_count: int | None, *, backward: bool
    ) -> Sequence[int]:
        """Return the versions that a read gives, in its order."""
        if backward:
            last = self.version if from_version is None else min(max(from_version, 1), self.version)
            return range(last, self.kept_from - 1, -1)[:max_count]
        first = max(from_version or 1, self.kept_from)
        return range(first, self.version + 1)[:max_count]

    def find(
        self, encoded: EncodedEvents, expected: ExpectedVersion, look_back: int
    ) -> int | ConcurrentModification | None:
        """
        Return what becomes of an append.

        Returns:
            None if it is to be stored. If an earlier call has stored these events, the version of
            the first of them. Otherwise the conflict.

        Raises:
            StreamClosed: the stream is closed.
        """
        if self.closed:
            raise StreamClosed(self.stream_id)
        ids = encoded.event_ids
        # `places` are the versions after which an earlier call could have stored the events.
        # Payloads alone get new ids: they cannot have been stored before.
        window = min(look_back + len(ids) if encoded.identified else 0, len(self.rows))
        start = self.version - window
        recent = self.rows[len(self.rows) - window :]
        places = list(range(start, self.version))
        found = {
            row.event_id: at for at, row in enumerate(recent, start + 1) if row.event_id in ids
        }
        if isinstance(expected, int):
            met = self.version == expected and (encoded.sought or not found)
            own = [expected]
            places = own if encoded.sought else [*places, *own] if expected else own + places
        else:
            met = (self.version > 0 or expected is ANY) and not found
        for at in places if ids else ():
            if tuple(row.event_id for row in self._rows_after(at, len(ids))) == ids:
                return at + 1
        return (
            None if met else ConcurrentModification(self.stream_id, expected, self.version, found)
        )

    def truncate(self, before: int) -> TruncateResult:
        """Drop the events below a version, if the stream has reached the version before it."""
        if before - 1 > self.version:
            return ConcurrentModification(self.stream_id, before - 1, self.version)
        self._drop(before)
        return Truncated(self.stream_id, self.kept_from, self.version)

    def delete(self, expected: ExpectedVersion) -> DeleteResult:
        """Drop all events, if the stream is in the expected state."""
        met = self.version > 0 if expected is STREAM_EXISTS else expected in {ANY, self.version}
        if not met:
            return ConcurrentModification(self.stream_id, expected, self.version)
        self._drop(self.version + 1)
        return Deleted(self.stream_id, self.version)

    def close(self) -> Closed:
        """Drop all events, and take no more."""
        self._drop(self.version + 1)
        self.closed = True
        return Closed(self.stream_id, self.version)

    def _drop(self, before: int) -> None:
        if before > self.kept_from:
            del self.rows[: before - self.kept_from]
            self.kept_from = before

    def _rows_after(self, version: int, count: int) -> Iterator[MemoryRow]:
        at = version + 1 - self.kept_from
        yield from self.rows[at : at + count] if at >= 0 else ()
