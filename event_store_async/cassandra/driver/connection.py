"""A connection of our own: cluster and session, opened and closed in the one safe order."""

import asyncio
import os
from collections.abc import AsyncGenerator, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from ...cql_files import check_datacenter, check_identifier, load_statement
from ...errors import ConnectionFailed, InvalidArgument
from .faults import connect_error
from .port import (
    LEVELS,
    ConsistencyChoice,
    DriverError,
    RawCluster,
    connecting,
    materialise,
    new_session,
    open_cluster,
    simple,
    unpin,
)
from .tls import Tls

_tasks: Final[set[asyncio.Task[Any]]] = set()

# A node does not list itself among its peers, and the driver asks another node each time: so at
# least two nodes must tell of theirs, or the datacenter of one would be missed.
_ASKED_FOR_DATACENTERS: Final = (
    ("statements/describe_local", 1),
    *[("statements/describe_peers", 0)] * 3,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectTarget:
    """
    Where to connect to, and as whom. Its repr holds no secret.

    Attributes:
        contact_points: Addresses or names of some of the cluster's nodes.
        port: Their native port.
        local_datacenter: The datacenter whose nodes are asked; None where the cluster has one.
        consistency: Which replicas decide.
        username: For password authentication.
        password: For password authentication.
        tls: For an encrypted connection.
        connect_timeout: Seconds for a connection to one node.
        request_timeout: Seconds for a request that has no limit of its own.
    """

    contact_points: tuple[str, ...]
    port: int
    local_datacenter: str | None
    consistency: ConsistencyChoice
    username: str | None
    password: str | None = field(repr=False)
    tls: Tls | None
    connect_timeout: float
    request_timeout: float

    def __post_init__(self) -> None:
        """Refuse what cannot be connected to, before anything is sent."""
        if not self.contact_points or not all(
            isinstance(point, str) and point and "," not in point for point in self.contact_points
        ):
            raise InvalidArgument("contact points must be addresses or names of nodes")
        if any(point.count(":") == 1 for point in self.contact_points):
            raise InvalidArgument("a contact point has no port in it", hint="say port=…")
        if (
            isinstance(self.port, bool)
            or not isinstance(self.port, int)
            or not (0 < self.port < 65536)
        ):
            raise InvalidArgument(f"a port is an int from 1 to 65535, not {self.port!r}")
        if (self.username is None) != (self.password is None):
            raise InvalidArgument("username and password go together")
        if self.connect_timeout <= 0 or self.request_timeout <= 0:
            raise InvalidArgument("timeouts must be above 0 seconds")
        if self.local_datacenter is not None:
            check_datacenter(self.local_datacenter)

    @property
    def where(self) -> str:
        """The target in words, for error messages."""
        return f"{', '.join(self.contact_points)} (port {self.port})"


def check_names(keyspace: object, table: object, consistency: object) -> None:
    """Refuse names that are not safe in CQL, and levels that are none; `InvalidArgument`."""
    check_identifier("keyspace", keyspace)
    check_identifier("table", table)
    if consistency not in LEVELS:
        raise InvalidArgument(f"consistency is 'local' or 'global', not {consistency!r}")


def split_contact_points(points: str | Sequence[str]) -> tuple[str, ...]:
    """Return contact points that may come as one text, separated by commas."""
    given = points.split(",") if isinstance(points, str) else points
    return tuple(point.strip() if isinstance(point, str) else point for point in given)


class Connection:
    """A cluster and its connected session. Made by `open_connection`."""

    def __init__(self, cluster: RawCluster, session: Any) -> None:
        self._cluster = cluster
        self.session = session
        self._pid = os.getpid()

    @asynccontextmanager
    async def closed_on_error(self) -> AsyncGenerator[None, None]:
        """Close the connection should what is done in this context fail."""
        try:
            yield
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """
        Close the session, then free the cluster; harmless to cancel, not to be called twice.

        The order is the only safe one: freeing the cluster while the driver still answers would
        leave callers waiting for ever, and write into whatever file reuses its descriptor. In a
        forked child, which has none of the driver's threads, nothing is done.
        """
        if os.getpid() == self._pid:
            await _finish(self._close())

    async def _close(self) -> None:
        await self.session.close()
        self._cluster.destroy()
        unpin(self.session)


async def open_connection(target: ConnectTarget) -> Connection:
    """
    Connect.

    Raises:
        ConnectionFailed: no node could be reached, or it refused us.
        InvalidArgument: the cluster has several datacenters, and none was named.
    """
    tls = None if target.tls is None else target.tls.driver_options()
    datacenter = target.local_datacenter
    if datacenter is None:
        probe = await _connect(target, None, tls)
        try:
            datacenter = await _only_datacenter(probe, target)
        finally:
            await probe.close()
    return await _connect(target, datacenter, tls)


async def _connect(
    target: ConnectTarget, datacenter: str | None, tls: dict[str, Any] | None
) -> Connection:
    options: dict[str, Any] = {
        "port": target.port,
        "connect_timeout": target.connect_timeout,
        "request_timeout": target.request_timeout,
        "consistency": LEVELS[target.consistency].quorum,
        "serial_consistency": LEVELS[target.consistency].serial,
        "hostname_resolution": target.tls is not None and target.tls.identity == "hostname",
    }
    if target.username is not None:
        options |= {"username": target.username, "password": target.password}
    if datacenter is not None:
        options["load_balance_dc_aware"] = datacenter
    try:
        cluster = open_cluster(target.contact_points, tls=tls, **options)
    except DriverError as error:
        raise connect_error(error, target.where) from error
    connection: Connection = await _finish(_establish(cluster, target))
    return connection


async def _establish(cluster: RawCluster, target: ConnectTarget) -> Connection:
    session = new_session(cluster)
    try:
        await connecting(session)
    except DriverError as error:
        cluster.destroy()
        # The driver has closed it by itself, so freeing it waits for nobody; kept, it would hold
        # a thread and six descriptors. At once, so that no traceback takes it along.
        unpin(session)
        del session
        raise connect_error(error, target.where) from error
    return Connection(cluster, session)


async def _only_datacenter(connection: Connection, target: ConnectTarget) -> str:
    names: set[str] = set()
    for path, column in _ASKED_FOR_DATACENTERS:
        statement = simple(
            load_statement(path).text,
            level=LEVELS[target.consistency],
            timeout=target.request_timeout,
        )
        try:
            page = materialise(await connection.session.execute(statement))
        except DriverError as error:
            raise ConnectionFailed(f"{target.where} does not answer: {error}") from error
        names.update(row[column] for row in page.rows if row[column])
    if len(names) != 1:
        raise InvalidArgument(
            f"the cluster has the datacenters {', '.join(sorted(names))}",
            hint="name yours with local_datacenter",
        )
    return names.pop()


async def _finish(step: Coroutine[Any, Any, Any]) -> Any:
    """
    Run a step to its end even where the caller is cancelled.

    acsylla hangs the process where connecting is cut short, and never closes where closing is. A
    connection that nobody waits for any more is closed as soon as it stands.
    """
    task = asyncio.ensure_future(step)
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        if not task.cancelled():
            task.add_done_callback(_close_unwanted)
        raise


def _close_unwanted(task: asyncio.Task[Any]) -> None:
    if task.cancelled() or task.exception() is not None:
        return
    if isinstance(connection := task.result(), Connection):
        closing = asyncio.ensure_future(connection.close())
        _tasks.add(closing)
        closing.add_done_callback(_tasks.discard)
