"""A connection of our own: a cluster and its session, closed in the one safe order."""

import asyncio
import os
from collections.abc import AsyncGenerator, Collection, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from anyio import to_thread

from ...checks import (
    check_datacenter,
    check_instance,
    check_int,
    check_positive,
    check_secret,
    check_text,
    listed,
    running_loop,
)
from ...errors import ConnectionFailed, InvalidArgument
from ...excerpt import excerpt
from ...plain import plain_str
from .closed_sessions import ClosedSessions
from .descriptors import OpenConnections, check_descriptors, out_of_descriptors
from .faults import connect_error
from .nodes import cluster_nodes
from .port import (
    LEVELS,
    ConsistencyChoice,
    DriverError,
    Row,
    connecting,
    materialise,
    new_session,
    open_cluster,
    simple,
    unpin,
)
from .raw import RawCluster
from .tls import Tls

_tasks: Final[set[asyncio.Task[Any]]] = set()
_MAX_CONTACT_POINTS: Final = 1000
_MARGIN: Final = 1.0
_TLS: Final = "Tls(ca='path/to/ca.pem')"
_open: Final = OpenConnections(many=32)
_closed: Final = ClosedSessions(most=8)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectTarget:
    """
    Where to connect to, and as whom. Its repr shows no password.

    Attributes:
        contact_points: Addresses or names of some of the cluster's nodes.
        port: Their native port.
        local_datacenter: The datacenter whose nodes are asked; None if the cluster has only one.
        consistency: Which replicas decide.
        username: For password authentication.
        password: For password authentication.
        tls: For an encrypted connection.
        connect_timeout: Seconds for a connection to one node.
        request_timeout: Seconds for a request that has no time limit of its own.
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
        """Refuse arguments that cannot be right; raises `InvalidArgument`."""
        if not self.contact_points or not all(
            isinstance(point, str) and point and "," not in point for point in self.contact_points
        ):
            raise InvalidArgument("contact points must be addresses or names of nodes")
        for point in self.contact_points:
            check_text("a contact point", point)
        if any(point.count(":") == 1 for point in self.contact_points):
            raise InvalidArgument("a contact point must not contain a port", hint="pass port=…")
        check_int("port", self.port, at_least=1, at_most=65535)
        check_instance("tls", self.tls, Tls, "a Tls", optional=True, hint=_TLS)
        check_secret("username", self.username)
        check_secret("password", self.password)
        if (self.username is None) != (self.password is None):
            raise InvalidArgument("username and password must be given together")
        check_positive("connect_timeout", self.connect_timeout)
        check_positive("request_timeout", self.request_timeout)
        if self.local_datacenter is not None:
            check_datacenter(self.local_datacenter)
            object.__setattr__(self, "local_datacenter", plain_str(self.local_datacenter))

    @property
    def where(self) -> str:
        """The target, for error messages."""
        return f"{', '.join(self.contact_points)} (port {self.port})"


def split_contact_points(points: str | Sequence[str]) -> tuple[str, ...]:
    """
    Return contact points as a tuple; a str holds several, separated by commas.

    Raises:
        InvalidArgument: they are neither a str nor a list.
    """
    if not isinstance(points, str | Sequence) or isinstance(points, bytes):
        raise InvalidArgument(
            f"contact points must be a str or a list of str, not {excerpt(points)}",
            hint="for example '127.0.0.1', or ['10.0.0.1', '10.0.0.2']",
        )
    found = plain_str(points).split(",") if isinstance(points, str) else points
    given = listed("contact points", found, _MAX_CONTACT_POINTS)
    return tuple(point.strip() if isinstance(point, str) else point for point in given)


class Connection:
    """
    A cluster and its connected session. Made by `open_connection`.

    Args:
        cluster: The cluster.
        session: The session.
        preparation: Seconds that the driver may take to prepare a node that has come back.
    """

    def __init__(self, cluster: RawCluster, session: Any, preparation: float) -> None:
        self._cluster = cluster
        self.session = session
        self._preparation = preparation
        self._pid = os.getpid()

    @asynccontextmanager
    async def closed_on_error(self) -> AsyncGenerator[None, None]:
        """Close the connection if the body of this context manager fails."""
        try:
            yield
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """
        Close the session, then free the cluster. May be cancelled; must not be called twice.

        This is the only safe order: freeing the cluster while the driver still answers would leave
        callers waiting for ever, and write into whatever file reuses its descriptor. Does nothing
        in a forked child, which has none of the driver's threads.
        """
        if os.getpid() == self._pid:
            await _finish(self._close())

    async def _close(self) -> None:
        await self.session.close()
        self._cluster.destroy()
        _closed.keep(self.session, self._preparation)
        _open.closed()


async def open_connection(target: ConnectTarget) -> Connection:
    """
    Connect.

    Raises:
        ConnectionFailed: no node could be reached, or it refused us.
        InvalidArgument: the cluster has several datacenters, and none of them was named.
        WrongEventLoop: no asyncio event loop is running.
    """
    running_loop()
    tls: dict[str, Any] | None = None
    if target.tls is not None:  # to read its files may block
        tls = await to_thread.run_sync(target.tls.driver_options, abandon_on_cancel=True)
    datacenter = target.local_datacenter
    if datacenter is None:
        probe = await _connect(target, None, tls)
        try:
            datacenter = _only(await _datacenters(probe, target))
        finally:
            await probe.close()
    try:
        return await _connect(target, datacenter, tls)
    except ConnectionFailed as error:
        if "datacenter" in str(error.__cause__):  # the driver names no other reason by that word
            await _check_exists(datacenter, target, tls)
        raise


async def _connect(
    target: ConnectTarget, datacenter: str | None, tls: dict[str, Any] | None
) -> Connection:
    check_descriptors(target.where)
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
    except OSError as error:
        raise out_of_descriptors(target.where, error) from error
    connection: Connection = await _finish(_establish(cluster, target))
    return connection


async def _establish(cluster: RawCluster, target: ConnectTarget) -> Connection:
    session = new_session(cluster)
    try:
        await connecting(session)
    except DriverError as error:
        cluster.destroy()
        # The driver has closed it already, so freeing it does not wait; keeping it would cost a
        # thread and six descriptors. Freed here, before a traceback can hold on to it.
        unpin(session)
        del session
        raise connect_error(error, target.where) from error
    _open.opened()
    _closed.free_old()
    # It connects, sets the keyspace, and prepares.
    preparation = target.connect_timeout + 2 * target.request_timeout + _MARGIN
    return Connection(cluster, session, preparation)


def _only(names: Collection[str]) -> str:
    """Return the name of the only datacenter; raises `InvalidArgument` if there are several."""
    if len(names) != 1:
        raise InvalidArgument(
            f"the cluster has the datacenters {', '.join(sorted(names))}",
            hint="name yours with local_datacenter",
        )
    return next(iter(names))


async def _check_exists(datacenter: str, target: ConnectTarget, tls: dict[str, Any] | None) -> None:
    """Raise `ConnectionFailed` if the cluster can be asked, and has no such datacenter."""
    try:
        probe = await _connect(target, None, tls)
        try:
            names = await _datacenters(probe, target)
        finally:
            await probe.close()
    except ConnectionFailed:
        return
    if names and datacenter not in names:
        raise ConnectionFailed(
            f"the cluster at {target.where} has no datacenter {datacenter!r}; "
            f"it has {', '.join(sorted(names))}",
            hint="correct local_datacenter",
        ) from None


async def _datacenters(connection: Connection, target: ConnectTarget) -> set[str]:
    async def ask(text: str) -> list[Row]:
        level, timeout = LEVELS[target.consistency], target.request_timeout
        statement = simple(text, level=level, timeout=timeout)
        try:
            return materialise(await connection.session.execute(statement)).rows
        except DriverError as error:
            raise ConnectionFailed(f"{target.where} does not answer: {error}") from error

    return {node.datacenter for node in await cluster_nodes(ask)}


async def _finish(step: Coroutine[Any, Any, Any]) -> Any:
    """
    Run a step to its end even if the caller is cancelled.

    If connecting is cancelled, acsylla hangs the process; if closing is, it never closes. A
    connection whose caller was cancelled is closed as soon as it is made.
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
