"""A chaos run: cluster, processes and faults, then calm, settlement, last reads and the verdict."""

import asyncio
import random
import uuid
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Final
from uuid import UUID

from benchmarks.peers.postgres import run_postgres
from benchmarks.peers.protocol import Unavailable
from event_store_async import Settings

from ..history.check import check
from ..history.feed.check import check_feed
from ..history.feed.readings import FOLDER, load_readings
from ..history.groups.verdict import GroupEnd, check_group
from ..history.history import History, load_all
from ..history.recorder import Recorder, now
from ..history.stalls import Stalls
from .caller import Caller
from .display import Display
from .eraser import LIFETIME
from .erasers import Erasers
from .group_operator import Operator
from .handler import EVENTS, VIEW
from .handlers import HandlerProcesses
from .last_reading import read_feed
from .nemesis import Nemesis
from .processes import Processes
from .proxy import Proxy
from .readers import Readers
from .report import Report, versions
from .ring import Ring
from .sequencers import Sequencers
from .settlement import read_all, settle, settle_erasures
from .view import View
from .worker import READ_TIMEOUT
from .writers import Writers

_CALM: Final = 5.0
_WARM: Final = 100.0
_MORE: Final = 12
"""Quarters of its duration by which a run is prolonged, at most, if too little happens in it."""
_BARRED: Final[tuple[tuple[int, ...], ...]] = ((), (0,), (1,), (2, 0))
"""The nodes that a process never reaches, so that a stream's appends use several coordinators."""
_LIFETIME: Final = 15.0
"""Seconds for which streams are in use if nothing is erased: short ones are read often."""
_WHOLE_STREAM: Final = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """
    The options of a run.

    Attributes:
        duration: Seconds of faults.
        seed: The seed of everything random.
        writers: The number of writer processes.
        tasks: The number of concurrent calls of each.
        streams: The number of streams in use at a time.
        feed: Whether the table has a feed.
        sequencers: The number of processes that only sequence it.
        readers: The number of processes that read it.
        handlers: The number of processes that have members of groups.
        erasers: The number of processes that erase events; none on a table with a feed.
        pause: The mean seconds between two calls of a task.
        heap: The heap of each node.
        commit_log: The kind of commit log of each node.
        isolated: Whether this process is in a network namespace.
        output: The folder in which the run creates its own.
    """

    duration: float
    seed: int
    writers: int = 4
    tasks: int = 4
    streams: int = 6
    feed: bool = False
    sequencers: int = 2
    readers: int = 3
    handlers: int = 3
    erasers: int = 1
    pause: float = 0.15
    heap: str = "512M"
    commit_log: str = "batch"
    isolated: bool = False
    output: Path

    @property
    def processes(self) -> int:
        """The number of all processes that use the cluster."""
        others = self.sequencers + self.readers + self.handlers
        return self.writers + (others if self.feed else self.erasers)


@dataclass(frozen=True, slots=True)
class Crowds:
    """
    The processes of a run.

    Attributes:
        writers: The writers.
        sequencers: The sequencers; None without a feed.
        readers: The readers; None without a feed.
        handlers: Those with members of groups; None without a feed.
        erasers: Those that erase events; None with a feed.
    """

    writers: Writers
    sequencers: Sequencers | None = None
    readers: Readers | None = None
    handlers: HandlerProcesses | None = None
    erasers: Erasers | None = None

    @property
    def all(self) -> list[Processes]:
        """All of them, in the order of their proxies."""
        each = (self.writers, self.sequencers, self.readers, self.handlers, self.erasers)
        return [crowd for crowd in each if crowd is not None]

    @property
    def failures(self) -> list[str]:
        """What went wrong with them."""
        return [failure for crowd in self.all for failure in crowd.failures]


async def run(options: Options) -> Report:
    """Run; however it ends, only its files remain."""
    name = uuid.uuid4().hex[:8]
    directory = options.output / name
    directory.mkdir(parents=True)
    if options.feed:
        (directory / FOLDER).mkdir()
    async with AsyncExitStack() as stack:
        display = stack.enter_context(Display(options.duration))
        recorder = stack.enter_context(Recorder(directory / "nemesis.jsonl", "nemesis"))
        display.phase("starting")
        ring = await stack.enter_async_context(
            Ring(
                options.processes,
                heap=options.heap,
                commit_log=options.commit_log,
                isolated=options.isolated,
                feed=options.feed,
            )
        )
        facts = versions(ring.cluster.version) | {"commit log": options.commit_log}
        recorder.mark("run", name, seed=options.seed, duration=options.duration, **facts)
        target = await _provide_view(stack) if options.feed else None
        if options.feed:
            facts["view"] = "in PostgreSQL" if target else "none: there is no PostgreSQL"
        crowds = _crowds(options, ring, directory, name, target)
        for crowd in crowds.all:
            stack.push_async_callback(crowd.end)
        groups = None
        if crowds.handlers is not None:
            store = await stack.enter_async_context(ring.connect(Settings(sequences=False)))
            names = [EVENTS, *([] if target is None else [VIEW])]
            operator = Operator(store, names, recorder, random.Random(options.seed + 3))
            groups = Groups(operator, crowds.handlers, target)
        await _break(options, ring, crowds, groups, recorder, display)
        display.phase("settling")
        history, ends = await _settle(ring, directory, recorder, crowds, groups, display)
    facts |= {"seed": f"{options.seed}", "seconds of faults": f"{options.duration:g}"}
    readings = load_readings(directory)
    verdict = check(history)
    if readings is not None:
        of_feed = check_feed(history, readings)
        verdict.violations += of_feed.violations
        verdict.counts |= of_feed.counts
    for end in ends:
        of_group = check_group(directory, history, end)
        verdict.violations += of_group.violations
        verdict.counts |= of_group.counts
    for name, deeds in groups.operator.deeds.items() if groups is not None else ():
        verdict.counts |= {f"{name}: operator, {kind}": n for kind, n in deeds.counts.items()}
    report = Report(verdict, history, crowds.failures, facts, readings)
    report.write(directory)
    return report


async def _provide_view(stack: AsyncExitStack) -> str | None:
    """Start PostgreSQL, with the tables of a view; None if its programs are not here."""
    try:
        server = stack.enter_context(run_postgres())
    except Unavailable:
        return None
    target = f"host=127.0.0.1 port={server.port} user=bench dbname=postgres"
    async with View(target) as view:
        await view.create()
    return target


def _crowds(options: Options, ring: Ring, directory: Path, name: str, target: str | None) -> Crowds:
    sizes = (options.writers, options.sequencers, options.readers, options.handlers)
    ends = list(accumulate(sizes))
    since = now()
    writers = Writers(
        ring,
        ring.proxies[: ends[0]],
        directory,
        run=name,
        since=since,
        seed=options.seed,
        tasks=options.tasks,
        streams=options.streams,
        lifetime=_LIFETIME if options.feed or not options.erasers else LIFETIME,
        pause=options.pause,
    )
    if not options.feed:
        erasers = Erasers(
            ring,
            ring.proxies[ends[0] :],
            directory,
            run=name,
            since=since,
            seed=options.seed + 5,
            streams=options.streams,
        )
        return Crowds(writers, erasers=erasers)
    return Crowds(
        writers,
        Sequencers(ring, ring.proxies[ends[0] : ends[1]], directory, seed=options.seed + 1),
        Readers(ring, ring.proxies[ends[1] : ends[2]], directory, seed=options.seed + 2),
        HandlerProcesses(
            ring, ring.proxies[ends[2] :], directory, seed=options.seed + 4, postgres=target
        ),
    )


async def _break(
    options: Options,
    ring: Ring,
    crowds: Crowds,
    groups: "Groups | None",
    recorder: Recorder,
    display: Display,
) -> None:
    proxies = [_unbarred(index, each) for index, each in enumerate(ring.proxies)]
    # A generator of its own, so that the processes' random choices do not change the faults.
    rng = random.Random(options.seed)
    nemesis = Nemesis(
        ring,
        crowds.all,
        recorder,
        rng,
        proxies,
        pauses=options.feed,
        every=(2.0, 8.0) if options.feed else (8.0, 25.0),
    )
    watch = asyncio.ensure_future(display.watch(nemesis, crowds.all))
    calm = asyncio.Event()
    acting: asyncio.Future[None] | None = None
    try:
        for crowd in crowds.all:
            await crowd.start_all()
        await _warm(ring, crowds)
        recorder.mark("phase", "faults")
        display.phase("breaking")
        if groups is not None:
            acting = asyncio.ensure_future(groups.operator.run(calm))
        await nemesis.run(options.duration)
        for _ in range(_MORE):
            if _proves_something(options.duration, nemesis, crowds, groups):
                break
            await nemesis.run(options.duration / 4)
        recorder.mark("phase", "calm")
        display.phase("calm")
        calm.set()
        if acting is not None:
            await acting
        await asyncio.sleep(_CALM)
        await crowds.writers.stop()
        if crowds.erasers is not None:
            await crowds.erasers.stop()
    finally:
        watch.cancel()
        if acting is not None:
            acting.cancel()


def _unbarred(index: int, proxies: Sequence[Proxy]) -> list[Proxy]:
    barred = _BARRED[index % len(_BARRED)]
    for node in barred:
        proxies[node].drop()
    return [proxy for node, proxy in enumerate(proxies) if node not in barred]


async def _warm(ring: Ring, crowds: Crowds) -> None:
    async with asyncio.timeout(_WARM):
        while crowds.writers.counts["stored"] < 10:
            await asyncio.sleep(0.1)
        while crowds.readers is not None and crowds.readers.counts["delivered"] < 10:
            await asyncio.sleep(0.1)
        while crowds.handlers is not None and crowds.handlers.counts["handled"] < 10:
            await asyncio.sleep(0.1)
        if crowds.readers is not None:
            # The order of appends that began before is not promised.
            async with ring.connect(Settings(sequences=False)) as store:
                while (await store.operations.feed_status()).state != "complete":
                    await asyncio.sleep(0.1)


def _proves_something(
    seconds: float, nemesis: Nemesis, crowds: Crowds, groups: "Groups | None"
) -> bool:
    counts = crowds.writers.counts
    if groups is not None and not (
        groups.operator.has_all and nemesis.faults["restart handlers"] > 0
    ):
        return False
    return (
        not nemesis.spared
        and nemesis.faults.total() >= seconds / 10
        and counts["stored"] >= seconds
        and counts["conflict"] >= seconds / 4
        and counts["unknown"] > 0
    )


@dataclass(frozen=True, slots=True)
class Groups:
    """
    The groups of a run.

    Attributes:
        operator: Acts on them.
        handlers: The processes with their members.
        target: Where the view is; None without PostgreSQL.
    """

    operator: Operator
    handlers: HandlerProcesses
    target: str | None

    async def settle(self) -> list[GroupEnd]:
        """Mend what fails, wait until everything is handled, and return what is known then."""
        self.handlers.mended.touch()
        ends = []
        for name, deeds in self.operator.deeds.items():
            parked = await self.operator.settle(name)
            ends.append(
                GroupEnd(
                    name=name,
                    resets=deeds.resets,
                    skipped=deeds.skips,
                    records=await self.operator.records(name),
                    parked=parked,
                    view=await self._versions() if name == VIEW else None,
                )
            )
        return ends

    async def _versions(self) -> Mapping[UUID, list[int]]:
        assert self.target is not None
        async with View(self.target) as view:
            return await view.versions()


async def _settle(
    ring: Ring,
    directory: Path,
    recorder: Recorder,
    crowds: Crowds,
    groups: Groups | None,
    display: Display,
) -> tuple[History, list[GroupEnd]]:
    # The feed is left to the processes that sequence it: they must complete it.
    settings = Settings(timeout=READ_TIMEOUT, look_back=_WHOLE_STREAM, sequences=False)
    path = directory / "settler.jsonl"
    ends: list[GroupEnd] = []
    with Recorder(path, "settler") as own, Stalls(own.stalled):
        async with ring.connect(settings) as store:
            caller = Caller(store, own, READ_TIMEOUT)
            await settle_erasures(caller, load_all(directory))
            await settle(caller, load_all(directory))
            recorder.mark("phase", "quiet")
            await read_all(caller, load_all(directory).streams)
            history = load_all(directory)
            if crowds.readers is not None:
                display.phase("completing")
                path = directory / FOLDER / "settler.jsonl"
                await read_feed(store, history, path, crowds.readers)
            if groups is not None:
                display.phase("handling")
                ends = await groups.settle()
                for crowd in crowds.all:
                    await crowd.stop()
                history = load_all(directory)
    return history, ends
