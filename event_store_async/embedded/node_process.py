"""The process of a node, and the supervisor that ends it with this process."""

import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from subprocess import PIPE
from typing import Final, Self

import anyio
from anyio.abc import Process

STOP_GRACE: Final = 30.0
"""Seconds between asking a node to end and killing it."""

_SUPERVISOR = Path(__file__).with_name("supervisor.py")


class NodeProcess:
    """
    A node's Java process and its supervisor, which lives exactly as long.

    Signals go to the Java process. Only the supervisor reaps it, and ends at once after that, so a
    process id is never used after another process may have got it.
    """

    def __init__(self, supervisor: Process, pid: int) -> None:
        self._supervisor = supervisor
        self._is_killed = False
        self.pid = pid

    @classmethod
    async def spawn(
        cls,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        pid_file: Path,
        log_file: Path,
        durable: bool,
    ) -> Self | None:
        """
        Start a node.

        Args:
            command: The command line of the node.
            environment: Its environment variables.
            pid_file: The file that holds its process id while it runs.
            log_file: The file to append its output to.
            durable: Whether it gets time for a clean end if this process dies.

        Returns:
            The process; None if it could not be started; the log then has the reason.
        """
        supervisor = await anyio.open_process(
            [
                sys.executable,
                "-I",
                "-S",
                str(_SUPERVISOR),
                str(os.getpid()),
                str(STOP_GRACE if durable else 0),
                str(pid_file),
                str(log_file),
                *command,
            ],
            stdin=PIPE,
            stdout=PIPE,
            stderr=None,
            env=environment,
            # Out of reach of the terminal's Ctrl-C, which this process acts on.
            start_new_session=True,
        )
        try:
            pid = await _first_line(supervisor)
        except BaseException:
            await _close(supervisor)
            raise
        if not pid:
            await _close(supervisor)
            return None
        return cls(supervisor, int(pid))

    @property
    def is_running(self) -> bool:
        """Whether the node is running or paused; False once `kill` was called."""
        return self._supervisor.returncode is None and not self._is_killed

    def send(self, *signals: signal.Signals) -> None:
        """Send signals to the node unless it has ended."""
        if self.is_running:
            with suppress(ProcessLookupError):
                for number in signals:
                    os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill the node; `wait` waits for its end."""
        self.send(signal.SIGKILL)
        self._is_killed = True

    async def wait(self) -> None:
        """Wait until the node has ended."""
        await self._supervisor.wait()

    async def close(self) -> None:
        """Kill the node if it is running, wait for its end, and release all resources."""
        with anyio.CancelScope(shield=True):
            self.kill()
            await self.wait()
            await _close(self._supervisor)

    async def stop(self) -> None:
        """Ask the node to end; kill it if it does not within `STOP_GRACE`."""
        # A paused process handles SIGTERM only after SIGCONT.
        self.send(signal.SIGTERM, signal.SIGCONT)
        with anyio.move_on_after(STOP_GRACE):
            await self.wait()
        await self.close()


async def _first_line(supervisor: Process) -> bytes:
    line = b""
    if supervisor.stdout is not None:
        async for chunk in supervisor.stdout:
            line += chunk
            if line.endswith(b"\n"):
                break
    return line


async def _close(supervisor: Process) -> None:
    # Closing its standard input makes the supervisor end the node, if it still runs.
    with anyio.CancelScope(shield=True):
        await supervisor.aclose()
