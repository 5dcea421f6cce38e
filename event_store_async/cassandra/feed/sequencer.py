"""Sequencer: puts committed appends into the log, in an order that promises can be made of."""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar
from uuid import UUID

from ...checks import read_clock
from ...hooks.observer import Stopwatch
from ...ids import random_uuid
from ...moments import to_milliseconds
from ...retry import Deadline
from ...settings import Settings
from ...tasks import side_by_side
from .announcement import Address, Content, shared_type
from .backlog import Backlog
from .entry import Entry, EntryDraft, Link
from .evidence import STANDING, Evidence, Looks
from .gap import Gap
from .guard import Guard
from .lane_reader import LaneReader
from .lane_search import LaneSearch
from .log import Log
from .progress import FeedProgress
from .rows import Doorbell
from .seq_ranges import ranges_from_text
from .sequencer_watch import SequencerWatch
from .tables import FeedTables

_T = TypeVar("_T")


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
        self._strangers: deque[Link] = deque()  # events that nobody announced
        self._wanted: set[UUID] = set()  # writers whose lanes hold a predecessor
        self._guard = Guard(progress.known, now, watch)
        self._evidence = Evidence(tables, progress)
        self._early: dict[UUID, set[int]] = {}  # what is known of lanes that are not
        self.lanes: dict[UUID, LaneReader] = {}
        self._search = LaneSearch(self.lanes)
        self.published = 0
        self.lost = 0
        self.is_full = False

    def take_over(self, writer: UUID, after: int, contents: Sequence[Content]) -> None:
        """Take over announcements from their writer: if its lane is known, they need no read."""
        if (lane := self.lanes.get(writer)) is not None:
            lane.take_over(after, contents)

    def know(self, address: tuple[UUID, int]) -> None:
        """Note that an announced append is stored, from its writer."""
        writer, seq = address
        lane = self.lanes.get(writer)
        if lane is not None:
            lane.know(seq)
        else:
            self._early.setdefault(writer, set()).add(seq)

    def heard(self, bell: Doorbell) -> None:
        """Note what a doorbell says, of a lane that is known."""
        lane = self.lanes.get(bell.writer)
        if lane is not None:
            lane.know_all(ranges_from_text(bell.told))

    @property
    def strangers(self) -> int:
        """How many links wait that nobody announced."""
        return len(self._strangers)

    def add_stranger(self, link: Link) -> None:
        """Publish events that nobody announced in the next round, if they are next by then."""
        self._strangers.append(link)

    def look_at_lanes(self, writers: Iterable[UUID]) -> None:
        """Read the lanes of these writers in the next round."""
        self._wanted.update(writers)

    async def first_open(self, addresses: Iterable[Address | None]) -> int | None:
        """Return the index of the first one that is open; see `LaneSearch`."""
        return await self._search.first_open(addresses, self.find_lanes)

    async def progress_of(self, stream_id: UUID) -> int:
        """Return the highest version of a stream in the log."""
        return await self._progress.of(stream_id)

    async def learn_progress(self, stream_ids: Iterable[UUID]) -> None:
        """Know the highest versions of many streams in the log."""
        await self._progress.learn(stream_ids)

    async def catch_up(self) -> None:
        """Learn what other sequencers have appended to the log."""
        await self._log.catch_up()

    async def find_lanes(self) -> None:
        """Read which writers there are, and how far their lanes are finished."""
        for row in await self._tables.writers(self._log_id):
            lane = self.lanes.get(row.writer)
            if lane is None:
                lane = self.lanes[row.writer] = LaneReader(self._tables, row, self._now)
                for seq in self._early.pop(row.writer, ()):
                    lane.know(seq)
            else:
                lane.saw(row)
        for writer in [writer for writer, lane in self.lanes.items() if lane.is_over]:
            del self.lanes[writer]

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
        draft, gaps = self._compose(lanes, looks)
        entry: Entry | None = None
        if draft.links:
            sent = None if self._watch is None else Stopwatch()
            entry = await self._append(draft.links)
            if self._watch is not None and sent is not None and entry is not None:
                self._watch.appended(sent, entry, lanes, looks, self._now())
        self._finish()
        if self._watch is not None and stopwatch is not None:
            self._watch.round_ended(stopwatch, len(lanes), self.backlog)
        self.is_full = self._evidence.left_out or draft.is_full
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
        await side_by_side(list(self.lanes.values()), lambda lane: lane.write_low(self._log_id))

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
        await side_by_side(first, LaneReader.read)
        for lane in reversed([lane for lane in lanes if lane.writer in later]):
            await lane.read()

    # (2) Look: all reads are sent after the lanes were read

    async def _look(self, lanes: Sequence[LaneReader]) -> Looks:
        looks = await self._evidence.look(lanes)
        # Their own announcements publish what stands there. If a writer is dead, nobody rings.
        self._wanted |= self._evidence.winners
        return looks

    # (3) Compose: no await, so that what is known does not change meanwhile

    def _compose(
        self, lanes: Sequence[LaneReader], looks: Looks
    ) -> tuple[EntryDraft, dict[UUID, Gap]]:
        draft = EntryDraft()
        staged: dict[int, int] = {}  # by UUID.int; a UUID is slow to hash
        while self._strangers and not draft.is_full:
            link = self._strangers[0]
            at = staged.get(link.stream_id.int, self._progress.known(link.stream_id))
            if at == link.first - 1:
                if not draft.add(link):
                    break
                staged[link.stream_id.int] = link.last
            self._strangers.popleft()
        gaps: dict[UUID, Gap] = {}
        young = {lane.writer for lane in lanes if lane.waits}
        moved = True
        while moved and not draft.is_full:
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
                before_it = len(draft.links)
                gap = self._walk(lane, looks, staged, draft)
                moved = moved or len(draft.links) > before_it
                if gap is not None:
                    gaps[lane.writer] = gap
                    lane.waits = True
            # Only a lane that waits for what was found now can go on.
            moved = moved and bool(gaps)
        return draft, gaps

    def _walk(
        self,
        lane: LaneReader,
        looks: Looks,
        staged: dict[int, int],
        draft: EntryDraft,
    ) -> Gap | None:
        """Go through a lane in order; stop where a predecessor must be published first."""
        seen, published = looks[lane.writer], self._progress.versions.get
        for seq, row in lane.open.items():
            _, stream_id, expected, events, types, _ = row
            key = stream_id.int
            known = published(key)
            if known is None:
                lane.waits = True
                return None  # forgotten meanwhile: the next round asks again
            at = staged.get(key, known)  # what is staged is beyond what is known
            if at > expected:
                continue
            look = seen.get(seq)
            if look is None:
                lane.waits = True
                return None
            if look.outcome == "open" or (look.outcome == "void" and not look.stranger):
                continue
            if at < expected or look.outcome == "void":
                return Gap(stream_id, at + 1, expected + look.stranger)
            if not draft.add(Link(stream_id, expected + 1, events, types, look.category)):
                return None
            staged[key] = expected + events
        return None

    # (4) Append

    async def _append(self, links: Sequence[Link]) -> Entry | None:
        after = self._log.head
        await self._progress.due(after + 1)
        identity = random_uuid()
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
        published = self._progress.versions.get
        for lane in self.lanes.values():
            # A version that is not known is none at all.
            lane.finish(
                [
                    seq
                    for seq, row in lane.open.items()
                    if (published(row.stream_id.int) or 0) > row.expected
                ]
            )

    # Predecessors

    async def _close_gaps(self, gaps: Iterable[Gap]) -> None:
        """
        Find who announced what must come first: the next round reads their lanes.

        What nobody announced, and what has been waited for too long, is published right away.
        """
        for gap in gaps:
            standing = await self._tables.standing(gap.stream_id, gap.first, STANDING)
            if not standing:
                continue
            address = standing[0].address
            if (
                address is not None
                and not gap.overdue
                and await self._search.of(address.writer, self.find_lanes) is not None
            ):
                self._wanted.add(address.writer)
                continue
            run = [standing[0]]
            for each in standing[1:]:
                if each.address is not None and each.address.writer not in self._search.foreign:
                    break
                run.append(each)
            types = shared_type([each.type for each in run])
            link = Link(gap.stream_id, gap.first, len(run), types, run[0].category)
            self._strangers.append(link)
