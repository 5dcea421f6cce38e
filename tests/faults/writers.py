"""Writers: the worker processes of a run, each with its own ways to the nodes."""

import asyncio
import json
from asyncio.subprocess import PIPE, Process
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ..history.recorder import Recorder
from .ring import KEYSPACE, Ring
from .worker import Plan

_STOP: Final = 60.0
ROOT: Final = Path(__file__).resolve().parents[2]


@dataclass(slots=True)
class _Writer:
    plan: Plan
    process: Process
    counts: Counter[str] = field(default_factory=Counter)
    listener: "asyncio.Task[None] | None" = None


class Writers:
    """
    Starts, kills and replaces workers, and adds up what they tell.

    Args:
        ring: The cluster; it has a set of ways for each writer.
        directory: Where the histories go.
        run: The run's name.
        since: When it began.
        seed: Of everything random.
        tasks: How many calls at once, of each.
        streams: How many streams at a time.
        pause: The mean seconds between two calls of a task.
    """

    def __init__(
        self,
        ring: Ring,
        directory: Path,
        *,
        run: str,
        since: int,
        seed: int,
        tasks: int,
        streams: int,
        pause: float,
    ) -> None:
        self._ring = ring
        self._directory = directory
        self._run, self._since, self._seed = run, since, seed
        self._tasks, self._streams, self._pause = tasks, streams, pause
        self._running: dict[int, _Writer] = {}
        self._gone: Counter[str] = Counter()
        self._started = 0
        self.failures: list[str] = []

    @property
    def counts(self) -> Counter[str]:
        """How many calls of all workers, the killed ones too, ended how."""
        total = Counter(self._gone)
        for writer in self._running.values():
            total.update(writer.counts)
        return total

    async def start(self, index: int) -> None:
        """Start the worker of a place."""
        self._started += 1
        number = self._started
        name = f"writer-{index + 1}.{number}"
        ways = self._ring.ways[index]
        # Each begins with another node; the clocks of all but the first are wrong.
        turn = index % len(ways)
        plan = Plan(
            name=name,
            history=str(self._directory / f"{name}.jsonl"),
            contact_points=tuple(way.host for way in ways[turn:] + ways[:turn]),
            port=ways[0].port,
            datacenter=self._ring.cluster.local_datacenter,
            keyspace=KEYSPACE,
            seed=self._seed * 1000 + number,
            tasks=self._tasks,
            streams=self._streams,
            pause=self._pause,
            clock=(0, 3600, -3600, 86400)[index % 4],
            run=self._run,
            since=self._since,
        )
        process = await asyncio.create_subprocess_exec(
            *plan.command(),
            stdin=PIPE,
            stdout=PIPE,
            cwd=ROOT,
            # Out of the reach of the terminal's Ctrl-C: the end of its input is what ends it.
            start_new_session=True,
        )
        writer = self._running[index] = _Writer(plan, process)
        writer.listener = asyncio.ensure_future(self._listen(writer))

    async def kill(self, index: int, recorder: Recorder) -> None:
        """Kill the worker of a place, as a crash would."""
        writer = self._running.pop(index, None)
        if writer is None:
            return
        # Before it is true: nothing must come between the two.
        recorder.mark("killed", writer.plan.name)
        writer.process.kill()
        await writer.process.wait()
        await self._forget(writer)

    async def stop(self) -> None:
        """Let all end what they are at, and wait for them."""
        for writer in self._running.values():
            if writer.process.stdin is not None:
                writer.process.stdin.close()
        for index in list(self._running):
            writer = self._running.pop(index)
            try:
                async with asyncio.timeout(_STOP):
                    status = await writer.process.wait()
            except TimeoutError:
                writer.process.kill()
                await writer.process.wait()
                self.failures.append(f"{writer.plan.name} did not end within {_STOP:g} s")
            else:
                if status:
                    self.failures.append(f"{writer.plan.name} ended with status {status}")
            await self._forget(writer)

    async def end(self) -> None:
        """Kill what is left."""
        for writer in self._running.values():
            if writer.process.returncode is None:
                writer.process.kill()
            await writer.process.wait()
            await self._forget(writer)
        self._running.clear()

    async def _listen(self, writer: _Writer) -> None:
        assert writer.process.stdout is not None
        async for line in writer.process.stdout:
            if line.endswith(b"\n"):
                writer.counts = Counter(json.loads(line))

    async def _forget(self, writer: _Writer) -> None:
        if writer.listener is not None:
            await writer.listener
        self._gone.update(writer.counts)
