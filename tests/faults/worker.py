"""Worker: a process that writes and reads, ``python -m tests.faults.worker PLAN``."""

import asyncio
import json
import os
import random
import sys
from collections import Counter
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from event_store_async import ConnectionFailed, EventStore, Settings
from event_store_async.moments import utc_now

from ..history.recorder import Recorder
from ..history.stalls import Stalls
from .caller import Caller, EventIds
from .workload import Streams, Workload

READ_TIMEOUT: Final = 5.0
LOOK_BACK: Final = 5000
"""How many versions back an unknown append is looked for; more than a stream ever has."""

_REPORT_EVERY: Final = 0.5


@dataclass(frozen=True, slots=True)
class Plan:
    """
    The parameters of a worker.

    Attributes:
        name: Its name in the history.
        history: The file of its history.
        contact_points: The addresses to connect to.
        port: The port.
        datacenter: The datacenter.
        keyspace: The keyspace.
        seed: The seed of everything random.
        tasks: The number of concurrent calls.
        streams: The number of streams in use at a time.
        pause: The mean seconds between two calls of a task.
        clock: Seconds by which its clock is wrong.
        run: The run's name.
        since: When the run began, in nanoseconds of the monotonic clock.
    """

    name: str
    history: str
    contact_points: tuple[str, ...]
    port: int
    datacenter: str
    keyspace: str
    seed: int
    tasks: int
    streams: int
    pause: float
    clock: float
    run: str
    since: int

    def command(self) -> list[str]:
        """Return the command that runs the worker."""
        return [sys.executable, "-m", "tests.faults.worker", json.dumps(asdict(self))]


class WrongClock:
    """A clock that is wrong by some seconds, and sometimes jumps to another error."""

    def __init__(self, seconds: float, rng: random.Random, recorder: Recorder, name: str) -> None:
        self._seconds = seconds
        self._rng = rng
        self._recorder = recorder
        self._name = name

    def __call__(self) -> datetime:
        """Return the time that the clock shows."""
        if self._seconds and self._rng.random() < 0.002:
            self._seconds = self._rng.uniform(-86400, 86400)
            self._recorder.mark("clock", self._name, seconds=round(self._seconds))
        return utc_now() + timedelta(seconds=self._seconds)


async def work(plan: Plan) -> None:
    """Work until standard input ends."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(sys.stdin.fileno(), _listen, stop)
    rng = random.Random(plan.seed)
    with (
        Recorder(Path(plan.history), plan.name) as recorder,
        Stalls(recorder.stalled),
    ):
        clock = WrongClock(plan.clock, rng, recorder, plan.name)
        ids = EventIds()
        settings = Settings(
            timeout=READ_TIMEOUT, look_back=LOOK_BACK, clock=clock, new_event_id=ids.take
        )
        store = await _connect(plan, settings, stop)
        if store is None:
            return
        async with store:
            await _write(plan, Caller(store, recorder, READ_TIMEOUT, ids), stop)


def _listen(stop: asyncio.Event) -> None:
    if not os.read(sys.stdin.fileno(), 64):
        asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
        stop.set()


async def _connect(plan: Plan, settings: Settings, stop: asyncio.Event) -> EventStore | None:
    while not stop.is_set():
        try:
            return await EventStore.connect(
                plan.contact_points,
                port=plan.port,
                keyspace=plan.keyspace,
                local_datacenter=plan.datacenter,
                settings=settings,
            )
        except ConnectionFailed:
            await asyncio.sleep(0.5)
    return None


async def _write(plan: Plan, caller: Caller, stop: asyncio.Event) -> None:
    counts: Counter[str] = Counter()
    streams = Streams(plan.run, plan.since, plan.streams)

    def count(end: str) -> None:
        counts[end] += 1

    workloads = [
        Workload(
            caller,
            streams,
            random.Random(plan.seed * 1000 + task),
            pause=plan.pause,
            on_end=count,
        )
        for task in range(plan.tasks)
    ]
    reports = asyncio.ensure_future(_report(counts))
    try:
        await asyncio.gather(*(workload.run(stop) for workload in workloads))
    finally:
        reports.cancel()
        _print(counts)


async def _report(counts: Counter[str]) -> None:
    while True:
        _print(counts)
        await asyncio.sleep(_REPORT_EVERY)


def _print(counts: Counter[str]) -> None:
    with suppress(BrokenPipeError):  # the reader is dead; the end of the input follows
        sys.stdout.write(json.dumps(counts) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    asyncio.run(work(Plan(**given)))
