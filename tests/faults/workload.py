"""Workload: the random calls of one task of a writer."""

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final
from uuid import UUID, uuid5

from ..history.operations import Append, Expected
from ..history.recorder import now
from .caller import Caller
from .events import event_of

_NAMESPACE: Final = UUID("6f1b1c1e-3f0a-4a9c-9d7e-1f6f2b1c9a55")
_SECOND: Final = 1_000_000_000
_WITHIN: Final = (1.0, 3.0, 6.0)


@dataclass(frozen=True, slots=True)
class Streams:
    """
    The streams that all writers of a run share at a moment.

    They are replaced regularly, so that they do not grow too long to be read often.

    Attributes:
        run: The run's name.
        since: When it began, in nanoseconds of the monotonic clock.
        count: The number of streams in use at a time.
        seconds: How long each set of streams is used.
    """

    run: str
    since: int
    count: int = 6
    seconds: float = 15.0

    def pick(self, rng: random.Random) -> str:
        """Return one of the current streams."""
        # Two in three go to half of the streams: some contention everywhere, more on those.
        half = rng.random() < 0.66
        return self.of(self.set, rng.randrange(max(1, self.count // 2) if half else self.count))

    @property
    def set(self) -> int:
        """The number of the current set of streams, from 0."""
        return int((now() - self.since) / (self.seconds * _SECOND))

    def of(self, number: int, index: int) -> str:
        """Return a stream of a set."""
        return str(uuid5(_NAMESPACE, f"{self.run}/{number}/{index}"))


class Workload:
    """
    Appends, reads, cancels and repeats.

    Args:
        caller: Calls the store.
        streams: The streams.
        rng: Makes every choice.
        pause: The mean seconds between two calls of one task.
        on_end: Called with the kind of answer of every call.
    """

    def __init__(
        self,
        caller: Caller,
        streams: Streams,
        rng: random.Random,
        *,
        pause: float,
        on_end: Callable[[str], None],
    ) -> None:
        self._caller = caller
        self._streams = streams
        self._rng = rng
        self._pause = pause
        self._on_end = on_end
        self._known: dict[str, int] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Run until *stop* is set; a call in progress is finished."""
        while not stop.is_set():
            await self.once()
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), self._rng.expovariate(1 / self._pause))

    async def once(self) -> None:
        """Make one call, or a call and its repetition."""
        stream = self._streams.pick(self._rng)
        await self._rng.choices(
            (self._append, self._cancelled_append, self._check, self._read, self._version),
            (60, 4, 2, 28, 6),
        )[0](stream)

    async def _append(self, stream: str) -> None:
        rng = self._rng
        size = rng.choice((1, 1, 1, 2, 3, rng.randint(1, 40)))
        events = [event_of(UUID(int=rng.getrandbits(128), version=4)) for _ in range(size)]
        expected, within = self._expected(stream), rng.choice(_WITHIN)
        bare = rng.random() < 0.5
        append = await self._caller.append(stream, events, expected, within, bare=bare)
        self._learn(append)
        if append.end == "unknown" and rng.random() < 0.5:
            # The other half is left to the settler, after the run.
            self._learn(await self._caller.append(stream, events, expected, within))

    def _expected(self, stream: str) -> Expected:
        rng, known = self._rng, self._known.get(stream, 0)
        kinds: tuple[Expected, ...] = ("any", "exists", 0, known, max(0, known - 1), known + 3)
        return rng.choices(kinds, (40, 8, 4, 42, 3, 3))[0]

    async def _cancelled_append(self, stream: str) -> None:
        task = asyncio.ensure_future(self._append(stream))
        await asyncio.wait((task,), timeout=self._rng.expovariate(1 / 0.03))
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        if task.cancelled():
            self._on_end("cancelled")

    async def _check(self, stream: str) -> None:
        """Append no events: only the expectation is checked."""
        expected = self._expected(stream)
        self._learn(await self._caller.append(stream, [], expected, self._rng.choice(_WITHIN)))

    async def _read(self, stream: str) -> None:
        rng, known = self._rng, self._known.get(stream, 0)
        first = max(1, known - rng.randint(0, 20))
        serial = rng.random() < 0.3
        match rng.choices(("tail", "part", "back", "all"), (60, 15, 20, 5))[0]:
            case "tail":
                read = await self._caller.read(stream, first, serial=serial)
            case "part":
                read = await self._caller.read(stream, first, rng.randint(1, 10), serial=serial)
            case "back":
                count = rng.randint(1, 20)
                read = await self._caller.read(stream, None, count, backward=True, serial=serial)
            case _:
                read = await self._caller.read(stream, serial=serial)
        self._on_end(read.end or "")
        self._saw(stream, max((version for version, _ in read.placed), default=0))

    async def _version(self, stream: str) -> None:
        version = await self._caller.version(stream)
        self._on_end(version.end or "")
        self._saw(stream, version.version)

    def _learn(self, append: Append) -> None:
        self._on_end(append.end or "")
        self._saw(append.stream, append.version)

    def _saw(self, stream: str, version: int) -> None:
        self._known[stream] = max(self._known.get(stream, 0), version)
