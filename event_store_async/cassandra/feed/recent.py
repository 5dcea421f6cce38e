"""Recent appends: what this store appended lately, for its own readers of the feed."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from datetime import datetime
from time import monotonic
from typing import Final
from uuid import UUID

from ...encoding import EncodedEvent
from ...moments import to_milliseconds
from ..append.plan import AppendPlan
from ..driver.port import Row

_MOST_BYTES: Final = 4 * 1024 * 1024
_MOST_EVENTS: Final = 10_000

_LATELY: Final = 10.0
"""Seconds for which an append is recent. Another process may erase its events meanwhile."""

_Append = tuple[Sequence[EncodedEvent], datetime, int, float]


class RecentAppends:
    """
    The latest appends of a store, as they are stored: a follower in its process reads no stream.

    Only what is certain to be stored is noted. It is bounded by bytes of payload and metadata, by
    events, and by time.

    Args:
        now: The monotonic clock, in seconds.

    Attributes:
        is_wanted: Whether anybody in this process reads the feed. Until then nothing is kept.
        delivered: How many events `find` has returned.
    """

    def __init__(self, now: Callable[[], float] = monotonic) -> None:
        self._now = now
        self.delivered = 0
        self._appends: OrderedDict[tuple[int, int], _Append] = OrderedDict()
        self._bytes = self._events = 0
        self.is_wanted = False

    @property
    def is_empty(self) -> bool:
        """Whether it knows no append."""
        return not self._appends

    def note(self, plan: AppendPlan) -> None:
        """Keep a plan that is stored."""
        encoded = plan.encoded
        key = plan.stream_id.int, plan.expected + 1  # a UUID is slow to hash
        if key in self._appends:  # another table has taken the place of its own
            self._drop(key)
        self._appends[key] = encoded.items, plan.timestamp, encoded.size, self._now()
        self._bytes += encoded.size
        self._events += len(encoded.items)
        while self._bytes > _MOST_BYTES or self._events > _MOST_EVENTS:
            self._drop(next(iter(self._appends)))

    def forget(self, stream_id: UUID, before: int) -> None:
        """Forget the appends to a stream whose events are erased, in part or all."""
        gone = [key for key in self._appends if key[0] == stream_id.int and key[1] < before]
        for key in gone:
            self._drop(key)

    def find(self, stream_id: UUID, first: int, last: int) -> list[Row] | None:
        """Return the rows of a stream from one version up to another, if all are known."""
        rows: list[Row] = []
        version, since = first, self._now() - _LATELY
        while version <= last:
            found = self._appends.get((stream_id.int, version))
            if found is None or found[3] < since:
                return None
            items, timestamp, _, _ = found
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
        self.delivered += len(rows)
        return rows

    def _drop(self, key: tuple[int, int]) -> None:
        items, _, size, _ = self._appends.pop(key)
        self._bytes -= size
        self._events -= len(items)
