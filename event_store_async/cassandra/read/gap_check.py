"""Contiguity: whether the rows of a read are a run of versions without a hole. No I/O."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from ...versions import MAX_VERSION as HIGHEST_VERSION
from ..driver.port import Row
from .rows import MAX_VERSION, VERSION


@dataclass(frozen=True, slots=True)
class Range:
    """
    What is to be read of a stream.

    Attributes:
        stream_id: The stream.
        first: The version to begin with; reading backward, the highest one.
        count: At most so many events.
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
        """Return the range that the arguments of `EventReader.read_events` mean."""
        edge = HIGHEST_VERSION if backward else 1
        first = edge if from_version is None else max(from_version, 1)
        return cls(stream_id, first, HIGHEST_VERSION if max_count is None else max_count, backward)


class GapCheck:
    """
    How far a read has come, and where it met a hole.

    Attributes:
        wanted: What is still to be read: what was asked for, less the rows accepted.
        hole: The first version that is missing though a later one, or the stream's own version,
            says that it must be there; None as long as none is.
        head: The stream's version, as the last page with rows showed it; 0 where none did.
    """

    def __init__(self, wanted: Range, head: int = 0) -> None:
        self.wanted = wanted
        self.hole: int | None = None
        self.head = head

    def accept(self, rows: Sequence[Row], *, last_page: bool) -> Sequence[Row]:
        """Return the rows that continue the run, up to the first hole."""
        wanted = self.wanted
        step = -1 if wanted.backward else 1
        expected = wanted.first
        if rows:
            self.head = rows[0][MAX_VERSION] or rows[-1][VERSION]
            expected = min(expected, self.head) if wanted.backward else expected
        for index, row in enumerate(rows):
            if row[VERSION] != expected + index * step:
                rows, self.hole = rows[:index], expected + index * step
                break
        self.wanted = Range(
            wanted.stream_id, expected + len(rows) * step, wanted.count - len(rows), wanted.backward
        )
        if last_page and self.hole is None and self.head and self.wanted.count > 0:
            end = 1 if wanted.backward else self.head
            if (end - self.wanted.first) * step >= 0:
                self.hole = self.wanted.first
        return rows
