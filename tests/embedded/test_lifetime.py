"""The nodes end with the process that started them, however it ends."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import anyio
import psutil  # type: ignore[import-untyped, unused-ignore]
import pytest
from anyio import to_thread

from event_store_async.embedded import EmbeddedCassandra
from event_store_async.embedded.releases import find_release

from ..interruptible import interruptible
from .cql import SUPPORTED, options
from .traces import is_alive, names

pytestmark = pytest.mark.slow

BOUND = 60.0
"""Seconds, far more than needed; so that a defect does not hang the run."""

STARTER = textwrap.dedent("""
    import sys
    import anyio
    from event_store_async.embedded import EmbeddedCassandra

    async def main():
        async with EmbeddedCassandra(directory=sys.argv[1], keep=True) as cassandra:
            print(cassandra.nodes[0].pid, flush=True)
            await anyio.sleep_forever()

    anyio.run(main)
""")


@contextmanager
def started(*arguments: str, stderr: IO[str] | None = None) -> Iterator["subprocess.Popen[str]"]:
    command = interruptible([sys.executable, *arguments])
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, text=True) as run:
        try:
            yield run
        finally:
            run.kill()


def line_of(run: "subprocess.Popen[str]") -> str:
    assert run.stdout is not None
    return run.stdout.readline()


def the_node_in(temporary: Path) -> int:
    (pid_file,) = temporary.glob("*/node1/java.pid")
    return int(pid_file.read_text())


async def until_gone(pid: int) -> None:
    with anyio.fail_after(BOUND):
        while is_alive(pid):
            await anyio.sleep(0.05)


async def test_no_node_outlives_a_killed_starter_and_its_data_can_be_used_again(
    tmp_path: Path,
) -> None:
    with started("-c", STARTER, str(tmp_path)) as starter:
        pid = int(await to_thread.run_sync(line_of, starter))
        starter.kill()
    # The next start finds whatever state the killed one has got to.
    async with EmbeddedCassandra(directory=tmp_path) as cassandra:
        await until_gone(pid)
        node = cassandra.nodes[0]
        assert await options(node.address, node.port) == SUPPORTED


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's end")
async def test_no_node_outlives_its_supervisor(tmp_path: Path) -> None:
    with started("-c", STARTER, str(tmp_path)) as starter:
        pid = int(await to_thread.run_sync(line_of, starter))
        supervisor = psutil.Process(pid).ppid()
        starter.send_signal(signal.SIGSTOP)
        os.kill(supervisor, signal.SIGKILL)

        await until_gone(pid)


async def test_ctrl_c_ends_the_program_and_its_node(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with (
        tempfile.TemporaryFile("w+") as said,
        started("-m", "event_store_async.embedded", stderr=said) as program,
    ):
        lines = [await to_thread.run_sync(line_of, program) for _ in range(3)]
        pid = the_node_in(tmp_path)
        program.send_signal(signal.SIGINT)
        with anyio.fail_after(BOUND):
            status = await to_thread.run_sync(program.wait)
        await until_gone(pid)
        said.seek(0)
        shown = said.read().splitlines()

    assert status == 0
    # In a file or a pipe, too: it may download for a minute.
    assert shown[-2:] == ["Starting Cassandra nodes: 0 of 1", "Starting Cassandra nodes: 1 of 1"]
    version = find_release(None).version
    assert lines[0].startswith(f"# Cassandra {version} on 127.0.0.1, port ")
    assert lines[1] == "export EVENT_STORE_CONTACT_POINTS=127.0.0.1\n"
    assert lines[2].startswith("export EVENT_STORE_PORT=")
    assert names(tmp_path) == []


def test_the_program_reports_a_wrong_argument() -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "event_store_async.embedded", "--nodes", "0"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (answer.returncode, answer.stdout) == (1, "")
    assert answer.stderr == "error: a cluster needs at least one node, not 0\n"


def test_the_program_reports_why_a_node_cannot_start() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        port = holder.getsockname()[1]
        answer = subprocess.run(
            [sys.executable, "-m", "event_store_async.embedded", "--port", str(port)],
            capture_output=True,
            text=True,
            timeout=BOUND,
            check=False,
        )

    assert (answer.returncode, answer.stdout) == (1, "")
    assert answer.stderr.splitlines()[-1] == f"error: port {port} is in use on 127.0.0.1"
    assert "Traceback" not in answer.stderr
