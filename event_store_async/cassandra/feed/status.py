"""Status: how a feed is doing, for those who run it."""

from dataclasses import dataclass
from datetime import datetime

import anyio

from ...feeds.position import Position
from ...moments import from_milliseconds
from .backfill import fraction_of
from .lane_reader import LaneReader
from .leadership import BEAT
from .log import Log
from .rows import State
from .tables import FeedTables


@dataclass(frozen=True, slots=True)
class FeedStatus:
    """
    How a feed is doing at this moment.

    Attributes:
        state: ``"building"`` until the events from before the feed are in it; then ``"complete"``.
        backfilled: How much of the table has been looked at for such events, from 0 to 1.
        head: The position of the last event.
        published: When that event was published, by the sequencer's clock; None for an empty feed.
        writers: How many stores have announced appends, and did not end in good order.
        undecided: How many announcements are not finished: appends in progress, and what dead
            writers left.
        is_sequenced: Whether a sequencer works: its beat was seen to change.
    """

    state: State
    backfilled: float
    head: Position
    published: datetime | None
    writers: int
    undecided: int
    is_sequenced: bool


async def feed_status(tables: FeedTables, log: Log) -> FeedStatus:
    """
    Look at a feed; takes a little longer than a beat of its sequencer.

    Raises:
        FeedDisabled: the table has no feed.
        EventStoreError: as a read of the feed does.
    """
    before = await tables.feed()
    await log.open()
    found = [LaneReader(tables, row) for row in await tables.writers(before.log_id)]
    lanes = [lane for lane in found if not lane.is_over]
    for lane in lanes:
        await lane.read()
    await anyio.sleep(BEAT * 1.5)
    after = await tables.feed()
    return FeedStatus(
        state=after.state,
        backfilled=fraction_of(after),
        head=log.end,
        published=from_milliseconds((await log.entry(log.head)).published) if log.head else None,
        writers=len(lanes),
        undecided=sum(len(lane.open) for lane in lanes),
        is_sequenced=(before.leader, before.beat) != (after.leader, after.beat),
    )
