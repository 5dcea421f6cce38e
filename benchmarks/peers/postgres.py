"""A PostgreSQL server from Debian's package, in a temporary directory, on a free port."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from .protocol import Unavailable

_STARTING = 30.0
_HINT = "apt-get install postgresql"


@dataclass(frozen=True, slots=True)
class Postgres:
    """A running server, user ``bench``, database ``postgres``."""

    port: int
    version: str


@contextmanager
def run_postgres() -> Generator[Postgres, None, None]:
    """
    Run a server with its default settings until the end of the block.

    Raises:
        Unavailable: Its programs are not on this machine, or it does not start.
    """
    programs = _programs()
    user = _unprivileged_user()
    with TemporaryDirectory(prefix="bench-postgres-", ignore_cleanup_errors=True) as directory:
        if user is not None:
            shutil.chown(directory, user)
        data = Path(directory) / "data"
        _run(user, directory, programs / "initdb", "-D", data, "-U", "bench", "-A", "trust")
        version = _run(user, directory, programs / "postgres", "--version").split()[2]
        port = free_port()
        log = Path(directory) / "log"
        with log.open("wb") as output:
            server = subprocess.Popen(
                [
                    *(str(programs / "postgres"), "-D", str(data), "-k", directory),
                    *("-h", "127.0.0.1", "-p", str(port)),
                ],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                user=user,
                cwd=directory,
                start_new_session=True,  # Ctrl-C reaches only this process, which ends the server
            )
        try:
            wait_for_port(server, port, log)
            yield Postgres(port, version)
        finally:
            server.send_signal(signal.SIGINT)  # a fast, clean shutdown
            server.wait(_STARTING)


def free_port() -> int:
    """Return a port that is free at the moment."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def wait_for_port(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """
    Wait until a server listens.

    Raises:
        Unavailable: It ended, or did not listen in time.
    """
    deadline = time.monotonic() + _STARTING
    while server.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    tail = log.read_text("utf-8", errors="replace")[-500:]
    raise Unavailable(f"its server did not start: {tail}", "see its log above")


def _programs() -> Path:
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"),
        key=lambda path: int(path.parent.name) if path.parent.name.isdigit() else 0,
    )
    if on_path := shutil.which("initdb"):
        found.append(Path(on_path).resolve().parent)
    for folder in reversed(found):
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    raise Unavailable("no PostgreSQL server on this machine", _HINT)


def _unprivileged_user() -> str | None:
    # The server refuses to run as root.
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            pwd.getpwnam(name)
        except KeyError:
            continue
        return name
    raise Unavailable("PostgreSQL does not run as root, and there is no other user", _HINT)


def _run(user: str | None, directory: str, *command: str | Path) -> str:
    done = subprocess.run(
        command, user=user, cwd=directory, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise Unavailable(f"{command[0]} failed: {done.stderr[-500:]}", _HINT)
    return done.stdout
