"""Facts: what those who run a feed should know of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import anyio

from ...moments import from_milliseconds, since_epoch
from ...tasks import task_group
from .lane_reader import LaneReader
from .log import Log
from .rows import WriterRow
from .status import FeedStatus, feed_status
from .tables import FeedTables

SILENT_AFTER: Final = timedelta(days=1)
"""A writer that has announced nothing for so long, and is not closed, is silent."""

_MOST_WRITERS: Final = 1000
_AT_ONCE: Final = 32


@dataclass(frozen=True, slots=True)
class FeedFacts:
    """
    What those who run a feed should know of it.

    Attributes:
        status: How it is doing.
        registered: How many writers there are, those included whose lanes are closed.
        silent: How many writers have announced nothing for a day and did not close their lanes:
            idle processes, and those that died. Of more than 1,000 open ones the first are counted.
        found: About how many events the scan has found, over all time, that no writer announced.
        found_at: When it last found some, by the clock of its process.
        found_stream: The stream of these.
    """

    status: FeedStatus
    registered: int
    silent: int
    found: int
    found_at: datetime | None
    found_stream: UUID | None


async def feed_facts(tables: FeedTables, log: Log, now: datetime) -> FeedFacts:
    """
    Look at a feed; takes a little longer than `feed_status`.

    Args:
        tables: The feed's tables.
        log: The log, not open yet.
        now: The time, by the clock that the store stamps events with.

    Raises:
        FeedDisabled: the table has no feed.
        EventStoreError: as a read of the feed does.
    """
    status = await feed_status(tables, log)
    log_id = status.head.feed_id
    registered = await tables.registered(log_id)
    spoke_at = {writer: at for writer, is_closed, at in registered if not is_closed}
    rows = [row for row in await tables.writers(log_id) if row.writer in spoke_at]
    limit = anyio.CapacityLimiter(_AT_ONCE)

    async def look(row: WriterRow) -> None:
        async with limit:
            lane = LaneReader(tables, row)
            await lane.read()
            if lane.read_up_to:
                part = (lane.read_up_to - 1) // row.part_rows
                at = await tables.announced_at(row.writer, part)
                spoke_at[row.writer] = max(spoke_at[row.writer], at or 0)

    async with task_group() as group:
        for row in rows[:_MOST_WRITERS]:
            group.start_soon(look, row)
    since = since_epoch(now - SILENT_AFTER) // timedelta(microseconds=1)
    found, found_at, found_stream = await tables.found()
    return FeedFacts(
        status,
        len(registered),
        sum(spoke_at[row.writer] < since for row in rows[:_MOST_WRITERS]),
        found,
        None if found_at is None else from_milliseconds(found_at),
        found_stream,
    )
