"""One node of an embedded cluster, which can be stopped, killed, paused and started again."""

import signal
from collections.abc import Sequence
from pathlib import Path

import anyio
from anyio import to_thread

from . import node_log
from .cluster_plan import ClusterPlan
from .errors import NodeFailed, NodeTimedOut
from .java import command, environment
from .node_process import NodeProcess
from .probe import answers
from .processes import is_stopped
from .settings import node_settings, write_configuration

PID_FILE = "java.pid"
_PAUSE = 0.05


class Node:
    """
    One node of an embedded cluster. Only `EmbeddedCassandra` creates nodes.

    Attributes:
        address: The loopback address that it listens on.
        port: The port for clients.
        directory: Its directory, with its configuration and data.
        log_file: Its log, in one file for all its starts.
    """

    def __init__(self, plan: ClusterPlan, index: int, directory: Path) -> None:
        self.address = plan.addresses[index]
        self.port = plan.port
        self.directory = directory
        self.log_file = directory / "cassandra.log"
        self._plan = plan
        self._index = index
        self._peers: Sequence[Node] = ()
        self._process: NodeProcess | None = None

    def __repr__(self) -> str:
        return f"<Node {self.address}:{self.port} pid={self.pid}>"

    def know(self, nodes: Sequence["Node"]) -> None:
        """Set the nodes of the cluster."""
        self._peers = [node for node in nodes if node is not self]

    @property
    def pid(self) -> int | None:
        """The id of its Java process; None if it is not running."""
        return self._process.pid if self._process and self._process.is_running else None

    @property
    def is_running(self) -> bool:
        """Whether its process exists: true for a paused node, false for a killed one."""
        return self.pid is not None

    async def start(self) -> None:
        """
        Start the node, on its data if it ran before; do nothing if it is running.

        Returns once it answers clients, and once it and every other node that is running and not
        paused see each other as up.

        Raises:
            NodeFailed: It ended; nothing is left running.
            NodeTimedOut: It was not up within the cluster's `start_timeout`, and was killed.
        """
        if self.is_running:
            return
        await self.discard()
        marks = {node: await to_thread.run_sync(node_log.size, node.log_file) for node in self._all}
        try:
            with anyio.fail_after(self._plan.start_timeout):
                await self._spawn()
                await self._until_it_answers()
                await self._until_seen(marks)
        except TimeoutError as error:
            await self.discard()
            timed_out = f"did not answer within {self._plan.start_timeout:g} s"
            raise await self._failure(NodeTimedOut, timed_out) from error
        except BaseException:
            await self.discard()
            raise

    async def stop(self) -> None:
        """Stop the node cleanly; kill it if that takes more than half a minute."""
        if self._process is not None:
            await self._process.stop()
            self._process = None

    def kill(self) -> None:
        """Kill the node, as a crash would; `wait_dead` waits for its end."""
        if self._process is not None:
            self._process.kill()

    async def wait_dead(self) -> None:
        """Wait until the node has ended, for any reason."""
        if self._process is not None:
            await self._process.wait()

    def pause(self) -> None:
        """Suspend the node's process, as a long pause of its machine would."""
        self._send(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a paused node continue."""
        self._send(signal.SIGCONT)

    async def discard(self) -> None:
        """Kill the node if it is running, and wait for its end."""
        if self._process is not None:
            await self._process.close()
            self._process = None

    @property
    def _all(self) -> list["Node"]:
        return [self, *self._peers]

    def _send(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send(number)

    async def _spawn(self) -> None:
        plan = self._plan
        settings = node_settings(
            directory=self.directory,
            addresses=plan.addresses,
            index=self._index,
            port=plan.port,
            storage_port=plan.storage_port,
            overlay=plan.settings,
        )
        await to_thread.run_sync(write_configuration, self.directory, settings)
        self._process = await NodeProcess.spawn(
            command(
                plan.java,
                plan.class_path,
                directory=self.directory,
                heap=plan.heap,
                options=plan.jvm_options,
                durable=plan.durable,
            ),
            environment=environment(),
            pid_file=self.directory / PID_FILE,
            log_file=self.log_file,
            durable=plan.durable,
        )
        if self._process is None:
            raise await self._failure(NodeFailed, "could not be started")

    async def _until_it_answers(self) -> None:
        while not await answers(self.address, self.port, tls=self._plan.tls):
            if not self.is_running:
                raise await self._failure(NodeFailed, "ended while it started")
            await anyio.sleep(_PAUSE)

    async def _until_seen(self, marks: dict["Node", int]) -> None:
        while not await to_thread.run_sync(self._is_seen, marks):
            if not self.is_running:
                raise await self._failure(NodeFailed, "ended while it joined the others")
            await anyio.sleep(_PAUSE)

    def _is_seen(self, marks: dict["Node", int]) -> bool:
        own = node_log.since(self.log_file, marks[self])
        return all(
            node_log.sees_up(own, peer.address)
            and node_log.sees_up(node_log.since(peer.log_file, marks[peer]), self.address)
            for peer in self._peers
            if peer.pid is not None and not is_stopped(peer.pid)
        )

    async def _failure(self, error: type[NodeFailed], reason: str) -> NodeFailed:
        end = await to_thread.run_sync(node_log.tail, self.log_file)
        return error(self.address, reason, self.log_file, end)
