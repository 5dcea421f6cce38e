"""Memory table: what a store in memory keeps, and the stores that share it."""

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from .codec import Codecs
from .cursor import Cursors
from .encoding import EncodedEvents
from .errors import ConcurrentModification, WrongCategory
from .follower import Wakeups
from .ids import random_uuid
from .memory_feed import MemoryLog
from .memory_groups import MemoryGroups
from .memory_row import MemoryRow
from .memory_stream import MemoryStream
from .results import AppendResult, Closed, Persisted
from .ring import ScanPosition, hashed_position
from .snapshots.memory import MemorySnapshotRows
from .stream_head import StreamHead
from .versions import ExpectedVersion


class MemoryTable:
    """
    Streams, their categories, their snapshots and their log.

    Nothing here waits: each method is one step, as a conditional batch is on Cassandra.

    Attributes:
        log: The log of all appends.
        wakeups: Tells the followers of streams of appends.
        cursors: Places in the list of streams.
        snapshot_rows: The stored snapshots.
        groups: The subscriptions to the log.
    """

    def __init__(self) -> None:
        self.log = MemoryLog()
        self.groups = MemoryGroups()
        self.wakeups = Wakeups()
        self.cursors = Cursors(f"the store in memory {random_uuid()}")
        self.snapshot_rows = MemorySnapshotRows()
        self._streams: dict[UUID, MemoryStream] = {}
        self._categories: dict[UUID, str] = {}

    def __bool__(self) -> bool:
        return bool(self._streams)

    def stream(self, stream_id: UUID) -> MemoryStream:
        """Return a stream; one that does not exist yet has no events."""
        return self._streams.get(stream_id) or MemoryStream(stream_id)

    def heads(self, after: ScanPosition | None, max_count: int | None) -> Iterator[StreamHead]:
        """Iterate over the streams after one, always in the same order."""
        places = sorted(map(hashed_position, self._streams), key=lambda place: place.order)
        if after is not None:
            places = [place for place in places if place.order > after.order]
        for place in places[:max_count]:
            head = self._streams[place.stream_id].head
            yield StreamHead(place.stream_id, head, self.cursors.text(place))

    def append(
        self,
        stream_id: UUID,
        encoded: EncodedEvents,
        expected: ExpectedVersion,
        category: str | None,
        look_back: int,
        timestamp: datetime,
        codecs: Codecs,
    ) -> AppendResult:
        """
        Append events, or find them.

        Raises:
            StreamClosed: the stream is closed.
            WrongCategory: the stream is of another category.
            UndecodableEvent: an earlier call stored the events, and no codec can decode them.
        """
        stream = self.stream(stream_id)
        if category is not None and stream.version and not stream.closed:
            actual = self._categories.get(stream_id)
            if actual != category:
                raise WrongCategory(stream_id, category, actual)
        found = stream.find(encoded, expected, look_back)
        if isinstance(found, ConcurrentModification):
            return found
        count = len(encoded.items)
        if found is not None:
            places = range(found, found + count)
            events = [stream.row(at).recorded(stream_id, at, codecs) for at in places]
            return Persisted(stream_id, places[-1], tuple(events), stored_earlier=True)
        if not count:
            return Persisted(stream_id, stream.version, ())
        if category is not None:
            self._categories[stream_id] = category
        return self._store(stream, encoded, timestamp)

    def close(self, stream_id: UUID) -> Closed:
        """Close a stream for ever, also one that does not exist."""
        return self._streams.setdefault(stream_id, MemoryStream(stream_id)).close()

    def _store(
        self, stream: MemoryStream, encoded: EncodedEvents, timestamp: datetime
    ) -> Persisted:
        stream_id = stream.stream_id
        self._streams[stream_id] = stream
        for item in encoded.items:
            row = MemoryRow(
                item.encoded_payload,
                item.content_type,
                item.encoded_metadata,
                item.type,
                item.event_id,
                timestamp,
            )
            stream.rows.append(row)
        types = tuple([item.type for item in encoded.items])
        first = stream.version - len(types) + 1
        self.log.append(stream_id, first, types, self._categories.get(stream_id))
        if self.wakeups.waiting:
            self.wakeups.wake(stream_id)
        events = encoded.recorded(stream_id, first - 1, timestamp)
        return Persisted(stream_id, stream.version, events)
