"""
The keeper: a program that runs a cluster in the background until a signal asks it to end.

It outlives the process that starts it. On standard output it reports to that process, `Background`,
in one JSON object per line: the progress of the start, and then that it is up, or the error.
"""

import json
import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

import anyio
from anyio import to_thread

from .cluster import EmbeddedCassandra
from .errors import EmbeddedError
from .processes import created
from .start_progress import StartProgress

STATE = "state.json"
_NEW_STATE = "state.json.new"
DATA = "data"
_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class _Report(StartProgress):
    """Sends the progress of the start to the other process."""

    def step(self, phase: str, done: int, total: int) -> None:
        _send({"phase": phase, "done": done, "total": total})

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...


def main(arguments: list[str]) -> int:
    """
    Run until a signal asks it to end; return the exit status.

    Args:
        arguments: The directory, and further arguments for `EmbeddedCassandra` as a JSON object.
    """
    os.setsid()  # out of reach of the terminal's Ctrl-C
    return anyio.run(_run, Path(arguments[0]), json.loads(arguments[1]))


async def _run(directory: Path, options: dict[str, Any]) -> int:
    code = 0

    async def serve() -> None:
        nonlocal code
        try:
            await _serve(directory, options)
        except (EmbeddedError, ValueError, OSError) as error:
            _send({"error": str(error)})
            sys.stderr.write(f"error: {error}\n")
            code = 1
        group.cancel_scope.cancel()

    with anyio.open_signal_receiver(*_SIGNALS) as signals:
        async with anyio.create_task_group() as group:
            group.start_soon(serve)
            async for _ in signals:
                group.cancel_scope.cancel()
                break
            # The receiver stays open: a second signal must not interrupt the shutdown.
    return code


async def _serve(directory: Path, options: dict[str, Any]) -> None:
    async with EmbeddedCassandra(
        directory=directory / DATA, keep=True, progress=_Report(), **options
    ) as cassandra:
        state = {
            "pid": os.getpid(),
            "created": created(os.getpid()),
            "version": cassandra.version,
            "contact_points": cassandra.contact_points,
            "port": cassandra.port,
            "datacenter": cassandra.local_datacenter,
            "since": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        try:
            await to_thread.run_sync(_write, directory, state)
            _send({"up": True})
            _hang_up()
            await anyio.sleep_forever()
        finally:
            with anyio.CancelScope(shield=True):
                await to_thread.run_sync(_forget, directory)


def _write(directory: Path, state: dict[str, Any]) -> None:
    new = directory / _NEW_STATE
    new.write_text(json.dumps(state, indent=2), "utf-8")
    new.replace(directory / STATE)


def _forget(directory: Path) -> None:
    (directory / STATE).unlink(missing_ok=True)


def _send(message: dict[str, Any]) -> None:
    try:
        sys.stdout.write(f"{json.dumps(message)}\n")
        sys.stdout.flush()
    except BrokenPipeError:
        _hang_up()  # the starter has gone; the cluster keeps running


def _hang_up() -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
