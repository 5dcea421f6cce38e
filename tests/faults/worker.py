"""Worker: a process that writes and reads, ``python -m tests.faults.worker PLAN``."""

import asyncio
import json
import random
import sys
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final

from event_store_async import Settings

from ..history.feed.recorder import FeedRecorder
from ..history.recorder import Recorder
from ..history.stalls import Stalls
from .caller import Caller, EventIds
from .seat import Seat, WrongClock, end_of_input, tell
from .workload import Streams, Workload

READ_TIMEOUT: Final = 5.0
LOOK_BACK: Final = 5000
"""How many versions back an unknown append is looked for; more than a stream ever has."""

_REPORT_EVERY: Final = 0.5


@dataclass(frozen=True, kw_only=True)
class Plan(Seat):
    """
    The parameters of a worker.

    Attributes:
        tasks: The number of concurrent calls.
        streams: The number of streams in use at a time.
        lifetime: For how many seconds they are in use.
        pause: The mean seconds between two calls of a task.
        run: The run's name.
        since: When the run began, in nanoseconds of the monotonic clock.
    """

    MODULE: ClassVar[str] = "tests.faults.worker"

    tasks: int
    streams: int
    lifetime: float
    pause: float
    run: str
    since: int


async def work(plan: Plan) -> None:
    """Work until standard input ends."""
    stop = end_of_input()
    rng = random.Random(plan.seed)
    with ExitStack() as stack:
        recorder = stack.enter_context(Recorder(Path(plan.history), plan.name))
        stack.enter_context(Stalls(recorder.stalled))
        if plan.alarms is not None:
            stack.enter_context(FeedRecorder(Path(plan.alarms), plan.name))
        ids = EventIds()
        settings = Settings(
            timeout=READ_TIMEOUT,
            look_back=LOOK_BACK,
            sequences=plan.sequences,
            clock=WrongClock(plan.clock, rng, recorder, plan.name),
            new_event_id=ids.take,
        )
        store = await plan.connect(settings, stop)
        if store is None:
            return
        async with store:
            await _write(plan, Caller(store, recorder, READ_TIMEOUT, ids), stop)


async def _write(plan: Plan, caller: Caller, stop: asyncio.Event) -> None:
    counts: Counter[str] = Counter()
    streams = Streams(plan.run, plan.since, plan.streams, plan.lifetime)

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
        tell(counts)


async def _report(counts: Counter[str]) -> None:
    while True:
        tell(counts)
        await asyncio.sleep(_REPORT_EVERY)


if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    asyncio.run(work(Plan(**given)))
