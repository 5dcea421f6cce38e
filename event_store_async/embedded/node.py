"""One node of an embedded cluster, to be stopped, killed, paused and started again."""

import signal
from collections.abc import Sequence
from pathlib import Path

import anyio
from anyio import to_thread

from . import node_log
from .errors import NodeFailed, NodeTimedOut
from .java import command
from .node_process import NodeProcess
from .plan import ClusterPlan
from .probe import answers
from .processes import is_stopped
from .settings import node_settings, write_configuration

PID_FILE = "java.pid"
_PAUSE = 0.05


class Node:
    """
    One node of an embedded cluster. Made by `EmbeddedCassandra`, never by hand.

    Attributes:
        address: The loopback address it listens on.
        port: The port for clients.
        directory: Its own directory, with its configuration and data.
        log_file: Its log, one file over all its starts.
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
        """Tell the node which nodes the cluster has."""
        self._peers = [node for node in nodes if node is not self]

    @property
    def pid(self) -> int | None:
        """The id of its Java process; None if it does not run."""
        return self._process.pid if self._process and self._process.is_running else None

    @property
    def is_running(self) -> bool:
        """Whether its process is there: a paused node runs too, a killed one does not."""
        return self.pid is not None

    async def start(self) -> None:
        """
        Start the node, again on the same data if it ran before; do nothing if it runs.

        Returns when it answers clients, and when it and all other nodes that run, and are not
        paused, hold each other to be up.

        Raises:
            NodeFailed: It ended; nothing of it runs.
            NodeTimedOut: It did not get there within the cluster's `start_timeout`, and was killed.
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
        """End the node in good order; kill it if it takes more than half a minute."""
        if self._process is not None:
            await self._process.stop()
            self._process = None

    def kill(self) -> None:
        """Kill the node at once, as a crash would. `wait_dead` returns when it has ended."""
        if self._process is not None:
            self._process.kill()

    async def wait_dead(self) -> None:
        """Wait until the node has ended, for whatever reason."""
        if self._process is not None:
            await self._process.wait()

    def pause(self) -> None:
        """Stop the node's process where it stands, as a long pause of its machine would."""
        self._send(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a paused node go on."""
        self._send(signal.SIGCONT)

    async def discard(self) -> None:
        """Kill what runs of the node, and wait for its end."""
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
            pid_file=self.directory / PID_FILE,
            log_file=self.log_file,
            durable=plan.durable,
        )
        if self._process is None:
            raise await self._failure(NodeFailed, "could not be run")

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
