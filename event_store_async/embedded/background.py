"""A cluster in the background: started, looked at and stopped by processes that come and go."""

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

from .errors import BackgroundFailed
from .keeper import STATE
from .processes import end, find, memory
from .progress import StartProgress, make_progress

_MODULE: Final = "event_store_async.embedded.keeper"
_LOG: Final = "keeper.log"
_TAIL: Final = 2000


def data_directory() -> Path:
    """Return the folder of the cluster that is in the background: below XDG_DATA_HOME."""
    base = os.environ.get("XDG_DATA_HOME")
    # The specification of that variable says that a relative path is to be ignored.
    given = Path(base) if base and Path(base).is_absolute() else None
    return (given or Path.home() / ".local" / "share") / "event_store_async" / "node"


@dataclass(frozen=True, slots=True)
class Running:
    """
    A cluster that runs in the background.

    Attributes:
        pid: The process that keeps it, and ends it.
        version: The version of Cassandra.
        contact_points: The addresses of its nodes.
        port: The port for clients.
        datacenter: The datacenter that all nodes are in.
        since: Since when it has been up: aware, UTC.
        memory: Bytes of memory that all its processes have.
        directory: The directory of its data and logs.
    """

    pid: int
    version: str
    contact_points: tuple[str, ...]
    port: int
    datacenter: str
    since: datetime
    memory: int
    directory: Path


class Background:
    """
    The cluster in the background that a directory is for.

    Args:
        directory: Where its data, logs and state are; None for the user's own.
    """

    def __init__(self, directory: Path | None = None) -> None:
        self.directory = (directory or data_directory()).expanduser().absolute()
        self._log_began = 0

    @property
    def log_file(self) -> Path:
        """What the process that keeps it has to say."""
        return self.directory / _LOG

    async def running(self) -> Running | None:
        """
        Return what runs; None if nothing does.

        A state that was left by a process that was killed counts as nothing, also where another
        process has got its id since.
        """
        return await to_thread.run_sync(self._running)

    async def start(
        self,
        nodes: int = 1,
        *,
        port: int | None = None,
        heap: str = "512M",
        progress: bool | StartProgress | None = None,
    ) -> Running:
        """
        Start it; return what runs, if it runs already. The data of an earlier run are used again.

        Args:
            nodes: As for `EmbeddedCassandra`.
            port: The same.
            heap: The same.
            progress: The same.

        Raises:
            BackgroundFailed: it did not start; nothing of it runs.
        """
        if (running := await self.running()) is not None:
            return running
        options = {"nodes": nodes, "port": port, "heap": heap}
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
            raise BackgroundFailed("it ended as soon as it was up", details)
        return running

    async def stop(self) -> Running | None:
        """
        Stop it in good order; return what ran, None if nothing did. Its data stay.

        Only a process that this library started for this directory is ever sent a signal.

        Raises:
            TimeoutError: it does not end.
        """
        running = await self.running()
        if running is not None:
            await to_thread.run_sync(end, running.pid, self._mark, signal.SIGTERM)
        return running

    @property
    def _mark(self) -> tuple[str, ...]:
        """What stands in the command line of the process that keeps this cluster, and no other."""
        return (_MODULE, str(self.directory))

    def _running(self) -> Running | None:
        try:
            state = json.loads((self.directory / STATE).read_text("utf-8"))
            pid = int(state["pid"])
            if not find(pid, self._mark, state["created"]):
                return None
            return Running(
                pid,
                state["version"],
                tuple(state["contact_points"]),
                int(state["port"]),
                state["datacenter"],
                datetime.fromisoformat(state["since"]),
                memory(pid),
                self.directory,
            )
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError) as error:
            raise BackgroundFailed(
                f"{self.directory / STATE} cannot be read", str(error)
            ) from error

    def _spawn(self, options: dict[str, Any]) -> tuple[int, int]:
        self.directory.mkdir(parents=True, exist_ok=True)
        reader, writer = os.pipe()
        # Never emptied: another one may be writing into it.
        log = os.open(self.log_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._log_began = os.fstat(log).st_size
        nothing = os.open(os.devnull, os.O_RDONLY)
        command = [sys.executable, "-m", _MODULE, str(self.directory), json.dumps(options)]
        try:
            # Not by `subprocess` or asyncio: they hold their children to end with them.
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
        raise BackgroundFailed("it ended while it started", await to_thread.run_sync(self._tail))

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
