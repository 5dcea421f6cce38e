"""Writers: the worker processes of a run, each with its own proxies to the nodes."""

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
    Starts, kills and replaces workers, and adds up their counts.

    Args:
        ring: The cluster; it has a set of proxies for each writer.
        directory: The folder for the histories.
        run: The run's name.
        since: When it began, in nanoseconds of the monotonic clock.
        seed: The seed of everything random.
        tasks: The number of concurrent calls of each worker.
        streams: The number of streams in use at a time.
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
        """The calls of all workers, killed ones included, by kind of answer."""
        total = Counter(self._gone)
        for writer in self._running.values():
            total.update(writer.counts)
        return total

    async def start(self, index: int) -> None:
        """Start the worker with this index."""
        self._started += 1
        number = self._started
        name = f"writer-{index + 1}.{number}"
        proxies = self._ring.proxies[index]
        # Each starts with another node; the clocks of all but the first are wrong.
        first = index % len(proxies)
        plan = Plan(
            name=name,
            history=str(self._directory / f"{name}.jsonl"),
            contact_points=tuple(proxy.host for proxy in proxies[first:] + proxies[:first]),
            port=proxies[0].port,
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
            # Not reached by the terminal's Ctrl-C: the worker ends when its input ends.
            start_new_session=True,
        )
        writer = self._running[index] = _Writer(plan, process)
        writer.listener = asyncio.ensure_future(self._listen(writer))

    async def kill(self, index: int, recorder: Recorder) -> None:
        """Kill the worker with this index, as a crash would."""
        writer = self._running.pop(index, None)
        if writer is None:
            return
        # Recorded first: no call may be left without an answer before the mark.
        recorder.mark("killed", writer.plan.name)
        writer.process.kill()
        await writer.process.wait()
        await self._forget(writer)

    async def stop(self) -> None:
        """Let all workers finish their calls, and wait for them."""
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
        """Kill all remaining workers."""
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
