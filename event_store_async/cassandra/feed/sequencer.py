"""Sequencer: puts committed appends into the log, in an order that promises can be made of."""

from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from itertools import islice
from typing import Final, TypeVar
from uuid import UUID

from ...checks import read_clock
from ...hooks.observer import Stopwatch
from ...moments import to_milliseconds
from ...retry import Deadline
from ...settings import Settings
from ...tasks import task_group
from .announcement import Address, Announcement, shared_type
from .backlog import Backlog
from .entry import MAX_LINKS, Entry, Link
from .gap import Gap
from .guard import Guard
from .lane_reader import LaneReader
from .log import Log
from .look import Look
from .progress import FeedProgress
from .sequencer_watch import SequencerWatch
from .tables import FeedTables

_T = TypeVar("_T")

_READS_AT_ONCE: Final = 32
_LOOKS: Final = 500
"""Announcements of a lane that are looked at in a round, if one of them is found to be stored."""

_STANDING: Final = 1000

_CATEGORIES: Final = 100_000
_UNKNOWN: Final = ""

YOUNG: Final = 0.05
"""Seconds for which an announcement is not looked at, since its writer will say that it is stored.
What follows it in its lane waits. Most appends are known to be stored by then, without a read."""

_OPEN: Final = Look("open")


class Sequencer:
    """
    Publishes what the lanes announce, in rounds.

    It decides by the streams alone, never by time: an announcement is decided once the stream has
    moved beyond the version that it expects (S5, S6). All that is in memory may be lost at any
    moment, and any number of sequencers may run at once (S1): the log's condition lets one of them
    append, and the others compute anew (S10).

    Args:
        tables: The feed's tables.
        log: The log, known to this sequencer alone, and open.
        progress: Its progress, open.
        log_id: The log's id.
        settings: The store's.
        now: The monotonic clock, in seconds.
        watch: Reports what it does; None without hooks.

    Attributes:
        lanes: The lanes, by writer.
        published: How many events this sequencer has published.
        lost: How many entries another sequencer appended first.
        is_full: Whether the next round finds more at once: the last one stopped at a full entry, or
            after a part of a long lane.
    """

    def __init__(
        self,
        tables: FeedTables,
        log: Log,
        progress: FeedProgress,
        log_id: UUID,
        settings: Settings,
        now: Callable[[], float],
        watch: SequencerWatch | None = None,
    ) -> None:
        self._watch = watch
        self._tables = tables
        self._log = log
        self._progress = progress
        self._log_id = log_id
        self._settings = settings
        self._now = now
        self._facts: dict[UUID, set[int]] = {}  # seqs that are known to be stored
        self._strangers: deque[Link] = deque()  # events that nobody announced
        self._wanted: set[UUID] = set()  # writers whose lanes hold a predecessor
        self._categories: OrderedDict[int, str | None] = OrderedDict()
        self._guard = Guard(progress.known, now, watch)
        self.lanes: dict[UUID, LaneReader] = {}
        self.published = 0
        self.lost = 0
        self.is_full = False
        self._left_out = False  # whether the last round did not look at all that it could

    def know(self, address: Address) -> None:
        """Note that an announced append is stored, from one who knows."""
        self._facts.setdefault(address.writer, set()).add(address.seq)

    @property
    def strangers(self) -> int:
        """How many links wait that nobody announced."""
        return len(self._strangers)

    def add_stranger(self, link: Link) -> None:
        """Publish events that nobody announced in the next round, if they are next by then."""
        self._strangers.append(link)

    def look_at(self, stream_id: UUID, head: int) -> bool:
        """
        Look at the announcements of a stream in the next round; return whether there are any.

        An announcement that expects the head or more says nothing of the events up to it.
        """
        writers = [
            lane.writer
            for lane in self.lanes.values()
            if any(row.stream_id == stream_id and row.expected < head for row in lane.open.values())
        ]
        self._wanted.update(writers)
        return bool(writers)

    async def progress_of(self, stream_id: UUID) -> int:
        """Return the highest version of a stream in the log."""
        return await self._progress.of(stream_id)

    async def catch_up(self) -> None:
        """Learn what other sequencers have appended to the log."""
        await self._log.catch_up()

    async def find_lanes(self) -> None:
        """Read which writers there are, and how far their lanes are finished."""
        for row in await self._tables.writers(self._log_id):
            lane = self.lanes.get(row.writer)
            if lane is None:
                self.lanes[row.writer] = LaneReader(self._tables, row, self._now)
            else:
                lane.saw(row)
        for writer in [writer for writer, lane in self.lanes.items() if lane.is_over]:
            del self.lanes[writer]
            self._facts.pop(writer, None)

    async def round(self, writers: Iterable[UUID]) -> Entry | None:
        """
        Read these writers' lanes, and append one entry of what may be published (S8).

        Returns:
            The entry; None if there was nothing to publish, or another sequencer was first.

        Raises:
            EntryOutcomeUnknown: this sequencer's memory must be thrown away.
            EventStoreError: a request failed; the round can be tried again.
        """
        stopwatch = None if self._watch is None else Stopwatch()
        if not self._wanted <= self.lanes.keys():
            await self.find_lanes()
        lanes = self._in_order({*writers, *self._wanted})
        self._wanted.clear()
        await self._read(lanes)
        looks = await self._look(lanes)
        links, gaps = self._compose(lanes, looks)
        entry: Entry | None = None
        if links:
            sent = None if self._watch is None else Stopwatch()
            entry = await self._append(links)
            if self._watch is not None and sent is not None and entry is not None:
                self._watch.appended(sent, entry, lanes, looks, self._now())
        self._finish()
        if self._watch is not None and stopwatch is not None:
            self._watch.round_ended(stopwatch, len(lanes), self.backlog)
        self.is_full = self._left_out or len(links) == MAX_LINKS
        # What is missing may be in the log already, if another sequencer works.
        if gaps and await self._log.catch_up():
            self._wanted.update(gaps)
        elif gaps:
            await self._close_gaps(dict.fromkeys(self._guard.judge(gaps.values())))
        return entry

    async def write_progress(self) -> None:
        """Write the progress of all entries that are known, so that events can be located."""
        await self._progress.write(self._log.head)

    @property
    def owes_progress(self) -> bool:
        """Whether `write_progress` has something to write."""
        return not self._progress.is_written

    async def write_low(self) -> None:
        """Write how far each lane is finished."""
        for lane in list(self.lanes.values()):
            await lane.write_low(self._log_id)

    @property
    def head(self) -> int:
        """How many events the log holds, as far as is known here."""
        return self._log.ordinal

    @property
    def backlog(self) -> Backlog:
        """What is announced, and undecided or not published yet; safe in any thread."""
        return Backlog.of(list(self.lanes.values()), self._now())

    @property
    def has_gaps(self) -> bool:
        """Whether the next round has something to do at once."""
        return bool(self._wanted or self._strangers)

    # (1) Read

    def _in_order(self, writers: Iterable[UUID]) -> list[LaneReader]:
        """Return lanes with the lanes that their writers gave up before, these first."""
        found: dict[UUID, LaneReader] = {}

        def add(writer: UUID) -> None:
            lane = self.lanes.get(writer)
            if lane is None or writer in found:
                return
            if lane.prev is not None:
                add(lane.prev)
            found[writer] = lane

        for writer in writers:
            add(writer)
        return list(found.values())

    async def _read(self, lanes: Sequence[LaneReader]) -> None:
        # A lane is read before the one that its writer gave up: so whatever came before what is
        # read here is found there.
        later = {lane.prev for lane in lanes if lane.prev is not None}
        first = [lane for lane in lanes if lane.writer not in later]
        await self._side_by_side(first, LaneReader.read)
        for lane in reversed([lane for lane in lanes if lane.writer in later]):
            await lane.read()

    # (2) Look: all reads are sent after the lanes were read

    async def _look(self, lanes: Sequence[LaneReader]) -> dict[Address, Look]:
        """Look at the open announcements of lanes, in order, until something can be published."""
        looks: dict[Address, Look] = {}

        async def look(rows: Sequence[tuple[Address, Announcement]]) -> None:
            """Look at the stream of some announcements: one read for all of them."""
            stream_id = rows[0][1].stream_id
            published = await self._progress.of(stream_id)
            open_rows = [each for each in rows if each[1].expected >= published]
            if not open_rows:
                return
            first = min(row.expected for _, row in open_rows) + 1
            count = max(row.expected for _, row in open_rows) + 2 - first
            found = await self._tables.standing(stream_id, first, count)
            for address, row in open_rows:
                index = row.expected + 1 - first
                if index >= len(found):
                    looks[address] = _OPEN
                elif found[index].address == address:
                    looks[address] = Look("stored", category=found[index].category)
                    self._remember(stream_id, found[index].category)
                else:
                    winner = found[index].address
                    looks[address] = Look("void", stranger=winner is None)
                    if winner is not None:
                        # Its own announcement publishes it. If its writer is dead, nobody rings.
                        self._wanted.add(winner.writer)

        self._left_out = False
        left = [(lane, self._unread(lane, looks)) for lane in lanes]
        while left:
            parts = [(lane, unread, list(islice(unread, _LOOKS))) for lane, unread in left]
            await self._side_by_side(_by_stream(it for _, _, part in parts for it in part), look)
            left = [(lane, unread) for lane, unread, part in parts if len(part) == _LOOKS]
            # A long lane is published piece by piece: its first entry does not wait for its end.
            if left and any(it.outcome == "stored" for it in looks.values()):
                self._left_out = True
                break
        return looks

    def _unread(
        self, lane: LaneReader, looks: dict[Address, Look]
    ) -> Iterator[tuple[Address, Announcement]]:
        """Yield the open announcements that need a read; of the others, say what is known."""
        facts: AbstractSet[int] = self._facts.get(lane.writer, frozenset())
        old_up_to = lane.read_before(self._now() - YOUNG)
        lane.waits = False
        for seq, row in list(lane.open.items()):
            known = self._progress.known(row.stream_id)
            if known is not None and known > row.expected:
                continue
            address = Address(lane.writer, seq)
            if seq not in facts:
                if seq > old_up_to:
                    # Nothing after it is published now, so nothing after it is looked at.
                    lane.waits = True
                    return
                yield address, row
                continue
            category = row.category or self._category_of(row)
            if known is not None and category != _UNKNOWN:
                looks[address] = Look("stored", category=category)
            else:
                yield address, row

    # (3) Compose: no await, so that what is known does not change meanwhile

    def _compose(
        self, lanes: Sequence[LaneReader], looks: dict[Address, Look]
    ) -> tuple[list[Link], dict[UUID, Gap]]:
        links: list[Link] = []
        staged: dict[UUID, int] = {}
        while self._strangers and len(links) < MAX_LINKS:
            link = self._strangers.popleft()
            at = staged.get(link.stream_id, self._progress.known(link.stream_id))
            if at == link.first - 1:
                links.append(link)
                staged[link.stream_id] = link.last
        gaps: dict[UUID, Gap] = {}
        young = {lane.writer for lane in lanes if lane.waits}
        moved = True
        while moved and len(links) < MAX_LINKS:
            moved = False
            gaps.clear()
            for lane in lanes:
                # The earlier appends of its writer come first.
                before = None if lane.prev is None else self.lanes.get(lane.prev)
                if before is not None and before.waits:
                    lane.waits = True
                    if before.writer in gaps:
                        gaps[lane.writer] = gaps[before.writer]
                    continue
                lane.waits = lane.writer in young
                found, gap = self._walk(lane, looks, staged, MAX_LINKS - len(links))
                links += found
                moved = moved or bool(found)
                if gap is not None:
                    gaps[lane.writer] = gap
                    lane.waits = True
        return links, gaps

    def _walk(
        self,
        lane: LaneReader,
        looks: dict[Address, Look],
        staged: dict[UUID, int],
        room: int,
    ) -> tuple[list[Link], Gap | None]:
        """Go through a lane in order; stop where a predecessor must be published first."""
        links: list[Link] = []
        for seq, row in lane.open.items():
            known = self._progress.known(row.stream_id)
            if known is None:
                lane.waits = True
                return links, None  # forgotten meanwhile: the next round asks again
            at = max(known, staged.get(row.stream_id, 0))
            if at > row.expected:
                continue
            look = looks.get(Address(lane.writer, seq))
            if look is None:
                lane.waits = True
                return links, None
            if look.outcome == "open" or (look.outcome == "void" and not look.stranger):
                continue
            if at < row.expected or look.outcome == "void":
                return links, Gap(row.stream_id, at + 1, row.expected + look.stranger)
            if len(links) == room:
                return links, None
            links.append(
                Link(row.stream_id, row.expected + 1, row.events, row.types, look.category)
            )
            staged[row.stream_id] = row.last
        return links, None

    # (4) Append

    async def _append(self, links: Sequence[Link]) -> Entry | None:
        after = self._log.head
        await self._progress.due(after + 1)
        identity = self._settings.new_event_id()
        published = to_milliseconds(read_clock(self._settings.clock))
        deadline = Deadline(self._settings.timeout)
        entry = await self._log.append(after, links, published, identity, deadline)
        if entry is None:
            self.lost += 1
            if self._watch is not None:
                self._watch.lost(after + 1)
            await self._log.catch_up()
        else:
            self.published += entry.events
        return entry

    def _finish(self) -> None:
        """Forget the announcements whose streams have moved on, in the log as it is known (S7)."""
        for lane in self.lanes.values():
            facts = self._facts.get(lane.writer)
            for seq, row in list(lane.open.items()):
                known = self._progress.known(row.stream_id)
                if known is not None and known > row.expected:
                    lane.finish(seq)
                    if facts is not None:
                        facts.discard(seq)

    def _category_of(self, row: Announcement) -> str | None:
        """Return the category of the stream of a row without one, or `_UNKNOWN`."""
        if row.expected == 0:  # its append begins the stream, without a category
            self._remember(row.stream_id, None)
        return self._categories.get(row.stream_id.int, _UNKNOWN)

    def _remember(self, stream_id: UUID, category: str | None) -> None:
        """Remember the category of a stream: it has the same for ever, once it has events."""
        self._categories[stream_id.int] = category
        if len(self._categories) > _CATEGORIES:
            self._categories.popitem(last=False)

    # Predecessors

    async def _close_gaps(self, gaps: Iterable[Gap]) -> None:
        """
        Find who announced what must come first: the next round reads their lanes.

        What nobody announced, and what has been waited for too long, is published right away.
        """
        for gap in gaps:
            standing = await self._tables.standing(gap.stream_id, gap.first, _STANDING)
            if not standing:
                continue
            address = standing[0].address
            if address is not None and not gap.overdue:
                self._wanted.add(address.writer)
                continue
            run = [standing[0]]
            for each in standing[1:]:
                if each.address is not None:
                    break
                run.append(each)
            types = shared_type([each.type for each in run])
            link = Link(gap.stream_id, gap.first, len(run), types, run[0].category)
            self._strangers.append(link)

    @staticmethod
    async def _side_by_side(items: Sequence[_T], call: Callable[[_T], Awaitable[object]]) -> None:
        coming = iter(items)

        async def work() -> None:
            for item in coming:  # shared: each worker takes the next
                await call(item)

        if len(items) == 1:  # a lone append: no task for it
            await work()
        elif items:
            async with task_group() as group:
                for _ in range(min(_READS_AT_ONCE, len(items))):
                    group.start_soon(work)


def _by_stream(
    rows: Iterable[tuple[Address, Announcement]],
) -> list[list[tuple[Address, Announcement]]]:
    """Return announcements by stream; those of one that are far apart are in several lists."""
    lists: dict[tuple[int, int], list[tuple[Address, Announcement]]] = {}
    for address, row in rows:
        key = row.stream_id.int, row.expected // _STANDING
        lists.setdefault(key, []).append((address, row))
    return list(lists.values())
