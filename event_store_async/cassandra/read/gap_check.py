"""Gap check: whether the rows of a read have consecutive versions. No I/O."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from ...errors import StreamTruncated
from ...versions import MAX_VERSION as HIGHEST_VERSION
from ..driver.port import Row
from .rows import MAX_VERSION, VERSION


@dataclass(frozen=True, slots=True)
class Range:
    """
    The events of a stream that a read asks for.

    Attributes:
        stream_id: The stream.
        first: The first version; if backward, the highest one.
        count: The most events.
        backward: Newest first.
    """

    stream_id: UUID
    first: int
    count: int
    backward: bool = False

    @classmethod
    def of(
        cls, stream_id: UUID, from_version: int | None, max_count: int | None, *, backward: bool
    ) -> "Range":
        """Return the range of these arguments of `EventReader.read_events`."""
        edge = HIGHEST_VERSION if backward else 1
        first = edge if from_version is None else max(from_version, 1)
        count = HIGHEST_VERSION if max_count is None else max_count
        if first > HIGHEST_VERSION:  # beyond all events, and beyond an int of the server
            return cls(stream_id, HIGHEST_VERSION, count if backward else 0, backward)
        return cls(stream_id, first, count, backward)


class GapCheck:
    """
    Follows a read through its rows, and finds the first version that is missing.

    Attributes:
        wanted: The range that is still to be read: what was asked for, without the rows accepted.
        hole: The first missing version: a later event, or the head of the stream, shows that it
            must exist. None while there is no such version.
        head: The version of the stream, from the last page that had rows; 0 before it is known.
        kept_from: Where the stream begins, as far as it is known.
        begun: Whether rows were accepted, in this round of the read or an earlier one.
    """

    def __init__(self, wanted: Range, head: int = 0, *, begun: bool = False) -> None:
        self.wanted = wanted
        self.hole: int | None = None
        self.head = head
        self.kept_from = 1
        self.begun = begun

    def accept(
        self, rows: Sequence[Row], *, last_page: bool, kept_from: int = 1, head: int = 0
    ) -> Sequence[Row]:
        """
        Return the rows of the next page up to the first missing version.

        Args:
            rows: The rows of the page; none of an event that is gone.
            last_page: Whether no page comes after it.
            kept_from: Where the stream begins, as the page says.
            head: The version of the stream, if the page says so.

        Raises:
            StreamTruncated: the next rows are gone, and rows before them were accepted.
        """
        wanted = self.wanted
        step = -1 if wanted.backward else 1
        expected = wanted.first
        self.head = head or self.head
        if kept_from > self.kept_from:
            self.kept_from = kept_from
            if not wanted.backward and expected < kept_from:
                if self.begun:
                    raise StreamTruncated(wanted.stream_id, expected, kept_from)
                expected = kept_from
        if len(rows) > wanted.count:
            rows = rows[: wanted.count]
        if rows:
            # Every row has the head, unless the stream has lost it.
            self.head = rows[0][MAX_VERSION] or rows[-1][VERSION]
        if wanted.backward and self.head:
            # It may begin above the end of the stream. No version is missing there.
            expected = min(expected, self.head)
        versions = [row[VERSION] for row in rows]
        due = list(range(expected, expected + len(rows) * step, step))
        if versions != due:  # compared as a whole, since that is in C
            index = next(at for at, version in enumerate(due) if versions[at] != version)
            rows, self.hole = rows[:index], due[index]
        self.begun = self.begun or bool(rows)
        self.wanted = Range(
            wanted.stream_id, expected + len(rows) * step, wanted.count - len(rows), wanted.backward
        )
        # The rows may also end too early. A read that is not ended by its count must reach the
        # head of the stream, or its beginning if it goes backward.
        if last_page and self.hole is None and self.head and self.wanted.count > 0:
            end = self.kept_from if wanted.backward else self.head
            if (end - self.wanted.first) * step >= 0:
                self.hole = self.wanted.first
        return rows
