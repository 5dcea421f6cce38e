"""The lister: `EventStore.streams`."""

import sys
from collections.abc import AsyncGenerator

from ...checks import check_list
from ...cursor import Cursors
from ...ring import RING
from ...stored import StreamSummary
from ...stream_head import StreamHead
from ...versions import MAX_VERSION
from .scanner import Scanner


class Lister:
    """
    Lists the streams of a table, in the order of the ring.

    Args:
        scanner: Scans the table.
        table: The table, as ``keyspace.table``.
    """

    def __init__(self, scanner: Scanner, table: str) -> None:
        self._scanner = scanner
        self._cursors = Cursors(table)

    def streams(
        self,
        after: str | None,
        max_count: int | None,
        page_size: int | None,
        timeout: float | None,
    ) -> AsyncGenerator[StreamHead, None]:
        """Iterate over the streams; see `StreamLister.streams`."""
        check_list(max_count, page_size, timeout)
        place = None if after is None else self._cursors.position(after)
        found = self._scanner.scan(
            RING,
            place,
            page_size,
            max_count=sys.maxsize if max_count is None else max_count,
            timeout=timeout,
        )
        return self._heads(found)

    async def _heads(
        self, found: AsyncGenerator[StreamSummary, None]
    ) -> AsyncGenerator[StreamHead, None]:
        try:
            async for stream in found:
                # Without a head, as another program may have left it, `current_version` is 0, too.
                version = MAX_VERSION if stream.closed else stream.version or 0
                cursor = self._cursors.text(stream.position)
                yield StreamHead(stream.stream_id, version, cursor)
        finally:
            await found.aclose()
