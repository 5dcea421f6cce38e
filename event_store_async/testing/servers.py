"""Servers: the Cassandra that the pytest plugin's stores are on, given or embedded."""

from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from anyio.from_thread import BlockingPortal, start_blocking_portal

from ..cassandra import EventStore
from ..cassandra.driver.opening import Opening
from ..cql_files import load_statement


@dataclass(frozen=True, slots=True)
class ExistingCluster:
    """
    A cluster that is there already.

    Attributes:
        contact_points: Its nodes, separated by commas.
        port: Their native port.
        datacenter: The datacenter to connect to; None where there is only one.
        replicas: How many replicas a keyspace gets there.
        username: For password authentication.
        password: The same.
    """

    contact_points: str
    port: int = 9042
    datacenter: str | None = None
    replicas: int = 1
    username: str | None = None
    password: str | None = None


@dataclass(frozen=True, slots=True)
class CassandraServer:
    """
    A cluster to test on.

    Attributes:
        options: What `EventStore.connect` needs, besides a keyspace.
        replication: Of the keyspaces made for tests.
        version: The release that the server reports.
    """

    options: Mapping[str, Any]
    replication: Mapping[str, int]
    version: str
    _portal: BlockingPortal

    def connect(self, keyspace: str, **options: Any) -> Opening[EventStore]:
        """Return what opens a store, on the loop that runs then; as `EventStore.connect`."""
        return EventStore.connect(keyspace=keyspace, **{**self.options, **options})

    @contextmanager
    def keyspace(self) -> Iterator[str]:
        """Make a keyspace with its table, and drop it in the end."""
        name = f"test_{uuid4().hex[:16]}"
        self._portal.call(self._create, name)
        try:
            yield name
        finally:
            self._portal.call(self._drop, name)

    async def _create(self, keyspace: str) -> None:
        async with self.connect(keyspace) as store:
            await store.create_schema(replication=self.replication)

    async def _drop(self, keyspace: str) -> None:
        statement = load_statement("testing/drop_keyspace", keyspace=keyspace)
        async with self.connect(keyspace) as store:
            # A store has no method that deletes, and gets none for the sake of tests.
            await store._session.change_schema(statement.text, timeout=30)  # noqa: SLF001


@contextmanager
def cassandra_server(given: ExistingCluster | None) -> Iterator[CassandraServer]:
    """
    Give the cluster that is given, or start a node and end it.

    It lives on a loop in a thread of its own: tests come and go with theirs.

    Raises:
        ImportError: a node is to be started, and the extra ``embedded`` is not installed.
        ConnectionFailed: the given cluster cannot be reached.
    """
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(_server(given, portal)) as server,
    ):
        yield server


@asynccontextmanager
async def _server(given: ExistingCluster | None, portal: BlockingPortal) -> Any:
    async with AsyncExitStack() as stack:
        if given is None:
            from ..embedded import EmbeddedCassandra

            node = await stack.enter_async_context(EmbeddedCassandra())
            options: dict[str, Any] = {
                "contact_points": node.contact_points,
                "port": node.port,
                "local_datacenter": node.local_datacenter,
            }
            replication = {node.local_datacenter: 1}
        else:
            options = {
                "contact_points": given.contact_points,
                "port": given.port,
                "local_datacenter": given.datacenter,
                "username": given.username,
                "password": given.password,
            }
            replication = {given.datacenter or "datacenter1": given.replicas}
        async with EventStore.connect(keyspace="system", **options) as store:
            version = (await store.schema_state()).release
        yield CassandraServer(options, replication, version, portal)
