"""Runner: the sequencer of one store, in the background."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import Final
from uuid import UUID

import anyio

from ...errors import EventStoreError, FeedInconsistent, MisuseError, RequestRefused
from ...hooks.observer import Observer
from ...ids import random_uuid
from ...settings import Settings
from ..append.settler import Settler
from ..table.scanner import Scanner
from .announcement import Content
from .entry import Entry
from .heartbeat import Heartbeat
from .leadership import BEAT, Leadership
from .log import Log
from .progress import DELAY, FeedProgress
from .rows import FeedRow
from .scan import Scan
from .sequencer import Sequencer
from .sequencer_watch import SequencerWatch
from .tables import FeedTables

_LOG: Final = logging.getLogger("event_store_async")

BUSY: Final = 0.002
"""Seconds between two looks at the doorbells while there is work."""

IDLE: Final = 0.025
"""Seconds between two looks at the doorbells while there is none."""

LIVE: Final = 1.0
"""Seconds between two reads of the lane of a writer that appends."""

DORMANT: Final = 3600.0
"""Seconds between two reads of the lane of a writer that was not heard of for long."""

PACE: Final = 0.02
"""Seconds from one publication to the next, at least: appends of that time share its requests. The
first append after a pause does not wait."""

_REST: Final = 3
"""The next publication begins after so many times as long as the last one took, at least: where the
cluster is busy, requests take longer, and more appends share them."""

_LONGEST_REST: Final = 0.2

PROGRESS: Final = 0.5
"""Seconds from an entry to the write of its progress: streams that are appended to again and again
need only the last. Fewer than it takes to append K entries at this pace."""

_CALM: Final = 60.0
_ROUNDS: Final = 3
"""Rounds without a result, before a pause, while a predecessor is looked for."""


@dataclass(slots=True)
class _Watch:
    """When a lane is read again, if nobody rings."""

    rings: int = 0
    pause: float = LIVE
    due: float = 0.0


class Runner:
    """
    Runs a sequencer while it has the lead, and watches the leader otherwise.

    Args:
        tables: The feed's tables.
        settler: Settles the entries of the log.
        scanner: Scans the table of events.
        settings: The store's.
        now: The monotonic clock, in seconds.
        observer: The store's; None without hooks.

    Attributes:
        delay: How many entries may be in the log without their progress (`FeedProgress`).
        on_entry: Called with each entry that this process publishes.
        sequencer: The sequencer; None while it does not work.
        scan: Its scan of all streams; None before it first works.
        error: What its last step failed with, to be tried again; None if that did not fail.
    """

    def __init__(
        self,
        tables: FeedTables,
        settler: Settler,
        scanner: Scanner,
        settings: Settings,
        now: Callable[[], float] = monotonic,
        observer: Observer | None = None,
    ) -> None:
        self._watch = None if observer is None else SequencerWatch(observer)
        self._tables = tables
        self._settler = settler
        self._scanner = scanner
        self._settings = settings
        self._now = now
        self._leadership = Leadership(tables, random_uuid, now)
        if self._watch is not None:
            self._leadership.on_change = self._watch.led
        self._watches: dict[UUID, _Watch] = {}
        self._lanes_due = 0.0
        self._bells_due = 0.0
        self._progress_due = 0.0
        self._paced = 0.0  # the next publication does not begin before this
        self._woken = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.delay = DELAY
        self.on_entry: Callable[[Entry], object] = _ignore
        self.sequencer: Sequencer | None = None
        self.scan: Scan | None = None
        self.error: Exception | None = None

    @property
    def leads(self) -> bool:
        """Whether this sequencer works, and the others watch it."""
        return self._leadership.leads

    def works(self) -> bool:
        """Return whether it publishes right now."""
        return self.sequencer is not None and self._leadership.leads

    @property
    def heartbeat(self) -> Heartbeat:
        """What this sequencer has seen of the beat of the one that leads."""
        return self._leadership.heartbeat

    def look(self, row: FeedRow) -> float:
        """Note the feed's row, just read; return for how many seconds its beat has not changed."""
        now = self._now()
        self.heartbeat.saw(row, now)
        return self.heartbeat.silence(now) or 0.0

    @property
    def silence(self) -> float | None:
        """Seconds since the beat of the sequencer that leads was seen; None if it never was."""
        return self.heartbeat.silence(self._now())

    @property
    def has_died(self) -> bool:
        """Whether it was started in the background, and has ended without being closed."""
        return self._task is not None and self._task.done()

    def start(self) -> None:
        """Begin, unless it has begun."""
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self.run())

    def acknowledged(self, writer: UUID, after: int, contents: Sequence[Content]) -> None:
        """Take over announcements of this store, once every process can read them."""
        if self.sequencer is not None:
            self.sequencer.take_over(writer, after, contents)

    def news(self, address: tuple[UUID, int], applied: bool) -> None:
        """Look at an append of this process at once; if it was *applied*, without a read."""
        if self.sequencer is not None:
            if applied:
                self.sequencer.know(address)
            writer, _ = address
            self._wake(writer)
        self._woken.set()

    async def ended(self) -> None:
        """Wait until it has ended, if it has begun; a caller that is cancelled does not end it."""
        if self._task is not None:
            await asyncio.wait([self._task])

    async def close(self) -> None:
        """End, and give the lead up."""
        task, self._task = self._task, None
        if task is None:
            return
        task.cancel()
        await asyncio.wait([task])
        self.sequencer = None  # it would note each append from now on, and never publish
        await self._resign()

    async def run(self) -> None:
        """Work or watch, until cancelled or the store is closed."""
        pauses = self._settings.backoff.pauses()
        pause = IDLE
        while True:
            try:
                if not await self._leadership.keep():
                    self.sequencer = None
                    pause = BEAT
                elif await self.step():
                    pause = BUSY
                else:
                    pause = min(IDLE, pause * 2)
                pauses = self._settings.backoff.pauses()
                self.error = None
            except MisuseError:
                return  # the store is closed
            except FeedInconsistent as error:
                self.sequencer, self.error = None, error
                _LOG.error("the feed is no longer published: %s", error)
                pause = _CALM
            except RequestRefused as error:
                # Another process may have the permission that this one lacks.
                self.sequencer, self.error = None, error
                _LOG.error("the sequencer of the feed leaves the lead to others: %s", error)
                await self._resign()
                pause = _CALM
            except EventStoreError as error:
                self.error = error
                # What is in memory may be wrong by now, so it is read again.
                self.sequencer = None
                _LOG.warning("the sequencer of the feed begins again: %s", error)
                pause = next(pauses)
            except Exception as error:  # noqa: BLE001 - logged, and begun again
                self.error = error
                # A sequencer that ended without a word would not be missed until it is too late.
                self.sequencer = None
                _LOG.exception("the sequencer of the feed failed; it begins again")
                pause = _CALM
            await self._wait(pause)

    async def _resign(self) -> None:
        """Give the lead up; if that is not stored, the others miss the beat and take it."""
        with suppress(EventStoreError):
            await self._leadership.resign()

    async def step(self) -> bool:
        """Publish what can be published now; return whether anything was."""
        sequencer = self.sequencer or await self._open()
        return await self._publish(sequencer) | await self._scan_on(sequencer)

    def _wake(self, writer: UUID) -> None:
        """Have a lane read in the next rounds."""
        watch = self._watches.get(writer)
        if watch is None:
            watch = self._watches[writer] = _Watch()
        watch.due = 0.0

    async def _scan_on(self, sequencer: Sequencer) -> bool:
        return self.scan is not None and await self.scan.step(sequencer)

    async def _publish(self, sequencer: Sequencer) -> bool:
        now = self._now()
        if now >= self._lanes_due:
            await sequencer.find_lanes()
            await sequencer.write_low()
            self._lanes_due = now + LIVE
        due = self._due(sequencer, now)
        if not due or now >= self._bells_due:  # what this process has appended needs no bell
            self._bells_due = now + IDLE
            await self._listen(sequencer, due)
        published = False
        if due or sequencer.has_gaps:
            for writer in due:
                self._watches[writer].due = now + LIVE
            published = await self._rounds(sequencer, due)
            if published:
                took = self._now() - now
                self._paced = now + max(PACE, min(took * _REST, _LONGEST_REST))
            self._calm(sequencer, due, now)
        owes = sequencer.owes_progress
        if owes and now >= self._progress_due:
            await sequencer.write_progress()
            owes = False
        if not owes:
            self._progress_due = now + PROGRESS
        return published

    async def _listen(self, sequencer: Sequencer, due: set[UUID]) -> None:
        """Read the doorbells, and add the lanes with news to those that are due."""
        for bell in await self._tables.doorbells():
            watch = self._watches.setdefault(bell.writer, _Watch())
            if bell.rings > watch.rings:
                watch.rings = bell.rings
                if bell.writer not in sequencer.lanes:
                    await sequencer.find_lanes()
                sequencer.heard(bell)
                due.add(bell.writer)

    async def _rounds(self, sequencer: Sequencer, due: set[UUID]) -> bool:
        """Publish entries until what was announced is done; return whether there were any."""
        before = sequencer.published
        idle = 0
        while idle < _ROUNDS:
            entry = await sequencer.round(due)
            if entry is not None:
                idle = 0
                self.on_entry(entry)
                if not sequencer.is_full and not sequencer.has_gaps:
                    break
            elif sequencer.has_gaps:
                idle += 1
            else:
                break
        return sequencer.published > before

    def _due(self, sequencer: Sequencer, now: float) -> set[UUID]:
        found = set()
        for writer in sequencer.lanes:
            watch = self._watches.setdefault(writer, _Watch())
            if now >= watch.due:
                found.add(writer)
        return found

    def _calm(self, sequencer: Sequencer, due: set[UUID], now: float) -> None:
        """Choose when the lanes that were read are read again, if nobody rings."""
        for writer in due:
            watch = self._watches[writer]
            lane = sequencer.lanes.get(writer)
            if lane is None:
                continue
            news, lane.is_new = lane.is_new, False
            watch.pause = LIVE if news else min(watch.pause * 1.5, DORMANT)
            if watch.due == 0.0:
                continue  # this process has appended meanwhile
            watch.due = now + (lane.patience if lane.waits else watch.pause)

    async def _open(self) -> Sequencer:
        feed = await self._tables.feed()
        log = Log(self._tables, feed, self._settler, remembers=False)
        await log.open()
        progress = FeedProgress(self._tables, log, feed.log_id, self.delay)
        await progress.open()
        sequencer = Sequencer(
            self._tables, log, progress, feed.log_id, self._settings, self._now, self._watch
        )
        await sequencer.find_lanes()
        self.sequencer = sequencer
        if self.scan is None or feed.state == "building":
            self.scan = Scan(self._tables, self._scanner, feed, self._now, self._wake, self._watch)
        self._watches.clear()
        return sequencer

    async def _wait(self, seconds: float) -> None:
        """Wait, or until this process has stored an append, and the pace allows the next one."""
        if self.sequencer is not None:
            with anyio.move_on_after(seconds):
                await self._woken.wait()
            early = self._paced - self._now()
            if early > 0:
                await anyio.sleep(early)
            self._woken.clear()
        else:
            await anyio.sleep(seconds)


def _ignore(_entry: Entry) -> None:
    """Do nothing with an entry."""
