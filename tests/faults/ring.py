"""Ring: three nodes that hold every stream, and a proxy on every writer's way to each of them."""

from contextlib import AsyncExitStack
from types import TracebackType
from typing import Final, Self

from event_store_async import EventStore, Settings
from event_store_async.cassandra.driver.opening import Opening
from event_store_async.embedded import EmbeddedCassandra

from .network import Network
from .proxy import Proxy

NODES: Final = 3
KEYSPACE: Final = "chaos"

COMMIT_LOGS: Final[dict[str, dict[str, object]]] = {
    # A node that forgets what it has acknowledged is no replica. With the default, "periodic", a
    # crash loses what was written in the last moments, promises and votes included.
    "batch": {"commitlog_sync": "batch", "commitlog_sync_period": "0ms"},
    "periodic": {},
}
"""What is laid over the embedded nodes' settings, by the way that the commit log is kept."""


class Ring:
    """
    A cluster of three nodes with a replica on each.

    Args:
        writers: How many sets of proxies; one for each writer.
        heap: Of each node.
        commit_log: How the nodes keep it; a key of `COMMIT_LOGS`.
        isolated: This process is in a network of its own, so nodes can be cut off.

    Attributes:
        cluster: The nodes.
        ways: The proxies, of each writer to each node.
        network: To cut nodes off with; None where that is impossible.
    """

    def __init__(
        self,
        writers: int,
        *,
        heap: str = "512M",
        commit_log: str = "batch",
        isolated: bool = False,
    ) -> None:
        self.cluster = EmbeddedCassandra(
            NODES, heap=heap, settings=COMMIT_LOGS[commit_log], progress=True
        )
        self.ways: list[list[Proxy]] = []
        self.network: Network | None = None
        self._writers = writers
        self._isolated = isolated
        self._stack = AsyncExitStack()

    @property
    def proxies(self) -> list[Proxy]:
        """All proxies."""
        return [proxy for ways in self.ways for proxy in ways]

    def connect(self, settings: Settings | None = None) -> Opening[EventStore]:
        """Return what opens a store on the nodes themselves."""
        return EventStore.connect(
            self.cluster.contact_points,
            port=self.cluster.port,
            keyspace=KEYSPACE,
            local_datacenter=self.cluster.local_datacenter,
            settings=settings,
        )

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self.cluster)
            if self._isolated:
                self.network = Network(_storage_port(self.cluster))
                stack.callback(self.network.mend)
            for _ in range(self._writers):
                self.ways.append(await self._ways(stack))
            async with self.connect() as store:
                await store.create_schema({self.cluster.local_datacenter: NODES})
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    async def _ways(self, stack: AsyncExitStack) -> list[Proxy]:
        """
        Open a proxy to each node, all at one port.

        The driver learns the other nodes' addresses from the first and takes the port for granted,
        so proxies at the nodes' own addresses, but another port, keep it from going past them.
        """
        for _ in range(100):
            async with AsyncExitStack() as attempt:
                ways: list[Proxy] = []
                for address in self.cluster.contact_points:
                    port = ways[0].port if ways else 0
                    proxy = Proxy(address, port, address, self.cluster.port)
                    try:
                        ways.append(await attempt.enter_async_context(proxy))
                    except OSError:
                        break
                else:
                    stack.push_async_exit(attempt.pop_all())
                    return ways
        raise OSError("no port is free on all nodes' addresses")


def _storage_port(cluster: EmbeddedCassandra) -> int:
    ports = cluster._ports
    assert ports is not None
    return ports.storage
