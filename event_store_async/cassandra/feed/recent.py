"""Recent appends: what this store appended lately, for its own readers of the feed."""

from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from ...encoding import EncodedEvent
from ...feeds.page import FeedEvent, unplaced_event
from ...moments import to_milliseconds
from ..append.plan import AppendPlan
from ..read.rows import RowDecoder

_MOST_BYTES: Final = 4 * 1024 * 1024
_MOST_EVENTS: Final = 10_000

_Append = tuple[Sequence[EncodedEvent], datetime, int]


class RecentAppends:
    """
    The latest appends of a store, as they are stored: a follower in its process reads no stream.

    Only what is certain to be stored is noted. It is bounded by bytes of payload and metadata, and
    by events.

    Args:
        decoder: Decodes payloads, anew for every reader.

    Attributes:
        is_wanted: Whether anybody in this process reads the feed. Until then nothing is kept.
    """

    def __init__(self, decoder: RowDecoder) -> None:
        self._decoder = decoder
        self._appends: OrderedDict[tuple[int, int], _Append] = OrderedDict()
        self._bytes = self._events = 0
        self.is_wanted = False

    def note(self, plan: AppendPlan) -> None:
        """Keep a plan that is stored."""
        encoded = plan.encoded
        # By UUID.int; a UUID is slow to hash.
        self._appends[plan.stream_id.int, plan.expected + 1] = (
            encoded.items,
            plan.timestamp,
            encoded.size,
        )
        self._bytes += encoded.size
        self._events += len(encoded.items)
        while self._bytes > _MOST_BYTES or self._events > _MOST_EVENTS:
            _, (items, _, size) = self._appends.popitem(last=False)
            self._bytes -= size
            self._events -= len(items)

    def forget(self, stream_id: UUID, before: int) -> None:
        """Forget the appends to a stream whose events are erased, in part or all."""
        gone = [key for key in self._appends if key[0] == stream_id.int and key[1] < before]
        for key in gone:
            items, _, size = self._appends.pop(key)
            self._bytes -= size
            self._events -= len(items)

    def find(self, stream_id: UUID, first: int, last: int) -> list[FeedEvent[Any]] | None:
        """
        Return the events of a stream from one version up to another, if all are known.

        They lack their place in the feed.
        """
        rows: list[tuple[Any, ...]] = []
        version = first
        while version <= last:
            found = self._appends.get((stream_id.int, version))
            if found is None:
                return None
            items, timestamp, _ = found
            milliseconds = to_milliseconds(timestamp)
            for item in items[: last - version + 1]:
                rows.append(
                    (
                        version,
                        item.encoded_payload,
                        milliseconds,
                        str(item.event_id),
                        item.type,
                        item.content_type,
                        item.encoded_metadata,
                        None,
                        None,
                    )
                )
                version += 1
        events, error = self._decoder.decode(stream_id, rows, unplaced_event)
        return None if error is not None else events
