"""Processes: some processes of a run that do the same, each with its own proxies to the nodes."""

import asyncio
import json
import signal
from abc import ABC, abstractmethod
from asyncio.subprocess import PIPE, Process
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Final

from ..history.feed.readings import FOLDER
from ..history.recorder import Recorder
from .proxy import Proxy
from .ring import KEYSPACE, Ring
from .seat import Seat

_STOP: Final = 120.0
ROOT: Final = Path(__file__).resolve().parents[2]


@dataclass(slots=True)
class _Running:
    seat: Seat
    process: Process
    counts: Counter[str] = field(default_factory=Counter)
    listener: "asyncio.Task[None] | None" = None


class Processes(ABC):
    """
    Starts, stops, continues, kills and replaces processes, and adds up their counts.

    Args:
        kind: What they are, in one word.
        ring: The cluster.
        proxies: A set of proxies for each of them.
        directory: The folder for the histories.
        seed: The seed of everything random.

    Attributes:
        kind: What they are.
        restarts: Whether they are deployed anew during the run, one after the other.
        failures: What went wrong with them.
    """

    restarts: ClassVar[bool] = False

    def __init__(
        self,
        kind: str,
        ring: Ring,
        proxies: Sequence[Sequence[Proxy]],
        directory: Path,
        *,
        seed: int,
    ) -> None:
        self.kind = kind
        self.failures: list[str] = []
        self._ring = ring
        self._proxies = proxies
        self._directory = directory
        self._seed = seed
        self._running: dict[int, _Running] = {}
        self._gone: Counter[str] = Counter()
        self._started = 0

    @abstractmethod
    def plan(self, index: int, common: dict[str, Any]) -> Seat:
        """Return the parameters of the process with this index; *common* are those of a `Seat`."""

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._proxies)

    @property
    def counts(self) -> Counter[str]:
        """The counts of all of them, killed ones included."""
        total = Counter(self._gone)
        for running in self._running.values():
            total.update(running.counts)
        return total

    @property
    def each(self) -> list[Counter[str]]:
        """The counts of each that runs."""
        return [running.counts for running in self._running.values()]

    async def start_all(self) -> None:
        """Start all of them."""
        for index in range(self.count):
            await self.start(index)

    async def start(self, index: int) -> None:
        """Start the one with this index."""
        self._started += 1
        seat = self.plan(index, self._common(index, self._started))
        process = await asyncio.create_subprocess_exec(
            *seat.command(),
            stdin=PIPE,
            stdout=PIPE,
            cwd=ROOT,
            # Not reached by the terminal's Ctrl-C: it ends when its input ends.
            start_new_session=True,
        )
        running = self._running[index] = _Running(seat, process)
        running.listener = asyncio.ensure_future(self._listen(running))

    async def kill(self, index: int, recorder: Recorder) -> None:
        """Kill the one with this index, as a crash would."""
        running = self._running.pop(index, None)
        if running is None:
            return
        # Recorded first: no call may be left without an answer before the mark.
        recorder.mark("killed", running.seat.name)
        running.process.kill()
        await running.process.wait()
        await self._forget(running)

    def pause(self, index: int) -> None:
        """Make the one with this index stand still."""
        self._send(index, signal.SIGSTOP)

    def resume(self, index: int) -> None:
        """Let it go on."""
        self._send(index, signal.SIGCONT)

    async def restart(self, index: int) -> None:
        """Let the one with this index finish what it does, and start it anew."""
        running = self._running.pop(index, None)
        if running is not None:
            await self._let_end(running)
        await self.start(index)

    async def stop(self) -> None:
        """Let all of them finish what they do, and wait for them."""
        for running in self._running.values():
            if running.process.stdin is not None:
                running.process.stdin.close()
        for index in list(self._running):
            await self._let_end(self._running.pop(index))

    async def _let_end(self, running: _Running) -> None:
        if running.process.stdin is not None:
            running.process.stdin.close()
        try:
            async with asyncio.timeout(_STOP):
                status = await running.process.wait()
        except TimeoutError:
            running.process.kill()
            await running.process.wait()
            self.failures.append(f"{running.seat.name} did not end within {_STOP:g} s")
        else:
            if status:
                self.failures.append(f"{running.seat.name} ended with status {status}")
        await self._forget(running)

    async def end(self) -> None:
        """Kill all that remain."""
        for running in self._running.values():
            if running.process.returncode is None:
                running.process.kill()
            await running.process.wait()
            await self._forget(running)
        self._running.clear()

    def _common(self, index: int, number: int) -> dict[str, Any]:
        name = f"{self.kind}-{index + 1}.{number}"
        proxies = self._proxies[index]
        # Each starts with another node; the clocks of all but the first are wrong.
        first = index % len(proxies)
        return {
            "name": name,
            "history": str(self._directory / f"{name}.jsonl"),
            "alarms": str(self._directory / FOLDER / f"{name}.jsonl") if self._ring.feed else None,
            "contact_points": tuple(proxy.host for proxy in [*proxies[first:], *proxies[:first]]),
            "port": proxies[0].port,
            "datacenter": self._ring.cluster.local_datacenter,
            "keyspace": KEYSPACE,
            "seed": self._seed * 1000 + number,
            "clock": (0, 3600, -3600, 86400)[index % 4],
            # Of the processes that do other things, every second one leaves the feed to others.
            "sequences": index % 2 == 0,
        }

    def _send(self, index: int, number: signal.Signals) -> None:
        running = self._running.get(index)
        if running is not None and running.process.returncode is None:
            running.process.send_signal(number)

    async def _listen(self, running: _Running) -> None:
        assert running.process.stdout is not None
        async for line in running.process.stdout:
            if line.endswith(b"\n"):
                running.counts = Counter(json.loads(line))

    async def _forget(self, running: _Running) -> None:
        if running.listener is not None:
            await running.listener
        self._gone.update(running.counts)
