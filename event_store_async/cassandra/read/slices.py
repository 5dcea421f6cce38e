"""Slices: which rows of a stream each request of a read asks for. No I/O."""

from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

from ..driver.port import Row
from .gap_check import Range
from .rows import KEPT_FROM, MAX_VERSION, VERSION, last_version

_HIGHEST: Final = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Slice:
    """
    What a request asks for.

    Attributes:
        name: The statement.
        values: Its values.
        size: The most rows of the page.
        state: Where the page begins, if it is not the first one of the statement.
        hinted: Whether it begins where the stream was last seen to begin.
    """

    name: str
    values: tuple[Any, ...]
    size: int
    state: bytes | None = None
    hinted: bool = False


@dataclass(frozen=True, slots=True)
class SlicePage:
    """
    The rows of a slice.

    Attributes:
        rows: The rows of events that are kept.
        state: The next slice; None after the last one.
        kept_from: Where the stream begins; 1 if no row says so.
        head: The version of the stream; 0 if no row says so.
        wrong_hint: Whether the slice was hinted, and the stream does not begin there.
    """

    rows: list[Row]
    state: Slice | None
    kept_from: int
    head: int
    wrong_hint: bool


class KnownBeginnings:
    """
    Where truncated streams were last seen to begin: hints, checked by each read that uses one.

    A stream never begins earlier than it did, unless another table has taken the place of its own.

    Args:
        capacity: How many streams are remembered.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._versions: OrderedDict[int, int] = OrderedDict()  # a UUID is slow to hash

    def get(self, stream_id: UUID) -> int:
        """Return where a stream begins; 1 if it is not known to be truncated."""
        return self._versions.get(stream_id.int, 1) if self._versions else 1

    def put(self, stream_id: UUID, kept_from: int) -> None:
        """Remember where a truncated stream begins."""
        if kept_from == 1:
            return
        self._versions[stream_id.int] = max(kept_from, self.get(stream_id))
        self._versions.move_to_end(stream_id.int)
        if len(self._versions) > self._capacity:
            self._versions.popitem(last=False)

    def forget(self, stream_id: UUID) -> None:
        """Forget a stream."""
        self._versions.pop(stream_id.int, None)

    def clear(self) -> None:
        """Forget all streams."""
        self._versions.clear()


class Slices:
    """
    Chooses the slices of one read, so that it passes over no row that is gone.

    Such rows are read by the server until compaction drops them: 100,000 of them cost some hundred
    milliseconds.
    Where a truncated stream begins is in every row of it. But a read must know it before it asks,
    and a read of any other stream must send no further request for that. So:

    - A read from the beginning asks for the versions from 0 up to its page size first. If the
      stream is truncated, row 0 is there, and says where to go on. Otherwise it is the page that
      was to be read anyway.
      If nothing is there, the whole stream is asked for: one whose first page was lost must not
      look like one that does not exist.
    - Where a stream was seen to begin is remembered, and the next read begins there. It asks for
      one row before that: if no event is left, the last one's blank row is there, and confirms it.
    - A read from a later version, or backward, of a stream that this process has not seen to be
      truncated asks for what it wants. If that is gone, the server passes over it this once.

    Args:
        wanted: The range that is to be read.
        hint: Where the stream was last seen to begin; 1 if it is not known to be truncated.
    """

    def __init__(self, wanted: Range, hint: int) -> None:
        self._wanted = wanted
        self._hint = hint
        # Of the first versions, as far as they were read: what they say, the last, and how many.
        self._seen: tuple[int, int] | None = None
        self._last = self._given = 0

    def first(self, size: int) -> Slice:
        """Return the first slice; its page should have *size* events."""
        wanted, hint = self._wanted, self._hint
        hinted = hint > 1 and (wanted.backward or wanted.first < hint)
        if wanted.backward:
            down_to = hint - 1 if hinted else 0
            # No more than that: a row that is none of an event comes after all that are.
            down = (wanted.stream_id, wanted.first, down_to, wanted.count)
            return Slice("read_backward", down, size, hinted=hinted)
        if hinted:
            values = (wanted.stream_id, hint - 1, _more(wanted.count))
            return Slice("read_forward", values, size, hinted=True)
        if wanted.first == 1:
            up_to = min(size, wanted.count, _HIGHEST - 1)
            return Slice("read_slice", (wanted.stream_id, 0, up_to, up_to + 1), up_to + 1)
        return Slice("read_forward", (wanted.stream_id, wanted.first, wanted.count), size)

    def page(self, asked: Slice, rows: list[Row], state: bytes | None, size: int) -> SlicePage:
        """
        Return the page of a slice; the next one should have *size* events.

        Args:
            asked: The slice.
            rows: Its rows.
            state: Where the statement's next page begins, if it has one.
            size: How many events the next page should have, if the slice has no more.
        """
        kept_from, head = 1, 0
        kept = rows
        if rows:
            kept_from = rows[0][KEPT_FROM] or 1
            head = last_version(rows[0][MAX_VERSION], rows[0][KEPT_FROM]) or 0
            if min(rows[0][VERSION], rows[-1][VERSION]) < kept_from:
                kept = [row for row in rows if row[VERSION] >= kept_from]
        following = None
        limit = asked.values[-1]
        if state is not None and (asked.name != "read_slice" or len(rows) < limit):
            # A page may have fewer rows than it could, or none, and not be the last one.
            hinted = asked.hinted and not rows
            following = replace(asked, state=state, size=min(size, limit), hinted=hinted)
        if asked.name == "read_slice" and rows:
            self._seen = (kept_from, head)
        if asked.name == "read_slice" and kept:
            self._last, self._given = kept[-1][VERSION], self._given + len(kept)
        if asked.name == "read_slice" and following is None:
            following = self._after_slice(asked, size)
        elif following is None and len(kept) < len(rows) and not self._wanted.backward:
            # A row that is none of an event has taken the place of one that is wanted.
            left = self._wanted.count - len(kept)
            after = max(kept_from, rows[-1][VERSION] + 1)
            if left > 0 and after <= head:
                following = Slice("read_forward", (self._wanted.stream_id, after, left), size)
        wrong = asked.hinted and (kept_from < self._hint if rows else following is None)
        return SlicePage(kept, following, kept_from, head, wrong)

    def _after_slice(self, asked: Slice, size: int) -> Slice | None:
        """Return what comes after the first versions of a stream."""
        if self._seen is None:
            # There is no such stream, or these rows are lost. One request must ask for them and for
            # those after them: the stream may have begun since.
            return Slice(
                "read_forward", (self._wanted.stream_id, 0, _more(self._wanted.count)), size
            )
        up_to: int = asked.values[2]
        kept_from, head = self._seen
        if self._given and self._last < up_to:
            return None  # the end of the stream, or a hole
        following = max(up_to + 1, kept_from)
        left = self._wanted.count - self._given
        if left <= 0 or (head and following > head):
            return None
        return Slice("read_forward", (self._wanted.stream_id, following, left), size)


def _more(count: int) -> int:
    """Return how many rows to ask for: one of them may be none of an event."""
    return min(count + 1, _HIGHEST)
