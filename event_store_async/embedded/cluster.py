"""A real Cassandra of one or more nodes, which lives no longer than this process."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import anyio
from anyio import to_thread

from . import node_log
from .data_directory import DataDirectory, Manifest
from .errors import DirectoryRefused
from .jar_cache import JarCache, cache_directory
from .jars import locked_jars
from .java import find_java
from .node import Node
from .plan import ClusterPlan
from .ports import Ports, addresses, reserve
from .progress import StartProgress, make_progress

_FETCH = "Fetching the jars of Cassandra"
_START = "Starting Cassandra nodes"

_LOGIN_TIMEOUT = 30.0
_PAUSE = 0.05

_T = TypeVar("_T")


class EmbeddedCassandra:
    """
    A real Cassandra on the loopback addresses of this machine, for tests and for trying out.

    Like this:

        async with EmbeddedCassandra() as cassandra:
            ...  # connect to cassandra.contact_points and cassandra.port

    The first start fetches Cassandra's jars from the Maven repository into the user's cache, and
    checks each against the lock that comes with this package. The nodes end with this process,
    however it ends. Works on Linux and macOS.

    Args:
        nodes: How many nodes; each takes about 1 GB of memory.
        directory: Where the data is; None for a temporary directory.
        keep: Whether the data outlives `stop`. None keeps it in a `directory` that was given.
        settings: Laid over each node's cassandra.yaml; mappings are merged.
        heap: The size of each node's heap, as Java writes it.
        jvm_options: Options for each node's Java, behind our own: those aim at a quick start
            (the first compiler only, the serial collector).
        first_address: The loopback address of the first node; the others get those after it.
        port: The port for clients on all nodes; None for 9042 or the next free one.
        version: The version of Cassandra.
        progress: Whether to show on standard error how far a start is: True for a live display on
            a terminal and one line for each phase elsewhere; None for the display on a terminal
            and nothing elsewhere; False for nothing; or what is told instead.
        start_timeout: Seconds for the nodes to be up; fetching the jars does not count.

    Attributes:
        version: The version of Cassandra.
        local_datacenter: The datacenter that all nodes are in.

    Raises:
        ValueError: There is no node to start, or `first_address` is no loopback address.
        VersionNotLocked: No lock is shipped for this version.
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
        version: str = "5.0.8",
        progress: bool | StartProgress | None = None,
        start_timeout: float = 180.0,
    ) -> None:
        if nodes < 1:
            raise ValueError(f"a cluster needs at least one node, not {nodes}")
        self.version = version
        self._addresses = addresses(first_address, nodes)
        self._jars = locked_jars(version)
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
        """The port for clients, the same on all nodes. Known from `start` to `stop`."""
        return self._started(self._ports).native

    @property
    def directory(self) -> Path:
        """The directory of all the data. Known from `start` to `stop`."""
        return self._started(self._directory).path

    @property
    def nodes(self) -> Sequence[Node]:
        """The nodes, in the order of their addresses; empty before `start` and after `stop`."""
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
        Start all nodes; do nothing if they were started already.

        Nothing of it is left if it fails or is cancelled.

        Raises:
            EmbeddedError: One of the errors in `event_store_async.embedded.errors`.
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
        """End all nodes, in good order if the data is kept; do nothing if none was started."""
        try:
            if self._keep:
                # A run that is cancelled, by Ctrl-C for one, must end in good order too.
                with anyio.CancelScope(shield=True):
                    async with anyio.create_task_group() as group:
                        for node in self._nodes:
                            group.start_soon(node.stop)
        finally:
            await self._end()

    async def _prepare(self, progress: StartProgress) -> None:
        java = await to_thread.run_sync(find_java)
        cache = JarCache(self._jars, cache_directory() / f"jars-{self.version}")
        class_path = await cache.class_path(lambda done, total: progress.step(_FETCH, done, total))
        plan = await to_thread.run_sync(self._take_places, java, class_path)
        directory = self._started(self._directory)
        self._nodes = [
            Node(plan, index, directory.node(index)) for index in range(len(self._addresses))
        ]
        for node in self._nodes:
            node.know(self._nodes)

    def _take_places(self, java: Path, class_path: list[Path]) -> ClusterPlan:
        directory = self._directory = DataDirectory(self._given_directory, keep=self._keep)
        bound = directory.manifest()
        if bound and (bound.version, bound.addresses) != (self.version, self._addresses):
            raise DirectoryRefused(
                directory.path,
                f"its data is of Cassandra {bound.version} on {', '.join(bound.addresses)}",
            )
        ports = self._ports = reserve(
            self._addresses,
            cache_directory() / "ports",
            native=self._given_port,
            # One node knows no others, so its port may change; several know each other by it.
            storage=bound.storage_port if bound and len(bound.addresses) > 1 else None,
        )
        directory.bind(Manifest(self.version, self._addresses, ports.storage))
        return ClusterPlan(
            java=java,
            class_path=tuple(class_path),
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
                # One plain error is of more use to the caller than a group of them.
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
        # A custom manager of roles says nothing of the kind, hence no error in the end.
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
