"""Evidence: what the streams show of what was announced."""

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final
from uuid import UUID

from ...tasks import side_by_side
from .announcement import Address, Announcement
from .lane_reader import LaneReader
from .look import Look
from .progress import FeedProgress
from .tables import FeedTables, together

_LOOKS: Final = 1000
"""Announcements of a lane that are looked at in a round, if one of them is found to be stored."""

STANDING: Final = 1000
"""Events of a stream that one read looks at."""

_CATEGORIES: Final = 100_000
_UNKNOWN: Final = ""
_OPEN: Final = Look("open")
_STORED: Final = Look("stored")

Looks = dict[UUID, dict[int, Look]]
"""What was seen of announcements, by writer and seq."""


class Evidence:
    """
    Looks at the streams of announcements, unless it is known how they ended.

    Args:
        tables: The feed's tables.
        progress: How much of each stream is in the log.

    Attributes:
        left_out: Whether the last look did not get to all announcements.
        winners: The writers whose appends the last look found in the place of announced ones.
    """

    def __init__(self, tables: FeedTables, progress: FeedProgress) -> None:
        self._tables = tables
        self._progress = progress
        self._categories: OrderedDict[int, str | None] = OrderedDict()
        self.left_out = False
        self.winners: set[UUID] = set()

    async def look(self, lanes: Sequence[LaneReader]) -> Looks:
        """Look at the open announcements of lanes, in order, until something can be published."""
        looks: Looks = {lane.writer: {} for lane in lanes}
        by_writer = {lane.writer: lane for lane in lanes}

        async def look(rows: Sequence[tuple[Address, Announcement]]) -> None:
            """Look at the stream of some announcements: one read for all of them."""
            stream_id = rows[0][1].stream_id
            first = min(row.expected for _, row in rows) + 1
            count = max(row.expected for _, row in rows) + 2 - first
            found = await self._tables.standing(stream_id, first, count)
            for address, row in rows:
                index = row.expected + 1 - first
                if index >= len(found):
                    looks[address.writer][address.seq] = _OPEN
                elif found[index].address == address:
                    looks[address.writer][address.seq] = _stored(found[index].category)
                    by_writer[address.writer].looked_at(address.seq)
                    self._remember(stream_id, found[index].category)
                else:
                    winner = found[index].address
                    looks[address.writer][address.seq] = Look("void", stranger=winner is None)
                    if winner is not None:
                        self.winners.add(winner.writer)

        self.left_out = False
        self.winners = set()
        left = [(lane, self._unread(lane, looks[lane.writer])) for lane in lanes]
        while left:
            parts = [(lane, unread, list(islice(unread, _LOOKS))) for lane, unread in left]
            await self._progress.learn(row.stream_id for _, _, part in parts for row in part)
            for lane, _, part in parts:
                await self._learn_categories(lane, part)
            unknown: list[tuple[Address, Announcement]] = []
            for lane, _, part in parts:
                unknown += self._unknown(lane, part, looks[lane.writer])
            await side_by_side(_by_stream(unknown), look)
            left = [(lane, unread) for lane, unread, part in parts if len(part) == _LOOKS]
            # A long lane is published piece by piece: its first entry does not wait for its end.
            if left and any(
                it.outcome == "stored" for seen in looks.values() for it in seen.values()
            ):
                self.left_out = True
                break
        return looks

    def _unread(self, lane: LaneReader, looks: dict[int, Look]) -> Iterator[Announcement]:
        """Yield the open announcements that need a read; of the others, say what is known."""
        old_up_to = lane.old_up_to
        published = self._progress.versions.get
        lane.waits = False
        for seq, row in list(lane.open.items()):
            known = published(row.stream_id.int)
            if known is not None and known > row.expected:
                continue
            if seq > old_up_to and seq not in lane.stored:
                # Nothing after it is published now, so nothing after it is looked at.
                lane.waits = True
                return
            if known is None or not self._is_known(lane, row, looks):
                yield row

    def _unknown(
        self, lane: LaneReader, rows: Sequence[Announcement], looks: dict[int, Look]
    ) -> list[tuple[Address, Announcement]]:
        """Return those of some announcements that need a look, once their progress is known."""
        published, writer = self._progress.versions.get, lane.writer
        return [
            (Address(writer, row.seq), row)
            for row in rows
            if (published(row.stream_id.int) or 0) <= row.expected
            and not self._is_known(lane, row, looks)
        ]

    def _is_known(self, lane: LaneReader, row: Announcement, looks: dict[int, Look]) -> bool:
        """Return whether a row is known to be stored, with its category, and say so if it is."""
        if row.seq not in lane.stored:
            return False
        category = row.category or self._categories.get(row.stream_id.int, _UNKNOWN)
        if category is None:
            looks[row.seq] = _STORED
        elif category == _UNKNOWN:
            return False
        else:
            looks[row.seq] = _stored(category)
        return True

    async def _learn_categories(self, lane: LaneReader, rows: Sequence[Announcement]) -> None:
        """
        Read what else is to be known of appends that are stored, several streams in a request.

        Also of a stream that begins without a category: it may have been given one since.
        """
        wanted = {
            row.stream_id.int: row.stream_id
            for row in rows
            if not row.category
            and row.seq in lane.stored
            and row.stream_id.int not in self._categories
        }

        async def learn(stream_ids: Sequence[UUID]) -> None:
            for stream_id, category in (await self._tables.categories(stream_ids)).items():
                self._remember(stream_id, category)

        await side_by_side(together(list(wanted.values())), learn)

    def _remember(self, stream_id: UUID, category: str | None) -> None:
        """Remember the category of a stream, which keeps it for ever once it is published."""
        self._categories[stream_id.int] = category
        if len(self._categories) > _CATEGORIES:
            self._categories.popitem(last=False)


def _stored(category: str | None) -> Look:
    return _STORED if category is None else Look("stored", category=category)


def _by_stream(
    rows: Iterable[tuple[Address, Announcement]],
) -> list[list[tuple[Address, Announcement]]]:
    """Return announcements by stream; those of one that are far apart are in several lists."""
    lists: dict[tuple[int, int], list[tuple[Address, Announcement]]] = {}
    for address, row in rows:
        key = row.stream_id.int, row.expected // STANDING
        lists.setdefault(key, []).append((address, row))
    return list(lists.values())
