"""The process of one node, and the supervisor that ties it to this process."""

import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from subprocess import PIPE
from typing import Final, Self

import anyio
from anyio.abc import Process

STOP_GRACE: Final = 30.0
"""Seconds that a node has between the request to end and its kill."""

_SUPERVISOR = Path(__file__).with_name("supervisor.py")


class NodeProcess:
    """
    A node's Java and its supervisor, which lives exactly as long as the Java does.

    Signals go to the Java itself. The supervisor alone reaps it, and is gone at once after that,
    so a process id is not used once it may belong to somebody else.
    """

    def __init__(self, supervisor: Process, pid: int) -> None:
        self._supervisor = supervisor
        self._is_killed = False
        self.pid = pid

    @classmethod
    async def spawn(
        cls, command: Sequence[str], *, pid_file: Path, log_file: Path, durable: bool
    ) -> Self | None:
        """
        Start a node.

        Args:
            command: The command line of the node.
            pid_file: Where to keep its process id while it runs.
            log_file: The file to append its output to.
            durable: Whether it gets time to end well if this process dies.

        Returns:
            The process; None if it could not be started, which the log explains.
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
            # Out of the reach of the terminal's Ctrl-C, which is for this process to act on.
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
        """Whether the node is there, be it paused; not once it was killed from here."""
        return self._supervisor.returncode is None and not self._is_killed

    def send(self, *signals: signal.Signals) -> None:
        """Send signals to the node; none if it has ended."""
        if self.is_running:
            with suppress(ProcessLookupError):
                for number in signals:
                    os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill the node; `wait` until it has ended."""
        self.send(signal.SIGKILL)
        self._is_killed = True

    async def wait(self) -> None:
        """Wait until the node has ended."""
        await self._supervisor.wait()

    async def close(self) -> None:
        """End the node, the hard way if it still runs, and let go of everything."""
        with anyio.CancelScope(shield=True):
            self.kill()
            await self.wait()
            await _close(self._supervisor)

    async def stop(self) -> None:
        """Ask the node to end; kill it if it does not within the time of grace."""
        # A stopped process sees no SIGTERM before it goes on.
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
    # Its end is what ends the node: by the kernel, or by the end of its standard input.
    with anyio.CancelScope(shield=True):
        await supervisor.aclose()
