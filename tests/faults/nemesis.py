"""Nemesis: injects faults into nodes, connections and processes, ends them, and records when."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Final

from event_store_async.embedded import Node, NodeTimedOut

from ..history.recorder import Recorder
from .processes import Processes
from .proxy import Proxy
from .ring import Ring

_STARTS: Final = 3


class Nemesis:
    """
    Injects every kind of fault, into nodes, connections and processes concurrently.

    Args:
        ring: The nodes and the proxies in front of them.
        crowds: The processes that may fail, those that do the same together.
        recorder: Records the faults.
        rng: Makes every choice.
        proxies: The proxies that may fail, for each process.
        pauses: Whether processes stand still, too.
        every: The fewest and the most seconds between two faults of processes.

    Attributes:
        faults: The number of faults so far, by name.
        present: The faults of this moment.
    """

    def __init__(
        self,
        ring: Ring,
        crowds: Sequence[Processes],
        recorder: Recorder,
        rng: random.Random,
        proxies: Sequence[Sequence[Proxy]],
        *,
        pauses: bool = False,
        every: tuple[float, float] = (8.0, 25.0),
    ) -> None:
        self._ring = ring
        self._crowds = crowds
        self._recorder = recorder
        self._rng = rng
        self._proxies = proxies
        self._pauses = pauses
        self._every = every
        self._turns: list[tuple[Callable[[Processes, int], Awaitable[None]], Processes]] = []
        self._deck: list[Callable[[Sequence[Node]], Awaitable[None]]] = []
        self.faults: Counter[str] = Counter()
        self.present: set[str] = set()

    async def run(self, seconds: float) -> None:
        """Inject faults for some time; all of them have ended when it returns."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds), asyncio.TaskGroup() as group:
                group.create_task(self._forever(self._break_nodes, 1.0, 5.0))
                group.create_task(self._forever(self._break_connections, 0.5, 3.0))
                group.create_task(self._forever(self._break_process, *self._every))
        await self._mend_all()

    @property
    def spared(self) -> list[str]:
        """The kinds of process that have had no fault."""
        return [
            crowd.kind
            for crowd in self._crowds
            if not (
                self.faults[f"kill {crowd.kind}"]
                or self.faults[f"pause {crowd.kind}"]
                or self.faults[f"restart {crowd.kind}s"]
            )
        ]

    async def _forever(
        self, fault: Callable[[], Awaitable[None]], shortest: float, longest: float
    ) -> None:
        while True:
            await self._wait(shortest, longest)
            await fault()

    async def _wait(self, shortest: float, longest: float) -> None:
        await asyncio.sleep(self._rng.uniform(shortest, longest))

    @asynccontextmanager
    async def _fault(self, name: str, on: str) -> AsyncGenerator[None, None]:
        self.faults[name] += 1
        self._recorder.mark(name, on, "begin")
        self.present.add(f"{name} {on}")
        try:
            yield
        finally:
            self.present.discard(f"{name} {on}")
            self._recorder.mark(name, on, "end")

    # Nodes

    async def _break_nodes(self) -> None:
        nodes = list(self._ring.cluster.nodes)
        self._rng.shuffle(nodes)
        if not self._deck:
            # Dealt like cards, so that even a short run has faults of every kind.
            self._deck = [self._kill, self._pause, self._lose_quorum]
            if self._ring.network is not None:
                self._deck += [self._isolate, self._isolate, self._isolate_all]
            self._rng.shuffle(self._deck)
        await self._deck.pop()(nodes)

    async def _kill(self, nodes: Sequence[Node]) -> None:
        node = nodes[0]
        async with self._fault("kill -9", node.address):
            node.kill()
            await node.wait_dead()
            await self._wait(0.0, 4.0)
            await _start(node)

    async def _pause(self, nodes: Sequence[Node]) -> None:
        node = nodes[0]
        async with self._fault("pause", node.address):
            node.pause()
            try:
                await self._wait(0.5, 10.0)
            finally:
                node.resume()

    async def _lose_quorum(self, nodes: Sequence[Node]) -> None:
        async with self._fault("pause two", f"{nodes[0].address}, {nodes[1].address}"):
            try:
                nodes[0].pause()
                await self._wait(0.0, 1.0)
                nodes[1].pause()
                await self._wait(1.0, 8.0)
            finally:
                nodes[0].resume()
                nodes[1].resume()

    async def _isolate(self, nodes: Sequence[Node]) -> None:
        async with self._fault("isolate", nodes[0].address):
            await self._cut(nodes[1:])

    async def _isolate_all(self, nodes: Sequence[Node]) -> None:
        del nodes
        async with self._fault("isolate all", "all nodes"):
            await self._cut([])

    async def _cut(self, others: Sequence[Node]) -> None:
        network = self._ring.network
        assert network is not None
        try:
            network.isolate(node.pid for node in others if node.pid is not None)
            await self._wait(2.0, 12.0)
        finally:
            network.mend()

    # Connections

    async def _break_connections(self) -> None:
        rng = self._rng
        process = rng.randrange(len(self._proxies))
        owner = self._owner(process)
        node = rng.choice(self._ring.cluster.nodes).address
        scope = rng.choice(("process", "node", "one"))
        chosen = [
            proxy
            for index, proxies in enumerate(self._proxies)
            for proxy in proxies
            if (scope == "node" or index == process) and (scope == "process" or proxy.node == node)
        ]
        on = {"process": owner, "node": f"connections to {node}"}.get(scope, f"{owner} to {node}")
        name = rng.choice(("drop", "delay", "deafen", "mute", "cut"))
        delay = rng.uniform(0.02, 0.8)
        async with self._fault(name, on):
            try:
                for proxy in chosen:
                    if name == "delay":
                        proxy.delay(delay)
                    else:
                        getattr(proxy, name)()
                await self._wait(0.5, 6.0)
            finally:
                for proxy in chosen:
                    proxy.restore()

    def _owner(self, process: int) -> str:
        """Return the name of the process whose proxies have this index."""
        for crowd in self._crowds:
            if process < crowd.count:
                return f"{crowd.kind} {process + 1}"
            process -= crowd.count
        raise IndexError(process)

    # Processes

    async def _break_process(self) -> None:
        if not self._turns:
            faults = (self._kill_process, self._pause_process)[: 1 + self._pauses]
            self._turns = [(fault, crowd) for fault in faults for crowd in self._crowds]
            self._turns += [(self._restart_all, crowd) for crowd in self._crowds if crowd.restarts]
            self._rng.shuffle(self._turns)
        fault, crowd = self._turns.pop()
        await fault(crowd, self._rng.randrange(crowd.count))

    async def _kill_process(self, crowd: Processes, index: int) -> None:
        async with self._fault(f"kill {crowd.kind}", f"{crowd.kind} {index + 1}"):
            await crowd.kill(index, self._recorder)
            await crowd.start(index)

    async def _pause_process(self, crowd: Processes, index: int) -> None:
        async with self._fault(f"pause {crowd.kind}", f"{crowd.kind} {index + 1}"):
            crowd.pause(index)
            try:
                await self._wait(0.5, 12.0)
            finally:
                crowd.resume(index)

    async def _restart_all(self, crowd: Processes, index: int) -> None:
        """Restart one after the other, as a deployment does, beginning with any."""
        async with self._fault(f"restart {crowd.kind}s", f"all {crowd.count}"):
            for number in range(crowd.count):
                await crowd.restart((index + number) % crowd.count)
                await self._wait(0.0, 1.0)

    async def _mend_all(self) -> None:
        for proxies in self._proxies:
            for proxy in proxies:
                proxy.restore()
        if self._ring.network is not None:
            self._ring.network.mend()
        for node in self._ring.cluster.nodes:
            node.resume()
            await _start(node)


async def _start(node: Node) -> None:
    for start in range(_STARTS):
        try:
            await node.start()
        except NodeTimedOut:
            if start + 1 == _STARTS:
                raise
        else:
            return
