"""Room: the collaborators of one store's feed, connected when they are first needed."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from typing import Any, Final
from uuid import UUID

import anyio

from ...checks import read_clock
from ...errors import FeedDisabled, NotPublished
from ...events import RecordedEvent
from ...feeds.feed import Feed
from ...feeds.position import Position
from ...feeds.selection import Selection
from ...hooks.observer import Observer
from ...ids import random_uuid
from ...retry import Backoff, Deadline
from ...settings import Settings
from ...statistics import FeedStatistics
from ..append.planner import KnownHeads
from ..append.settler import Settler
from ..driver.session import Session
from ..read.excerpts import Excerpts
from ..read.reader import Reader
from ..read.rows import RowDecoder
from ..schema.statements import StatementCache
from ..table.scanner import Scanner
from .announcer import Announcer
from .audit import Audit
from .backfill import FeedBackfill, fraction_of
from .facts import FeedFacts, feed_facts
from .fetcher import Fetcher
from .lane import Lane
from .leadership import BEAT
from .link_reader import FeedLink, read_links
from .log import Log
from .progress import FeedProgress
from .reader import CassandraFeedReader
from .recent import RecentAppends
from .rows import FeedRow
from .runner import Runner
from .status import FeedStatus, feed_status
from .tables import FeedTables, new_feed
from .tail import Tail
from .verification import FeedFinding, FeedVerification, FeedVerificationProgress
from .vigil import Vigil, keep_vigil

_LOOKS: Final = Backoff(initial=0.005, maximum=0.1)
"""The pauses of an erasure that waits for the feed."""


class FeedRoom:
    """
    The feed of one store: announces its appends, sequences and reads.

    Nothing of it runs before an append to a table with a feed, or a read of the feed.

    Args:
        session: The store's.
        statements: The store's.
        reader: The store's.
        decoder: The store's.
        known_heads: The store's.
        settings: The store's.
        table: The table of events, as ``keyspace.table``.
        check_open: Raises if the store cannot be used.
        observer: The store's; None without hooks.

    Attributes:
        announcer: Announces the store's plans.
        runner: The store's sequencer.
    """

    def __init__(
        self,
        session: Session,
        statements: StatementCache,
        reader: Reader[RecordedEvent[Any]],
        decoder: RowDecoder,
        known_heads: KnownHeads,
        settings: Settings,
        table: str,
        check_open: Callable[[], object],
        observer: Observer | None = None,
    ) -> None:
        self._settings = settings
        self._tables = FeedTables(session, statements, settings, table)
        self._settler = Settler(session, settings.backoff, statements.explain)
        self._check_open = check_open
        self._statements = statements
        self._opening = anyio.Lock()
        self._catching_up = anyio.Lock()
        self._tail: Tail | None = None
        self._published: tuple[Log, FeedProgress] | None = None
        self._scanner = Scanner(session, statements, settings)
        self.runner = Runner(
            self._tables, self._settler, self._scanner, settings, observer=observer
        )
        # No callback refers to this object: a cycle would keep the driver's session alive.
        start = self.runner.start if settings.sequences else _nothing
        self._lane = Lane(self._tables, settings, on_open=start)
        self._lane.on_acknowledged = self.runner.acknowledged
        self._lane.on_news = self.runner.news
        self._lane.is_heard = self.runner.works

        async def head(
            stream_id: UUID, deadline: Deadline, serial: bool, category: str | None
        ) -> int:
            return await reader.head(stream_id, deadline, serial=serial, category=category)

        self._recent = RecentAppends()
        excerpts = Excerpts(session, statements, settings, reader.beginnings)
        self.announcer = Announcer(self._lane, known_heads.get, head, known_heads.put, self._recent)
        self._fetcher = Fetcher(reader, excerpts, decoder, settings, self._recent)
        self._observer = observer

    def feed(self, categories: Collection[str], types: Collection[str]) -> Feed[Any]:
        """Return the feed, or a part of it."""
        reader = CassandraFeedReader(
            self._tables, self.tail, self._fetcher, self._check_open, self._observer
        )
        return Feed(reader, Selection.of(categories, types))

    async def tail(self) -> Tail:
        """Return the tail that all readers of this store share."""
        if self._tail is None:
            async with self._opening:
                if self._tail is None:
                    feed = await self._tables.made(random_uuid())
                    log = Log(self._tables, feed, self._settler)
                    await log.open()
                    self._tail = Tail(log)
                    self.runner.on_entry = self._tail.wake
                    self._recent.is_wanted = True
                    self._start()
        return self._tail

    async def holds(self, stream_id: UUID) -> bool:
        """Return whether events of a stream are in the feed; False on a table without a feed."""
        try:
            feed = await self._tables.feed()
        except FeedDisabled:
            return False
        return await self._progress_of(feed, stream_id) > 0

    async def published(self, stream_id: UUID, version: int, deadline: Deadline) -> None:
        """
        Wait until the feed has a stream up to a version.

        Raises:
            NotPublished: it has not, at the deadline.
            EventStoreError: as a read does.
        """
        seconds = deadline.remaining()
        feed = await self._tables.made(random_uuid())
        self._start()
        pauses = _LOOKS.pauses()
        while await self._progress_of(feed, stream_id) < version:
            if not deadline.allows(pause := next(pauses)):
                raise NotPublished(stream_id, version, round(seconds, 3))
            await anyio.sleep(pause)

    def erased(self, stream_id: UUID, before: int) -> None:
        """Note that events of a stream are gone: this store's readers must not get them."""
        self._recent.forget(stream_id, before)

    async def _progress_of(self, feed: FeedRow, stream_id: UUID) -> int:
        """Return how much of a stream is in the log, by now."""
        async with self._catching_up:
            if self._published is None:
                log = Log(self._tables, feed, self._settler, remembers=False)
                await log.open()
                progress = FeedProgress(self._tables, log, feed.log_id)
                await progress.open()
                self._published = log, progress
            log, progress = self._published
            await log.catch_up()
            return await progress.of(stream_id)

    @property
    def is_enabled(self) -> bool:
        """Whether the table had a feed when its schema was looked at; False before that."""
        ready = self._statements.ready
        return ready is not None and ready.has_feed

    def statistics(self) -> FeedStatistics | None:
        """Return what this store knows of the feed, if anything; safe in any thread."""
        sequencer, tail = self.runner.sequencer, self._tail
        silence = self.runner.silence
        if sequencer is None and tail is None and silence is None:
            return None
        backlog = None if sequencer is None else sequencer.backlog
        return FeedStatistics(
            head=max(0 if known is None else known.head for known in (sequencer, tail)),
            leads=self.runner.leads,
            silence=silence,
            undecided=None if backlog is None else backlog.announcements,
            lag=None if backlog is None else backlog.events,
            oldest=None if backlog is None else backlog.oldest or 0.0,
            from_memory=self._recent.delivered,
        )

    async def vigil(self) -> Vigil:
        """Return whether anybody sequences; raises what `keep_vigil` does."""
        return await keep_vigil(self._tables, self.runner)

    async def create(self) -> None:
        """Create the feed's row, unless there is one, and begin to sequence; its tables exist."""
        await self._tables.create(new_feed(random_uuid()))
        self._start()

    async def status(self) -> FeedStatus:
        """Return how the feed is doing; raises what `feed_status` does."""
        self._check_open()
        log = Log(self._tables, await self._tables.feed(), self._settler)
        return await feed_status(self._tables, log)

    async def links(
        self, after: Position | None, selection: Selection
    ) -> AsyncGenerator[FeedLink, None]:
        """Iterate over the links of the log; raises what `read_links` does."""
        self._check_open()
        log = Log(self._tables, await self._tables.feed(), self._settler)
        await log.open()
        async for link in read_links(log, after, selection):
            yield link

    async def facts(self) -> FeedFacts:
        """Return what those who run the feed should know; raises what `feed_facts` does."""
        log = Log(self._tables, await self._tables.feed(), self._settler)
        return await feed_facts(self._tables, log, read_clock(self._settings.clock))

    async def verify(
        self,
        on_progress: Callable[[FeedVerificationProgress], object],
        on_finding: Callable[[FeedFinding], Awaitable[None] | None],
    ) -> FeedVerification:
        """Compare the log with the streams; see `Audit`, which says what it raises."""
        self._check_open()
        return await Audit(self._tables, self._scanner, on_progress, on_finding).run()

    async def sequence(self) -> None:
        """Sequence until cancelled, or until the store is closed."""
        async with self._sequencing():
            await self.runner.ended()

    async def build(self, on_progress: Callable[[FeedBackfill], object]) -> FeedBackfill:
        """Sequence until the feed is complete, by whichever sequencer; see `Operations`."""
        async with self._sequencing() as feed:
            log = Log(self._tables, feed, self._settler)
            await log.open()
            while True:
                row = await self._tables.feed()
                await log.catch_up()  # afterwards: what a complete feed holds is counted
                found = FeedBackfill(row.state, fraction_of(row), log.ordinal)
                on_progress(found)
                if row.state == "complete":
                    return found
                if self.runner.error is not None:
                    raise self.runner.error
                await anyio.sleep(BEAT / 4)

    async def close(self) -> None:
        """End the lane and the sequencer, while requests can still be sent."""
        await self._lane.close()
        await self.runner.close()

    @asynccontextmanager
    async def _sequencing(self) -> AsyncIterator[FeedRow]:
        """Sequence during the block, in the store's one runner."""
        self._check_open()
        feed = await self._tables.feed()
        self.runner.start()
        try:
            yield feed
        finally:
            if not self._settings.sequences:
                with anyio.CancelScope(shield=True):
                    await self.runner.close()

    def _start(self) -> None:
        if self._settings.sequences:
            self.runner.start()


def _nothing() -> None:
    """Do nothing: others sequence."""
