"""
Keeps a cluster in the background, until it is told to end: a program of its own.

It outlives the process that starts it. To that process it tells on standard output, a JSON object a
line, how far the start is, and then that it is up, or why not. `background.py` is the other end.
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
from .progress import StartProgress

STATE = "state.json"
_NEW_STATE = "state.json.new"
_DATA = "data"
_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class _Told(StartProgress):
    """Tells the other end how far the start has come."""

    def step(self, phase: str, done: int, total: int) -> None:
        _tell({"phase": phase, "done": done, "total": total})

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...


def main(arguments: list[str]) -> int:
    """
    Run until asked to end.

    Args:
        arguments: The directory, and as a JSON object what `EmbeddedCassandra` is given besides.
    """
    os.setsid()  # the terminal's Ctrl-C is not for it
    return anyio.run(_run, Path(arguments[0]), json.loads(arguments[1]))


async def _run(directory: Path, options: dict[str, Any]) -> int:
    code = 0

    async def serve() -> None:
        nonlocal code
        try:
            await _serve(directory, options)
        except (EmbeddedError, ValueError, OSError) as error:
            _tell({"error": str(error)})
            sys.stderr.write(f"error: {error}\n")
            code = 1
        group.cancel_scope.cancel()

    with anyio.open_signal_receiver(*_SIGNALS) as signals:
        async with anyio.create_task_group() as group:
            group.start_soon(serve)
            async for _ in signals:
                group.cancel_scope.cancel()
                break
            # A second signal must not cut short the end that the first one asked for.
    return code


async def _serve(directory: Path, options: dict[str, Any]) -> None:
    async with EmbeddedCassandra(
        directory=directory / _DATA, keep=True, progress=_Told(), **options
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
            _tell({"up": True})
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


def _tell(message: dict[str, Any]) -> None:
    try:
        sys.stdout.write(f"{json.dumps(message)}\n")
        sys.stdout.flush()
    except BrokenPipeError:
        _hang_up()  # who started it has gone away; it runs on all the same


def _hang_up() -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
