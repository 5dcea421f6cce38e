"""The stored log: what stands in the tables of the log, also if it is not what should."""

from collections.abc import AsyncGenerator
from typing import Final

from .entry import Entry
from .rows import FeedRow
from .tables import FeedTables

_ENTRIES_AT_ONCE: Final = 20


class StoredLog:
    """
    Reads the log as it is stored. `Log`, which works with it, raises at the first thing wrong.

    Args:
        tables: The feed's tables.
        feed: The feed's row.
    """

    def __init__(self, tables: FeedTables, feed: FeedRow) -> None:
        self._tables = tables
        self._log_id = feed.log_id
        self._size = feed.segment_size

    async def head(self, first_segment: int = 0) -> int:
        """Return the last entry of the log, as its segments say; 0 without any."""
        segment = first_segment
        while True:
            head = await self._tables.log_head(self._log_id, segment)
            if head is None:
                return segment * self._size
            if head < (segment + 1) * self._size:
                return head
            segment += 1

    async def entries(self, first: int, last: int) -> AsyncGenerator[Entry | str | None, None]:
        """
        Iterate over the entries of a range, one after the other.

        Instead of an entry that is missing it gives None; instead of one that cannot be read, why.
        """
        number = first
        while number <= last:
            found = await self._run(number, min(_ENTRIES_AT_ONCE, last - number + 1))
            for each in found:
                yield each
            number += len(found)

    async def _run(self, first: int, count: int) -> list[Entry | str | None]:
        """Return entries from one on; at least what stands for the first of them."""
        count = min(count, self._size - (first - 1) % self._size)
        try:
            found = await self._read(first, count) or await self._read(first, 1, serial=True)
        except (ValueError, TypeError) as error:  # what parsing text of another form raises
            if count > 1:
                return await self._run(first, 1)
            return [f"it cannot be read: {error}"]
        return [*found] or [None]

    async def _read(self, first: int, count: int, *, serial: bool = False) -> list[Entry]:
        segment = (first - 1) // self._size
        return await self._tables.entries(self._log_id, segment, first, count, serial=serial)
