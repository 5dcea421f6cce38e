"""A real Cassandra of one or more nodes, which ends with this process."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import anyio
from anyio import to_thread

from ..checks import check_instance, check_int, check_methods, check_positive, is_int
from ..environment import HIGHEST_PORT
from ..errors import InvalidArgument
from ..excerpt import excerpt
from . import node_log
from .cluster_plan import ClusterPlan
from .data_directory import DataDirectory, Manifest
from .errors import DirectoryRefused
from .node import Node
from .ports import Ports, addresses, reserve
from .provisions import Provisions, provide
from .releases import find_release
from .start_progress import StartProgress, make_progress

_START = "Starting Cassandra nodes"

_LOGIN_TIMEOUT = 30.0
_PAUSE = 0.05

_T = TypeVar("_T")


class EmbeddedCassandra:
    """
    A real Cassandra on this machine's loopback addresses, for tests and for trying things out.

    For example:

        async with EmbeddedCassandra() as cassandra:
            ...  # connect to cassandra.contact_points and cassandra.port

    The first start downloads Cassandra's jars from the Maven repository into the user's cache, and
    checks each against the lock file of this package. Cassandra 4.1 needs Java 11: if this machine
    has none, pip downloads one into the same cache, checked against a lock file too. The nodes end
    with this process, however it ends. Works on Linux and macOS.

    Args:
        nodes: The number of nodes; each takes about 1 GB of memory.
        directory: The folder for the data; None for a temporary one.
        keep: Whether to keep the data after `stop`; None to keep it if `directory` is given.
        settings: Settings that override each node's cassandra.yaml; mappings are merged.
        heap: The size of each node's heap, in Java's notation.
        jvm_options: Options for each node's Java, after the library's own, which aim at a quick
            start (only the first compiler, the serial collector).
        first_address: The loopback address of the first node; the others use those after it.
        port: The port for clients on all nodes; None for 9042 or the next free one.
        version: The version of Cassandra: a full one, or a series, such as ``4.1``; None for the
            environment variable EVENT_STORE_CASSANDRA, or 5.0.
        progress: How to show the progress of a start on standard error: True for a live display on
            a terminal and lines elsewhere; None for the display on a terminal and
            nothing elsewhere; False for nothing; or a `StartProgress` to call instead.
        start_timeout: Seconds for the nodes to come up, not counting the download of the jars.

    Attributes:
        version: The full version of Cassandra.
        local_datacenter: The datacenter of all nodes.

    Raises:
        InvalidArgument: an argument is not valid: `nodes` is less than 1, for example, or a
            node's address is not a loopback address.
        VersionNotLocked: There is no lock file for this version; it is also an `InvalidArgument`.
    """

    local_datacenter = "datacenter1"

    def __init__(
        self,
        nodes: int = 1,
        *,
        directory: Path | str | None = None,
        keep: bool | None = None,
        settings: Mapping[str, object] | None = None,
        heap: str = "512M",
        jvm_options: Sequence[str] = (),
        first_address: str = "127.0.0.1",
        port: int | None = None,
        version: str | None = None,
        progress: bool | StartProgress | None = None,
        start_timeout: float = 180.0,
    ) -> None:
        check_nodes(nodes, port, heap, progress)
        _check_overrides(settings, jvm_options)
        _check_text("first_address", first_address)
        check_instance("directory", directory, (str, Path), "a path", optional=True)
        check_instance("keep", keep, bool, "True, False", optional=True)
        check_positive("start_timeout", start_timeout)
        self._release = find_release(version)
        self.version = self._release.version
        self._addresses = addresses(first_address, nodes)
        self._given_directory = None if directory is None else Path(directory)
        self._keep = (directory is not None) if keep is None else keep
        self._settings = dict(settings or {})
        self._heap = heap
        self._jvm_options = tuple(jvm_options)
        self._given_port = port
        self._progress = progress
        self._start_timeout = start_timeout
        self._directory: DataDirectory | None = None
        self._ports: Ports | None = None
        self._nodes: list[Node] = []

    def __repr__(self) -> str:
        return f"<EmbeddedCassandra {self.version} {', '.join(self._addresses)}>"

    @property
    def contact_points(self) -> list[str]:
        """The addresses of all nodes."""
        return list(self._addresses)

    @property
    def port(self) -> int:
        """The port for clients, the same on all nodes; available from `start` to `stop`."""
        return self._started(self._ports).native

    @property
    def directory(self) -> Path:
        """The directory of all data; available from `start` to `stop`."""
        return self._started(self._directory).path

    @property
    def nodes(self) -> Sequence[Node]:
        """The nodes in the order of their addresses; empty before `start` and after `stop`."""
        return tuple(self._nodes)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """
        Start all nodes; do nothing if they are already started.

        If it fails or is cancelled, nothing is left running.

        Raises:
            EmbeddedError: See `event_store_async.embedded.errors`.
        """
        if self._directory is not None:
            return
        try:
            with make_progress(self._progress) as progress:
                await self._prepare(progress)
                await self._start_nodes(progress)
        except BaseException:
            await self._end()
            raise

    async def stop(self) -> None:
        """Stop all nodes, cleanly if the data is kept; do nothing if none was started."""
        try:
            if self._keep:
                # Also when cancelled, for example by Ctrl-C: kept data needs a clean stop.
                with anyio.CancelScope(shield=True):
                    async with anyio.create_task_group() as group:
                        for node in self._nodes:
                            group.start_soon(node.stop)
        finally:
            await self._end()

    async def _prepare(self, progress: StartProgress) -> None:
        provisions = await provide(self._release, progress)
        plan = await to_thread.run_sync(self._take_places, provisions)
        directory = self._started(self._directory)
        self._nodes = [
            Node(plan, index, directory.node(index)) for index in range(len(self._addresses))
        ]
        for node in self._nodes:
            node.know(self._nodes)

    def _take_places(self, provisions: Provisions) -> ClusterPlan:
        directory = self._directory = DataDirectory(self._given_directory, keep=self._keep)
        bound = directory.manifest()
        if bound and (bound.version, bound.addresses) != (self.version, self._addresses):
            raise DirectoryRefused(
                directory.path,
                f"it has data of Cassandra {bound.version} on {', '.join(bound.addresses)}",
            )
        ports = self._ports = reserve(
            self._addresses,
            native=self._given_port,
            # Several nodes remember each other by this port; a single one may change it.
            storage=bound.storage_port if bound and len(bound.addresses) > 1 else None,
        )
        directory.bind(Manifest(self.version, self._addresses, ports.storage))
        return ClusterPlan(
            java=provisions.java,
            class_path=provisions.class_path,
            addresses=self._addresses,
            port=ports.native,
            storage_port=ports.storage,
            heap=self._heap,
            jvm_options=self._jvm_options,
            settings=self._settings,
            durable=self._keep,
            start_timeout=self._start_timeout,
        )

    async def _start_nodes(self, progress: StartProgress) -> None:
        up = 0
        failure: Exception | None = None

        async def start(node: Node) -> None:
            nonlocal up, failure
            try:
                await node.start()
            except Exception as error:  # noqa: BLE001 - raised again below
                # Raised below: one plain error is more useful than an exception group.
                failure = failure or error
                group.cancel_scope.cancel()
                return
            up += 1
            progress.step(_START, up, len(self._nodes))

        progress.step(_START, 0, len(self._nodes))
        async with anyio.create_task_group() as group:
            for node in self._nodes:
                group.start_soon(start, node)
        if failure is not None:
            raise failure
        if "authenticator" in self._settings:
            await self._until_one_can_log_in()

    async def _until_one_can_log_in(self) -> None:
        # Without an error at the end: a custom role manager logs no such line.
        with anyio.move_on_after(_LOGIN_TIMEOUT):
            while not await to_thread.run_sync(self._has_superuser):  # noqa: ASYNC110 - see node_log
                await anyio.sleep(_PAUSE)

    def _has_superuser(self) -> bool:
        return any(
            node_log.made_superuser(node_log.since(node.log_file, 0)) for node in self._nodes
        )

    async def _end(self) -> None:
        with anyio.CancelScope(shield=True):
            for node in self._nodes:
                await node.discard()
            self._nodes = []
            if self._ports is not None:
                self._ports.release()
                self._ports = None
            if self._directory is not None:
                await to_thread.run_sync(self._directory.close)
                self._directory = None

    @staticmethod
    def _started(value: _T | None) -> _T:
        if value is None:
            raise RuntimeError("the embedded Cassandra is not started")
        return value


def check_nodes(nodes: object, port: object, heap: object, progress: object) -> None:
    """Refuse wrong arguments that every way to start nodes has; raises `InvalidArgument`."""
    check_instance("nodes", nodes, int, "an int")
    if not is_int(nodes) or nodes < 1:
        raise InvalidArgument(f"a cluster needs at least one node, not {excerpt(nodes)}")
    if port is not None:
        check_int("port", port, at_least=1, at_most=HIGHEST_PORT)
    _check_text("heap", heap)
    if progress is not None and not isinstance(progress, bool):
        check_methods("progress", progress, "True, False, None or a StartProgress", "step")


def _check_overrides(settings: object, jvm_options: object) -> None:
    check_instance("settings", settings, Mapping, "a mapping", optional=True)
    if isinstance(jvm_options, str) or not isinstance(jvm_options, Sequence):
        raise InvalidArgument(f"jvm_options must be a list of str, not {excerpt(jvm_options)}")
    for option in jvm_options:
        check_instance("each of jvm_options", option, str, "a str")


def _check_text(name: str, value: object) -> None:
    if not isinstance(value, str) or not value:
        raise InvalidArgument(f"{name} must be a str that is not empty, not {excerpt(value)}")
