"""Ring: three nodes that each hold every stream, a proxy between each process and node."""

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
    # A replica must not forget what it acknowledged. With the default, "periodic", a crash loses
    # the most recent writes, Paxos promises and votes included.
    "batch": {"commitlog_sync": "batch", "commitlog_sync_period": "0ms"},
    "periodic": {},
}
"""Settings of the embedded nodes for each kind of commit log."""


class Ring:
    """
    A cluster of three nodes with a replica on each.

    Args:
        processes: The number of processes that use it; each gets a set of proxies.
        heap: The heap of each node.
        commit_log: The kind of commit log; a key of `COMMIT_LOGS`.
        isolated: Whether this process is in a network namespace, so that nodes can be cut off.
        feed: Whether the table has a feed.

    Attributes:
        cluster: The nodes.
        feed: Whether the table has a feed.
        proxies: For each process, its proxies to the nodes.
        network: Cuts nodes off; None if that is impossible.
    """

    def __init__(
        self,
        processes: int,
        *,
        heap: str = "512M",
        commit_log: str = "batch",
        isolated: bool = False,
        feed: bool = False,
    ) -> None:
        self.cluster = EmbeddedCassandra(
            NODES, heap=heap, settings=COMMIT_LOGS[commit_log], progress=True
        )
        self.proxies: list[list[Proxy]] = []
        self.network: Network | None = None
        self.feed = feed
        self._processes = processes
        self._isolated = isolated
        self._stack = AsyncExitStack()

    def connect(self, settings: Settings | None = None) -> Opening[EventStore]:
        """Return a store on the nodes themselves, to await or to enter."""
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
            for _ in range(self._processes):
                self.proxies.append(await self._open_proxies(stack))
            async with self.connect() as store:
                await store.create_schema({self.cluster.local_datacenter: NODES}, feed=self.feed)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    async def _open_proxies(self, stack: AsyncExitStack) -> list[Proxy]:
        """
        Open a proxy to each node, all on the same port.

        The driver learns the other nodes' addresses from the first one and assumes the same port.
        So proxies on the nodes' own addresses, with another port, keep it from bypassing them.
        """
        for _ in range(100):
            async with AsyncExitStack() as attempt:
                proxies: list[Proxy] = []
                for address in self.cluster.contact_points:
                    port = proxies[0].port if proxies else 0
                    proxy = Proxy(address, port, address, self.cluster.port)
                    try:
                        proxies.append(await attempt.enter_async_context(proxy))
                    except OSError:
                        break
                else:
                    stack.push_async_exit(attempt.pop_all())
                    return proxies
        raise OSError("no port is free on all nodes' addresses")


def _storage_port(cluster: EmbeddedCassandra) -> int:
    ports = cluster._ports
    assert ports is not None
    return ports.storage
