"""A cluster in the background, which any process can start, inspect and stop."""

import json
import os
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import anyio
from anyio import to_thread

from ..checks import check_instance
from ..json_input import read_json
from .cluster import check_nodes
from .data_directory import MANIFEST, node_directory
from .errors import BackgroundFailed
from .home import home_folder
from .java import directory_mark
from .keeper import DATA, STATE
from .node import PID_FILE
from .processes import end, find, find_written, is_stopped, memory
from .releases import find_release
from .start_progress import StartProgress, make_progress

_MODULE: Final = "event_store_async.embedded.keeper"
_LOG: Final = "keeper.log"
_TAIL: Final = 2000


def data_directory() -> Path:
    """Return the default folder of a background cluster: below XDG_DATA_HOME."""
    base = os.environ.get("XDG_DATA_HOME")
    # The XDG specification says to ignore a relative path.
    given = Path(base) if base and Path(base).is_absolute() else None
    root = given or home_folder("XDG_DATA_HOME") / ".local" / "share"
    return root / "event_store_async" / "node"


@dataclass(frozen=True, slots=True)
class RunningNode:
    """
    A node of a cluster that runs in the background.

    Attributes:
        address: The address that it listens on.
        pid: The id of its Java process; None if that has ended.
        is_paused: Whether its process is suspended by a signal.
    """

    address: str
    pid: int | None
    is_paused: bool


@dataclass(frozen=True, slots=True)
class Running:
    """
    A cluster that runs in the background.

    Attributes:
        pid: The id of the keeper, the process that runs and stops the cluster.
        version: The version of Cassandra.
        contact_points: The addresses of its nodes.
        port: The port for clients.
        datacenter: The datacenter of all nodes.
        since: When it came up: aware, UTC.
        memory: The resident memory of all its processes, in bytes.
        directory: The directory of its data and logs.
        nodes: Its nodes, in the order of their addresses.
    """

    pid: int
    version: str
    contact_points: tuple[str, ...]
    port: int
    datacenter: str
    since: datetime
    memory: int
    directory: Path
    nodes: tuple[RunningNode, ...]


class Background:
    """
    The background cluster of a directory.

    Args:
        directory: The folder of its data, logs and state; None for the user's default.

    Raises:
        InvalidArgument: *directory* is neither a Path nor None.
    """

    def __init__(self, directory: Path | None = None) -> None:
        check_instance("directory", directory, Path, "a pathlib.Path", optional=True)
        chosen = data_directory() if directory is None else directory
        # One name for one folder, without a look at the file system.
        self.directory = Path(os.path.abspath(chosen.expanduser()))  # noqa: PTH100
        self._log_began = 0

    @property
    def log_file(self) -> Path:
        """The log of the keeper."""
        return self.directory / _LOG

    @property
    def has_data(self) -> bool:
        """Whether an earlier start left data here."""
        return (self.directory / DATA / MANIFEST).exists()

    async def running(self) -> Running | None:
        """
        Return the running cluster; None if there is none.

        A state file left by a killed keeper is ignored, even if another process now has its id.

        Raises:
            BackgroundFailed: the state file cannot be read.
        """
        return await to_thread.run_sync(self._running)

    async def start(
        self,
        nodes: int = 1,
        *,
        port: int | None = None,
        heap: str = "512M",
        version: str | None = None,
        progress: bool | StartProgress | None = None,
    ) -> Running:
        """
        Start the cluster on the data of earlier runs, or return the one that is running.

        Args:
            nodes: See `EmbeddedCassandra`.
            port: See `EmbeddedCassandra`.
            heap: See `EmbeddedCassandra`.
            version: See `EmbeddedCassandra`.
            progress: See `EmbeddedCassandra`.

        Raises:
            InvalidArgument: an argument is not valid. Nothing was started.
            BackgroundFailed: it did not start; nothing is left running.
            VersionNotLocked: There is no lock file for this version.
        """
        check_nodes(nodes, port, heap, progress)
        release = find_release(version)
        if (running := await self.running()) is not None:
            return running
        options = {"nodes": nodes, "port": port, "heap": heap, "version": release.version}
        pid, pipe = await to_thread.run_sync(self._spawn, options)
        try:
            await self._until_up(pipe, make_progress(progress))
        except BaseException:
            with anyio.CancelScope(shield=True):
                await to_thread.run_sync(end, pid, self._mark, signal.SIGTERM)
            raise
        finally:
            os.close(pipe)
        running = await self.running()
        if running is None:
            details = await to_thread.run_sync(self._tail)
            raise BackgroundFailed("the cluster ended as soon as it was up", details)
        return running

    async def stop(self) -> Running | None:
        """
        Stop the cluster cleanly and keep its data; return it, or None if none was running.

        Signals are sent only to a process that this library started for this directory.

        Raises:
            BackgroundFailed: the state file cannot be read.
            TimeoutError: the process does not end.
        """
        running = await self.running()
        if running is not None:
            await to_thread.run_sync(end, running.pid, self._mark, signal.SIGTERM)
        return running

    @property
    def _mark(self) -> tuple[str, ...]:
        """Arguments that only the keeper of this cluster has."""
        return (_MODULE, str(self.directory))

    def _running(self) -> Running | None:
        try:
            state = read_json((self.directory / STATE).read_bytes())
            pid = int(state["pid"])
            if not find(pid, self._mark, state["created"]):
                return None
            points = tuple(state["contact_points"])
            return Running(
                pid,
                state["version"],
                points,
                int(state["port"]),
                state["datacenter"],
                datetime.fromisoformat(state["since"]),
                memory(pid),
                self.directory,
                tuple(self._node(index, address) for index, address in enumerate(points)),
            )
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError) as error:
            raise BackgroundFailed(
                f"{self.directory / STATE} cannot be read", str(error)
            ) from error

    def _node(self, index: int, address: str) -> RunningNode:
        directory = node_directory(self.directory / DATA, index)
        pid = find_written(directory / PID_FILE, directory_mark(directory))
        return RunningNode(address, pid, pid is not None and is_stopped(pid))

    def _spawn(self, options: dict[str, Any]) -> tuple[int, int]:
        self.directory.mkdir(parents=True, exist_ok=True)
        reader, writer = os.pipe()
        # Appended to, never truncated: another keeper may be writing to it.
        log = os.open(self.log_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._log_began = os.fstat(log).st_size
        nothing = os.open(os.devnull, os.O_RDONLY)
        command = [sys.executable, "-m", _MODULE, str(self.directory), json.dumps(options)]
        try:
            # Not with subprocess or asyncio, which expect a child to end before its parent.
            pid = os.posix_spawn(
                sys.executable,
                command,
                os.environ,
                file_actions=[
                    (os.POSIX_SPAWN_DUP2, nothing, 0),
                    (os.POSIX_SPAWN_DUP2, writer, 1),
                    (os.POSIX_SPAWN_DUP2, log, 2),
                ],
            )
        except BaseException:
            os.close(reader)
            raise
        finally:
            for descriptor in (writer, log, nothing):
                os.close(descriptor)
        return pid, reader

    async def _until_up(self, pipe: int, progress: StartProgress) -> None:
        with progress:
            async with aclosing(_messages(pipe)) as messages:
                async for message in messages:
                    if "up" in message:
                        return
                    if "error" in message:
                        raise BackgroundFailed(message["error"])
                    progress.step(message["phase"], message["done"], message["total"])
        raise BackgroundFailed(
            "the cluster ended while it started", await to_thread.run_sync(self._tail)
        )

    def _tail(self) -> str:
        with self.log_file.open("rb") as log:
            log.seek(self._log_began)
            return log.read().decode("utf-8", "replace")[-_TAIL:]


async def _messages(pipe: int) -> AsyncGenerator[dict[str, Any], None]:
    line = b""
    while True:
        await anyio.wait_readable(pipe)
        chunk = os.read(pipe, 65536)
        if not chunk:
            return
        *lines, line = (line + chunk).split(b"\n")
        for whole in lines:
            yield json.loads(whole)
