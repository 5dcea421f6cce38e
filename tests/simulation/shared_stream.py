"""Processes that share a stream, in simulated time: each round trip takes as long as it is said."""

import heapq
import random
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from event_store_async.cassandra.append.stream_turns import StreamTurns

STREAM: Final = UUID(int=1)

Step = Generator[float, None, None]
"""A process; it yields the seconds until its next step."""


@dataclass(slots=True)
class Process:
    """
    What became of a process.

    Attributes:
        stored: When each of its batches was stored.
        conflicts: How many of its attempts were refused.
        longest: The longest time that a batch took, in seconds.
    """

    stored: list[float] = field(default_factory=list)
    conflicts: int = 0
    longest: float = 0.0


@dataclass(frozen=True, slots=True)
class Costs:
    """
    How long things take, in seconds.

    Attributes:
        attempt: An attempt that stores its batch.
        refused: An attempt that does not.
        reading: A read of the version.
        between: The work of a process between two batches.
    """

    attempt: float = 0.0012
    refused: float = 0.0008
    reading: float = 0.0006
    between: float = 0.0004


class World:
    """
    A stream and the processes that append to it all the time, a batch after the other.

    Args:
        seed: Makes a run repeatable.
        costs: How long things take; each time a little less or more.
    """

    def __init__(self, seed: int = 1, *, costs: Costs | None = None) -> None:
        self.now = 0.0
        self.version = 0
        self.processes: list[Process] = []
        self._random = random.Random(seed)
        self._costs = costs or Costs()
        self._due: list[tuple[float, int, Step]] = []
        self._free = 0.0  # when the server has decided what it has got

    def add(self, begins: float, ends: float) -> Process:
        """Let one more process append from one moment until another."""
        process = Process()
        self.processes.append(process)
        number = len(self.processes)
        heapq.heappush(self._due, (begins, number, self._run(process, ends)))
        return process

    def run(self) -> None:
        """Run until all processes have ended."""
        while self._due:
            self.now, number, step = heapq.heappop(self._due)
            for seconds in step:
                later = self.now + seconds * self._random.uniform(0.9, 1.3)
                heapq.heappush(self._due, (later, number, step))
                break

    def _run(self, process: Process, ends: float) -> Step:
        turns = StreamTurns(lambda: self.now, self._random.random)
        known = 0
        while self.now < ends:
            began = self.now
            if turns.is_over(STREAM):
                known = yield from self._listen(turns, known)
            while True:
                turns.sends(STREAM)
                # The server decides one at a time; rivals make each other wait.
                yield max(0.0, self._free - self.now) + self._costs.refused / 2
                if self.version == known:
                    self.version = known = known + 1
                    self._free = self.now + self._costs.attempt / 2
                    yield self._costs.attempt / 2
                    turns.stored(STREAM)
                    process.stored.append(self.now)
                    break
                process.conflicts += 1
                known = self.version
                yield self._costs.refused / 2
                if turns.lost(STREAM):
                    known = yield from self._listen(turns, known)
            process.longest = max(process.longest, self.now - began)
            yield self._costs.between

    def _listen(self, turns: StreamTurns, known: int) -> Generator[float, None, int]:
        listening = turns.listen(STREAM)
        while True:
            yield listening.pause()
            yield self._costs.reading / 2
            version = self.version
            yield self._costs.reading / 2
            if listening.hears(version, known):
                return version
            known = version
