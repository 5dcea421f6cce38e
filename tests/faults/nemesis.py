"""Nemesis: breaks nodes, ways and writers, mends them again, and writes down when."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Final

from event_store_async.embedded import Node, NodeTimedOut

from ..history.recorder import Recorder
from .proxy import Proxy
from .ring import Ring
from .writers import Writers

_BEGINNINGS: Final = 3


class Nemesis:
    """
    Makes faults of every kind, at the nodes, on the wires and among the writers side by side.

    Args:
        ring: The nodes and the ways to them.
        writers: The writers.
        recorder: Writes down what is done.
        rng: Decides everything.
        wires: The ways that may be broken.

    Attributes:
        faults: How many faults there were, by name.
        present: What is broken now.
    """

    def __init__(
        self,
        ring: Ring,
        writers: Writers,
        recorder: Recorder,
        rng: random.Random,
        wires: Sequence[Sequence[Proxy]],
    ) -> None:
        self._ring = ring
        self._writers = writers
        self._recorder = recorder
        self._rng = rng
        self._wires = wires
        self._deck: list[Callable[[Sequence[Node]], Awaitable[None]]] = []
        self.faults: Counter[str] = Counter()
        self.present: set[str] = set()

    async def run(self, seconds: float) -> None:
        """Break and mend for some time; all is whole again when it returns."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds), asyncio.TaskGroup() as group:
                group.create_task(self._forever(self._break_nodes, 1.0, 5.0))
                group.create_task(self._forever(self._break_wires, 0.5, 3.0))
                group.create_task(self._forever(self._kill_writer, 8.0, 25.0))
        await self._mend_all()

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
            # Dealt like cards, so that no kind is left out of a short run.
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

    # Wires

    async def _break_wires(self) -> None:
        rng = self._rng
        writer = rng.randrange(len(self._wires))
        node = rng.choice(self._ring.cluster.nodes).address
        scope = rng.choice(("writer", "node", "one"))
        chosen = [
            proxy
            for index, ways in enumerate(self._wires)
            for proxy in ways
            if (scope == "node" or index == writer) and (scope == "writer" or proxy.node == node)
        ]
        on = {"writer": f"writer {writer + 1}", "node": f"ways to {node}"}.get(
            scope, f"writer {writer + 1} to {node}"
        )
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

    # Writers

    async def _kill_writer(self) -> None:
        index = self._rng.randrange(len(self._ring.ways))
        async with self._fault("kill writer", f"writer {index + 1}"):
            await self._writers.kill(index, self._recorder)
            await self._writers.start(index)

    async def _mend_all(self) -> None:
        for ways in self._wires:
            for proxy in ways:
                proxy.restore()
        if self._ring.network is not None:
            self._ring.network.mend()
        for node in self._ring.cluster.nodes:
            node.resume()
            await _start(node)


async def _start(node: Node) -> None:
    for beginning in range(_BEGINNINGS):
        try:
            await node.start()
        except NodeTimedOut:
            if beginning + 1 == _BEGINNINGS:
                raise
        else:
            return
