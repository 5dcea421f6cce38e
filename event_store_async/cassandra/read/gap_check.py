"""Gap check: whether the rows of a read have consecutive versions. No I/O."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

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
        return cls(stream_id, first, HIGHEST_VERSION if max_count is None else max_count, backward)


class GapCheck:
    """
    Follows a read through its rows, and finds the first version that is missing.

    Attributes:
        wanted: The range that is still to be read: what was asked for, without the rows accepted.
        hole: The first missing version: a later event, or the head of the stream, shows that it
            must exist. None while there is no such version.
        head: The version of the stream, from the last page that had rows; 0 before it is known.
    """

    def __init__(self, wanted: Range, head: int = 0) -> None:
        self.wanted = wanted
        self.hole: int | None = None
        self.head = head

    def accept(self, rows: Sequence[Row], *, last_page: bool) -> Sequence[Row]:
        """
        Return the rows of the next page up to the first missing version.

        Args:
            rows: The rows of the page.
            last_page: Whether no page comes after it.
        """
        wanted = self.wanted
        step = -1 if wanted.backward else 1
        expected = wanted.first
        if rows:
            # Every row has the head, unless the stream has lost it.
            self.head = rows[0][MAX_VERSION] or rows[-1][VERSION]
            # A backward read may begin above the end of the stream. No version is missing there.
            expected = min(expected, self.head) if wanted.backward else expected
        for index, row in enumerate(rows):
            if row[VERSION] != expected + index * step:
                rows, self.hole = rows[:index], expected + index * step
                break
        self.wanted = Range(
            wanted.stream_id, expected + len(rows) * step, wanted.count - len(rows), wanted.backward
        )
        # The rows may also end too early. A read that is not ended by its count must reach the
        # head of the stream, or version 1 if it goes backward.
        if last_page and self.hole is None and self.head and self.wanted.count > 0:
            end = 1 if wanted.backward else self.head
            if (end - self.wanted.first) * step >= 0:
                self.hole = self.wanted.first
        return rows
