"""World: writers, sequencers and crashes in one run, all from one seed."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final
from unittest import mock
from uuid import UUID

from event_store_async import (
    ANY,
    NO_STREAM,
    AppendOutcomeUnknown,
    Backoff,
    ConcurrentModification,
    EventReaderWriter,
    EventStore,
    EventStoreError,
    ExpectedVersion,
    NewEvent,
    Settings,
    StreamError,
)
from event_store_async.cassandra.driver.port import Prepared
from event_store_async.cassandra.feed.rows import FeedRow, State
from event_store_async.cassandra.schema.statements import AppendStatements, EventStatement
from event_store_async.cassandra.schema.tables import StoreTables
from event_store_async.events import UnidentifiedEvent
from event_store_async.hooks import Hook

from .checker import Appended, calls_of, judge, log_of
from .clock import Loop, run
from .session import CALM, TIMEOUT, Actor, SimulatedSession, Sky, Weather
from .tables import Tables

KEYSPACE = "simulated"
IDLE = "event_store_async.cassandra.feed.runner.IDLE"
"""Polls of idle sequencers are most of a run, and change nothing: they are made rarer."""

HELD_UP = "event_store_async.cassandra.feed.guard.HELD_UP"
LIVE = "event_store_async.cassandra.feed.runner.LIVE"
PROGRESS = "event_store_async.cassandra.feed.runner.PROGRESS"

_BEGINNING = datetime(2024, 1, 1, tzinfo=UTC)


@dataclass
class Plan:
    """
    What happens in a run.

    Attributes:
        writers: How many stores append and sequence.
        streams: How many streams they share.
        appends: How many appends each makes.
        part_rows: Announcements of a part of a lane: few, so that parts are dropped.
        segment_size: Entries of a segment of the log: few, so that segments change.
        weather: The faults.
        crashes: How many stores die on the way; each is replaced by a new one.
        everybody_leads: The lead is given to all, so that several sequencers duel.
        delay: K of rule S11.
        sudden: All die at the end of the last append. Otherwise they go on for a while.
        fresh: A new store publishes what is left. Otherwise those do that still live.
        sequences: The writers sequence as well. Otherwise only the last store does.
        ahead: How likely an append expects a version that its stream has not reached.
        timeouts: The deadlines of the appends, in seconds; None is that of the settings.
        backfill: The feed is enabled while the writers write: promise (2) holds later.
        live: Seconds after which sequencers look at all lanes, and write how far they are finished.
        progress: Seconds after which the progress of an entry is written, if not before by rule K.
        repeats: How likely an append repeats an earlier one's ids, with more or fewer events.
        categories: How likely an append is one of a category, perhaps not of the stream's.
        old_writers: How likely a store is one that does not announce. The scan finds its events,
            and says so; promise (2) is not kept for them.
        repairs: Whether streams are scanned, and lanes that wait in vain go on after a while. Both
            mend disasters and report an alarm. Without them, what is broken stays so.
        bursts: How likely the next append begins in the same turn of the loop: then they are
            announced together.
    """

    writers: int = 2
    streams: int = 3
    appends: int = 12
    part_rows: int = 3
    segment_size: int = 4
    weather: Weather = field(default_factory=Weather)
    crashes: int = 1
    everybody_leads: bool = False
    delay: int = 2
    sudden: bool = False
    fresh: bool = True
    sequences: bool = True
    ahead: float = 0.2
    timeouts: tuple[float | None, ...] = (None, 0.3, 3.0)
    backfill: bool = False
    old_writers: float = 0.0
    live: float = 1.0
    progress: float = 0.0
    repeats: float = 0.1
    categories: float = 0.1
    repairs: bool = True
    bursts: float = 0.0

    @classmethod
    def drawn(cls, random: Random) -> "Plan":
        """Return a plan by chance."""
        bad = random.choice([0.0, 0.01, 0.05, 0.15])

        def maybe() -> float:
            return random.choice([0.0, bad])

        return cls(
            writers=random.randint(1, 3),
            streams=random.randint(1, 4),
            appends=random.randint(3, 15),
            part_rows=random.randint(1, 5),
            segment_size=random.randint(1, 5),
            weather=Weather(
                lost=maybe(),
                unanswered=maybe(),
                late=maybe(),
                unsent=maybe(),
                half=random.choice([0.0, 0.5, 1.0]),
                slow=maybe(),
                pause=maybe() / 5,
            ),
            crashes=random.choice([0, 0, 1, 2]),
            everybody_leads=random.random() < 0.5,
            delay=random.choice([1, 2, 8]),
            sudden=random.random() < 0.5,
            fresh=random.random() < 0.5,
            sequences=random.random() < 0.9,
            backfill=random.random() < 0.2,
            old_writers=random.choice([0.0, 0.0, 0.0, 0.5]),
            live=random.choice([0.02, 0.2, 1.0]),
            progress=random.choice([0.0, 0.5, 100.0]),
        )


@dataclass
class Outcome:
    """
    How a run ended.

    Attributes:
        wrong: What the checker found.
        events: How many events the streams hold.
        facts: Counts, to see that runs do what they are for.
    """

    wrong: list[str]
    events: int
    facts: dict[str, int]


class World:
    """
    One run.

    Args:
        seed: Everything follows from it.
        plan: What happens; None draws one.
        hooks: Those of all stores. They change nothing of the run.
    """

    def __init__(self, seed: int, plan: Plan | None = None, hooks: Sequence[Hook] = ()) -> None:
        self._hooks = hooks
        self._random = Random(f"run {seed}")
        self._ids = Random(f"ids {seed}")
        self.plan = plan or Plan.drawn(Random(f"plan {seed}"))
        self.tables = Tables(Random(f"reads {seed}"))
        self.sky = Sky(self.plan.weather)
        self._streams = [self.new_id() for _ in range(self.plan.streams)]
        self._stores: list[tuple[Actor, EventStore]] = []
        self._names = 0
        self.appended: list[Appended] = []
        self._commands: dict[UUID, tuple[ExpectedVersion, list[Any]]] = {}
        self._calls = 0
        self._denied: set[int] = set()  # the calls that were told that nothing is stored
        self._repeated: set[int] = set()  # those whose events another call sent as well
        self.facts = dict.fromkeys(("stored", "conflicts", "unknown", "failed", "crashes"), 0)

    def new_id(self) -> UUID:
        return UUID(int=self._ids.getrandbits(128), version=4)

    def open_store(self, *, is_last: bool = False) -> tuple[Actor, EventStore]:
        """Open a store, as a new process would; the last one always sequences."""
        self._names += 1
        actor = Actor(f"store {self._names}")
        random = Random(f"{actor.name} {self._random.random()}")

        def session(*_: Any, **__: Any) -> SimulatedSession:
            return SimulatedSession(self.tables, actor, self.sky, random)

        loop = asyncio.get_running_loop()
        # Each process has a clock of its own: whether an append was stored by another process is
        # told from the events' timestamps, among others.
        ahead = timedelta(minutes=self._names)

        settings = Settings(
            clock=lambda: _BEGINNING + ahead + timedelta(seconds=loop.time()),
            timeout=10.0,
            request_timeout=TIMEOUT,
            backoff=Backoff(initial=0.01, maximum=0.2, random=random.random),
            new_event_id=self.new_id,
            sequences=self.plan.sequences or is_last,
            close_timeout=5.0,
            hooks=self._hooks,
        )
        with mock.patch("event_store_async.cassandra.engine.Session", session):
            raw: Any = mock.Mock(execute_batch=print)
            store = EventStore(raw, keyspace=KEYSPACE, settings=settings)
        names = (
            "append_head",
            "append_category_head",
            "append_first",
            "append_bare_first",
            "append_rest",
            "append_bare_rest",
            "feed/append_first",
            "feed/append_bare_first",
        )
        tables = StoreTables(KEYSPACE, "events")
        head, category_head, *events = (
            Prepared(tables.statement(f"statements/{name}"), None) for name in names
        )
        first, rest, announced = map(EventStatement, events[::2], events[1::2])
        announces = self._random.random() >= self.plan.old_writers
        ready = AppendStatements(head, first, rest, announced, has_feed=announces)
        in_category = AppendStatements(category_head, first, rest, announced, has_feed=announces)
        statements = store._engine.statements
        statements.ready = ready
        statements.ready_in_category = in_category
        # A writer that does not announce stays so, although it sequences.
        statements._begin_to_announce = lambda: None  # type: ignore[method-assign]
        store._engine.statements.explain = _unexplained  # type: ignore[method-assign,assignment]
        for settler in (store._engine.feed._settler, store._engine.queues._executor.settler):
            settler.explain = _unexplained
        runner = store._engine.feed.runner
        runner.delay = self.plan.delay
        if not self.plan.repairs:
            runner._scan_on = _do_not_scan  # type: ignore[method-assign,assignment]
        runner._now = runner._leadership._now = asyncio.get_running_loop().time
        if self.plan.everybody_leads:
            runner._leadership.keep = _leads  # type: ignore[method-assign]
        self._stores.append((actor, store))
        return actor, store

    async def append(self, actor: Actor, store: EventStore, clock: Callable[[], float]) -> None:
        """Append something to one of the streams."""
        random = self._random
        stream_id = random.choice(self._streams)
        has_ids = random.random() < 0.5
        events: list[Any] = []
        repeated = self._commands.get(stream_id)
        repeats = repeated is not None and random.random() < self.plan.repeats
        if repeated is not None and repeats:
            # A call of another process, with more or fewer events.
            events, has_ids = list(repeated[1][: random.randint(1, 2)]), True
            self._repeated.update(event.payload["call"] for event in events)
        self._calls += 1
        call = self._calls
        for _ in range(random.choice([1, 1, 1, 2, 3]) - len(events)):
            payload, type_ = {"call": call}, random.choice([None, "opened", "moved"])
            events.append(
                NewEvent(payload, type_, None, self.new_id())
                if has_ids
                else UnidentifiedEvent(payload, type_)
            )
        known = store._engine.known_heads.get(stream_id) or 0
        expected: ExpectedVersion = random.choice(
            [ANY, ANY, NO_STREAM, known, known, max(0, known - 1)]
        )
        if random.random() < self.plan.ahead:
            expected = known + random.choice([1, 1, 2])
        if repeated is not None and repeats:
            expected = repeated[0]
        elif has_ids:
            self._commands[stream_id] = expected, events
        began = clock()
        try:
            result = await self._view(store).try_persist_events(
                stream_id, events, expected, timeout=random.choice(self.plan.timeouts)
            )
        except EventStoreError as error:
            if isinstance(error, AppendOutcomeUnknown):
                self.facts["unknown"] += 1
            else:
                self.facts["failed"] += 1
                self._denied.add(call)
            return
        if isinstance(result, ConcurrentModification):
            self._denied.add(call)
            self.facts["conflicts"] += 1
            return
        self.facts["stored"] += 1
        first = result.version - len(events) + 1
        self.appended.append(
            Appended(
                actor.name,
                began,
                clock(),
                stream_id,
                first,
                result.version,
                not result.stored_earlier and self._is_of(actor, stream_id, first),
            )
        )

    def _is_of(self, actor: Actor, stream_id: UUID, version: int) -> bool:
        """
        Tell whether a store's own request stored an event, or one that does not announce.

        A store that was not told of its own request's outcome cannot know, if another one has
        repeated the call. The order is not promised of what the other one has stored.
        """
        cells = self.tables.partitions["events", stream_id].seen(None)
        return cells.get((version, "ann_writer")) in {None, *actor.writers}

    def _view(self, store: EventStore) -> EventReaderWriter[Any]:
        """Return the store, or a view of it, whose category the stream may not have."""
        if self._random.random() >= self.plan.categories:
            return store
        return store.category(self._random.choice(["account", "order"]))

    async def write(self, index: int, loop: Loop) -> None:
        """Append for as long as the plan says, in one store after the other if they crash."""
        random = self._random
        crash_at = {
            random.randrange(self.plan.appends)
            for _ in range(self.plan.crashes)
            if index == 0 or random.random() < 0.3
        }
        actor, store = self.open_store()
        calls: list[asyncio.Task[None]] = []
        for number in range(self.plan.appends):
            if number in crash_at:
                actor.is_dead = True
                self.facts["crashes"] += 1
                actor, store = self.open_store()
            calls.append(loop.create_task(self.append(actor, store, loop.time)))
            if self.plan.bursts and random.random() < self.plan.bursts:
                continue  # the next call begins in the same turn: both share a row of the lane
            if random.random() < 0.6:
                await asyncio.wait([calls[-1]], timeout=random.choice([0.01, 1.0, 15.0]))
            await asyncio.sleep(random.choice([0.0, 0.001, 0.02, 0.5]))
        await asyncio.wait(calls, timeout=60.0)
        if random.random() < 0.3:
            await asyncio.wait([loop.create_task(store.close())], timeout=60.0)
        elif random.random() < 0.5:
            actor.is_dead = True

    def run(self) -> Outcome:
        """Live in virtual time, with ids that follow from the seed."""
        with ExitStack() as patches:
            if not self.plan.repairs:
                patches.enter_context(mock.patch(HELD_UP, float("inf")))
            for name in _SEEDED:
                patches.enter_context(mock.patch(name, self.new_id))
            return run(self.live)

    async def live(self, loop: Loop) -> Outcome:
        """Run it, let everything calm down, and judge it."""
        await self._create_feed()
        with (
            mock.patch(IDLE, 0.1),
            mock.patch(LIVE, self.plan.live),
            mock.patch(PROGRESS, self.plan.progress),
        ):
            await asyncio.wait(
                [loop.create_task(self.write(index, loop)) for index in range(self.plan.writers)]
            )
        wrong = judge(self.tables, self.appended, complete=False)
        self.sky.now = CALM
        if self.plan.sudden:
            self._kill_all()
        with mock.patch(IDLE, 5.0):
            await asyncio.sleep(120.0)  # late requests arrive
        if self.plan.fresh or not self.plan.sequences:
            self._kill_all()
        living = [store for actor, store in self._stores if not actor.is_dead]
        last = (
            living[-1]
            if living and not _is_closed(living[-1])
            else self.open_store(is_last=True)[1]
        )
        with mock.patch(IDLE, 5.0):
            last._engine.feed._start()
            # Dormant lanes are read at least once an hour.
            for _ in range(25):
                await asyncio.sleep(300.0)
                if not judge(self.tables, self.appended, complete=True):
                    break
        wrong += judge(self.tables, self.appended, complete=True)
        wrong += await self._read_as_readers_do(last)
        wrong += [
            f"DENIED: call {call} was told that nothing is stored"
            for call in sorted(calls_of(self.tables) & (self._denied - self._repeated))
        ]
        self.facts["announced together"] = self.tables.together
        events = sum(each.last - each.first + 1 for each in self.appended)
        return Outcome(wrong, events, self.facts)

    def _kill_all(self) -> None:
        for actor, _ in self._stores:
            actor.is_dead = True

    async def _create_feed(self) -> None:
        _, store = self.open_store()
        state: State = "building" if self.plan.backfill else "complete"
        row = FeedRow(self.new_id(), self.plan.part_rows, self.plan.segment_size, state)
        weather, self.sky.now = self.sky.now, CALM
        await store._engine.feed._tables.create(row)
        self.sky.now = weather
        self._stores.clear()

    async def _read_as_readers_do(self, store: EventStore) -> list[str]:
        """Compare what readers of the feed get, page by page, with the log."""
        try:
            got = [(event.stream_id, event.version) async for event in store.feed().read()]
        except StreamError as error:
            return [f"READER: {error}"]
        return [] if got == log_of(self.tables) else ["READER: not what the log holds"]


def _is_closed(store: EventStore) -> bool:
    return store._engine.lifetime._closing is not None


async def _unexplained(*_: Any) -> None:
    """Look for no reason: there is no schema to look at."""


async def _leads() -> bool:
    return True


async def _do_not_scan(_sequencer: object) -> bool:
    return False


_SEEDED: Final = [
    f"event_store_async.cassandra.feed.{module}.random_uuid"
    for module in ("lane", "room", "runner", "sequencer")
]


class Alarms(logging.Handler):
    """Collects what the library logs as an error: a sound run has none."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.seen: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        kind = "INCONSISTENT" if "no longer published" in record.msg else "ALARM"
        self.seen.append(f"{kind}: {record.getMessage()}")


def simulate(seed: int, plan: Plan | None = None, hooks: Sequence[Hook] = ()) -> Outcome:
    """Run one world; the same seed gives the same outcome."""
    world = World(seed, plan, hooks)
    alarms, logger = Alarms(), logging.getLogger("event_store_async")
    logger.addHandler(alarms)
    try:
        outcome = world.run()
    finally:
        logger.removeHandler(alarms)
    outcome.wrong += alarms.seen
    excused = set()
    if world.plan.backfill:
        excused |= {"ALARM"}
    if world.plan.old_writers:
        excused |= {"ORDER", "ALARM"}
    outcome.wrong = [each for each in outcome.wrong if each.partition(":")[0] not in excused]
    return outcome
