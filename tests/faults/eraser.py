"""Eraser: a process that erases events of streams, ``python -m tests.faults.eraser PLAN``."""

import asyncio
import json
import random
import sys
from collections import Counter, defaultdict, deque
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final

from event_store_async import Settings

from ..history.operations import Erasing
from ..history.recorder import Recorder, now
from ..history.stalls import Stalls
from .caller import Caller
from .seat import Seat, WrongClock, end_of_input, tell
from .worker import READ_TIMEOUT
from .workload import Streams

QUIET: Final = 30.0
"""Seconds after which nobody repeats an append any more: what is older can be erased."""

LIFETIME: Final = 40.0
"""Seconds for which streams are in use, so that some of them are truncated while they are."""

_BACK: Final = 3
_PAUSE: Final = 0.2
_WITHIN: Final = (1.0, 3.0, 6.0)


@dataclass(frozen=True, kw_only=True)
class EraserPlan(Seat):
    """
    The parameters of an eraser.

    Attributes:
        streams: The number of streams in use at a time.
        run: The run's name.
        since: When the run began, in nanoseconds of the monotonic clock.
    """

    MODULE: ClassVar[str] = "tests.faults.eraser"

    streams: int
    run: str
    since: int


class Eraser:
    """
    Reads streams, and erases what it read long ago.

    It reads each stream at the serial level before it erases anything: so the history has all that
    is gone. Streams in use are truncated. Those that are not, for a while, are deleted or closed.

    Args:
        caller: Calls the store.
        streams: The streams.
        rng: Makes every choice.
    """

    def __init__(self, caller: Caller, streams: Streams, rng: random.Random) -> None:
        self._caller = caller
        self._streams = streams
        self._rng = rng
        self._seen: dict[str, deque[tuple[float, int]]] = defaultdict(deque)
        self.counts: Counter[str] = Counter()

    async def run(self, stop: asyncio.Event) -> None:
        """Run until *stop* is set; a call in progress is finished."""
        while not stop.is_set():
            await self._once()
            tell(self.counts)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), self._rng.expovariate(1 / _PAUSE))

    async def _once(self) -> None:
        rng, streams = self._rng, self._streams
        current = streams.set
        number = max(0, current - rng.randint(0, _BACK))
        stream = streams.of(number, rng.randrange(streams.count))
        read = await self._caller.read(stream, serial=True)
        if read.end != "events" or not read.placed:
            return
        head = read.placed[-1][0]
        seen, moment = self._seen[stream], now() / 1e9
        seen.append((moment, head))
        # What was seen first, and last, of all that is old enough: the last of these counts.
        while len(seen) > 1 and seen[1][0] < moment - QUIET:
            seen.popleft()
        since, old = seen[0]
        if since >= moment - QUIET or rng.random() < 0.25:
            return
        what: Erasing = "truncate"
        if current - number > 1 and old == head and rng.random() < 0.4:
            what = rng.choice(("delete", "delete", "close"))
        lowest = read.placed[0][0]
        before = old + 1 if what != "truncate" else rng.randint(lowest, old + 1)
        await self._erase(stream, what, before)

    async def _erase(self, stream: str, what: Erasing, before: int) -> None:
        within = self._rng.choice(_WITHIN)
        task = asyncio.ensure_future(self._caller.erase(stream, what, before, within))
        cancelled = self._rng.random() < 0.1
        await asyncio.wait((task,), timeout=self._rng.expovariate(30) if cancelled else None)
        if not task.done():
            task.cancel()
            await asyncio.wait((task,))
        if task.cancelled():
            self.counts["erasures cancelled"] += 1
            return
        end = task.result().end
        self.counts[f"erasures {end}"] += 1
        if end == "unknown" and self._rng.random() < 0.5:
            # The other half is left to the settler, after the run.
            again = await self._caller.erase(stream, what, before, within)
            self.counts[f"erasures {again.end}"] += 1


async def erase(plan: EraserPlan) -> None:
    """Erase until standard input ends."""
    stop = end_of_input()
    rng = random.Random(plan.seed)
    with (
        Recorder(Path(plan.history), plan.name) as recorder,
        Stalls(recorder.stalled),
    ):
        clock = WrongClock(plan.clock, rng, recorder, plan.name)
        store = await plan.connect(Settings(timeout=READ_TIMEOUT, clock=clock), stop)
        if store is None:
            return
        async with store:
            streams = Streams(plan.run, plan.since, plan.streams, LIFETIME)
            await Eraser(Caller(store, recorder, READ_TIMEOUT), streams, rng).run(stop)


if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    asyncio.run(erase(EraserPlan(**given)))
