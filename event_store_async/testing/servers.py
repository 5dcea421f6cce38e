"""Servers: the Cassandra that the pytest plugin's stores use, an existing cluster or a new node."""

from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

from anyio.from_thread import BlockingPortal, start_blocking_portal

from ..cassandra import EventStore, Opening
from ..checks import check_bool, check_instance
from ..cql_files import load_statement
from ..environment import HIGHEST_PORT, number, variable

__all__ = ["CassandraServer", "ExistingCluster", "cassandra_server", "existing_cluster"]

NEVER_RESTARTED: Final = ("-Dcassandra.test.flush_local_schema_changes=false",)
"""
Java options of a node that lives as long as a test run, and is not started again.

It keeps its schema in memory and in the commit log: a table is created in half the time. A node
that is killed would not find its tables again when it starts.
"""


@dataclass(frozen=True, slots=True)
class ExistingCluster:
    """
    A cluster that is running already.

    Attributes:
        contact_points: Its nodes, separated by commas.
        port: The native port of the nodes.
        datacenter: The datacenter to connect to; None if there is only one.
        replicas: The number of replicas of the keyspaces that tests create.
        username: The user name, for password authentication.
        password: The password, for password authentication.
    """

    contact_points: str
    port: int = 9042
    datacenter: str | None = None
    replicas: int = 1
    username: str | None = None
    password: str | None = None


def existing_cluster(options: Mapping[str, str | None] | None = None) -> ExistingCluster | None:
    """
    Return the cluster that options or the environment name; None if neither names contact points.

    Args:
        options: ``contact-points``, ``port``, ``datacenter`` and ``replicas``, as they were given
            to pytest. For those not given, the environment is asked, as for
            EVENT_STORE_CONTACT_POINTS. An empty value counts as not given.

    Raises:
        InvalidArgument: the port or the number of replicas is not valid. The message names the
            option or the variable that it comes from.
    """
    check_instance("options", options, Mapping, "a mapping", optional=True)

    def given(name: str) -> tuple[str, str | None]:
        text = None if options is None else options.get(name)
        check_instance(f"the option {name}", text, str, "a str", optional=True)
        if text:
            return f"--event-store-{name}", text
        source = f"EVENT_STORE_{name.upper().replace('-', '_')}"
        return source, variable(source)

    def given_number(name: str, default: int, *, at_most: int | None = None) -> int:
        source, text = given(name)
        return default if text is None else number(source, text, at_most=at_most)

    _, points = given("contact-points")
    if points is None:
        return None  # the port is not looked at: Kubernetes may have set EVENT_STORE_PORT
    return ExistingCluster(
        points,
        port=given_number("port", 9042, at_most=HIGHEST_PORT),
        datacenter=given("datacenter")[1],
        replicas=given_number("replicas", 1),
        # No options for these: other users of the machine can see a command line.
        username=variable("EVENT_STORE_USERNAME"),
        password=variable("EVENT_STORE_PASSWORD"),
    )


@dataclass(frozen=True, slots=True)
class CassandraServer:
    """
    A Cassandra to test on.

    Attributes:
        options: The arguments of `EventStore.connect`, besides the keyspace.
        replication: Replicas by datacenter, for the keyspaces that tests create.
        version: The Cassandra version that the server reports.
    """

    options: Mapping[str, Any]
    replication: Mapping[str, int]
    version: str
    _portal: BlockingPortal

    def connect(self, keyspace: str, **options: Any) -> Opening[EventStore]:
        """Open a store on the running event loop, as `EventStore.connect` does."""
        return EventStore.connect(keyspace=keyspace, **{**self.options, **options})

    @contextmanager
    def keyspace(self, *, feed: bool = False) -> Iterator[str]:
        """
        Create a keyspace with its table, yield its name, and drop it at the end.

        Args:
            feed: Whether the table has a feed, and so subscriptions.

        Raises:
            InvalidArgument: *feed* is not a bool.
        """
        check_bool("feed", feed)
        name = f"test_{uuid4().hex[:16]}"
        self._portal.call(self._create, name, feed)
        try:
            yield name
        finally:
            self._portal.call(self._drop, name)

    async def _create(self, keyspace: str, feed: bool) -> None:
        async with self.connect(keyspace) as store:
            await store.create_schema(replication=self.replication, feed=feed)

    async def _drop(self, keyspace: str) -> None:
        statement = load_statement("testing/drop_keyspace", keyspace=keyspace)
        async with self.connect(keyspace) as store:
            await store.operations.run_ddl(statement.text)


@contextmanager
def cassandra_server(
    cluster: ExistingCluster | None, version: str | None = None
) -> Iterator[CassandraServer]:
    """
    Yield the given cluster, or a node that is started and stopped here.

    It runs on an event loop in a thread of its own, since each test may have a loop of its own.

    Args:
        cluster: The cluster to use; None to start a node.
        version: The version of the node; see `EmbeddedCassandra`.

    Raises:
        ImportError: a node must be started, and the extra ``embedded`` is not installed.
        ConnectionFailed: the given cluster cannot be reached.
        InvalidArgument: *cluster* is no `ExistingCluster`, or there is no lock file for this
            version.
    """
    check_instance("cluster", cluster, ExistingCluster, "an ExistingCluster", optional=True)
    if version is not None:
        check_instance("version", version, str, "a str")
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(_server(cluster, version, portal)) as server,
    ):
        yield server


@asynccontextmanager
async def _server(
    cluster: ExistingCluster | None, version: str | None, portal: BlockingPortal
) -> Any:
    async with AsyncExitStack() as stack:
        if cluster is None:
            from ..embedded import EmbeddedCassandra

            starting = EmbeddedCassandra(version=version, jvm_options=NEVER_RESTARTED)
            node = await stack.enter_async_context(starting)
            options: dict[str, Any] = {
                "contact_points": node.contact_points,
                "port": node.port,
                "local_datacenter": node.local_datacenter,
            }
            datacenter: str | None = node.local_datacenter
            replicas = 1
        else:
            options = {
                "contact_points": cluster.contact_points,
                "port": cluster.port,
                "local_datacenter": cluster.datacenter,
                "username": cluster.username,
                "password": cluster.password,
            }
            datacenter, replicas = cluster.datacenter, cluster.replicas
        async with EventStore.connect(keyspace="system", **options) as store:
            release = (await store.schema_state()).release
        replication = {"datacenter1" if datacenter is None else datacenter: replicas}
        yield CassandraServer(options, replication, release, portal)
