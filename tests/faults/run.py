"""A chaos run: cluster, writers and faults, then calm, settlement, last reads and the verdict."""

import asyncio
import random
import uuid
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from event_store_async import Settings

from ..history.check import check
from ..history.history import History, load_all
from ..history.recorder import Recorder, now
from ..history.stalls import Stalls
from .caller import Caller
from .display import Display
from .nemesis import Nemesis
from .proxy import Proxy
from .report import Report, versions
from .ring import Ring
from .settlement import read_all, settle
from .worker import READ_TIMEOUT
from .writers import Writers

_CALM: Final = 5.0
_WARM: Final = 100.0
_MORE: Final = 12
"""Quarters of its duration by which a run is prolonged, at most, if too little happens in it."""
_BARRED: Final[tuple[tuple[int, ...], ...]] = ((), (0,), (1,), (2, 0))
"""The nodes that a writer never reaches, so that a stream's appends use several coordinators."""
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
    pause: float = 0.15
    heap: str = "512M"
    commit_log: str = "batch"
    isolated: bool = False
    output: Path


async def run(options: Options) -> Report:
    """Run; however it ends, only its files remain."""
    name = uuid.uuid4().hex[:8]
    directory = options.output / name
    directory.mkdir(parents=True)
    async with AsyncExitStack() as stack:
        display = stack.enter_context(Display(options.duration))
        recorder = stack.enter_context(Recorder(directory / "nemesis.jsonl", "nemesis"))
        display.phase("starting")
        ring = await stack.enter_async_context(
            Ring(
                options.writers,
                heap=options.heap,
                commit_log=options.commit_log,
                isolated=options.isolated,
            )
        )
        facts = versions(ring.cluster.version) | {"commit log": options.commit_log}
        recorder.mark("run", name, seed=options.seed, duration=options.duration, **facts)
        writers = Writers(
            ring,
            directory,
            run=name,
            since=now(),
            seed=options.seed,
            tasks=options.tasks,
            streams=options.streams,
            pause=options.pause,
        )
        stack.push_async_callback(writers.end)
        await _break(options, ring, writers, recorder, display)
        display.phase("settling")
        history = await _settle(ring, directory)
    report = Report(check(history), history, writers.failures, facts | {"seed": f"{options.seed}"})
    report.write(directory)
    return report


async def _break(
    options: Options, ring: Ring, writers: Writers, recorder: Recorder, display: Display
) -> None:
    proxies = [_unbarred(index, each) for index, each in enumerate(ring.proxies)]
    # A generator of its own, so that the writers' random choices do not change the faults.
    rng = random.Random(options.seed)
    nemesis = Nemesis(ring, writers, recorder, rng, proxies)
    watch = asyncio.ensure_future(display.watch(nemesis, writers))
    try:
        for index in range(options.writers):
            await writers.start(index)
        await _warm(writers)
        recorder.mark("phase", "faults")
        display.phase("breaking")
        await nemesis.run(options.duration)
        for _ in range(_MORE):
            if _proves_something(options.duration, nemesis, writers):
                break
            await nemesis.run(options.duration / 4)
        recorder.mark("phase", "calm")
        display.phase("calm")
        await asyncio.sleep(_CALM)
        await writers.stop()
    finally:
        watch.cancel()


def _unbarred(index: int, proxies: Sequence[Proxy]) -> list[Proxy]:
    barred = _BARRED[index % len(_BARRED)]
    for node in barred:
        proxies[node].drop()
    return [proxy for node, proxy in enumerate(proxies) if node not in barred]


async def _warm(writers: Writers) -> None:
    async with asyncio.timeout(_WARM):
        while writers.counts["stored"] < 10:
            await asyncio.sleep(0.1)


def _proves_something(seconds: float, nemesis: Nemesis, writers: Writers) -> bool:
    counts = writers.counts
    return (
        nemesis.faults.total() >= seconds / 10
        and counts["stored"] >= seconds
        and counts["conflict"] >= seconds / 4
        and counts["unknown"] > 0
    )


async def _settle(ring: Ring, directory: Path) -> History:
    settings = Settings(timeout=READ_TIMEOUT, look_back=_WHOLE_STREAM)
    path = directory / "settler.jsonl"
    with Recorder(path, "settler") as recorder, Stalls(recorder.stalled):
        async with ring.connect(settings) as store:
            caller = Caller(store, recorder, READ_TIMEOUT)
            history = load_all(directory)
            await settle(caller, history)
            await read_all(caller, history.streams)
    return load_all(directory)
