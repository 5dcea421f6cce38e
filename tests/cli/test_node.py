"""`event-store node`: a Cassandra that keeps running after the command has ended."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncGenerator
from pathlib import Path

import anyio
import orjson
import psutil
import pytest
import pytest_asyncio

from event_store_async.cli.exit_codes import ExitCode
from event_store_async.embedded import Background, BackgroundFailed
from event_store_async.embedded.jars import locked_versions
from event_store_async.embedded.keeper import STATE

from .running import Shell, ended
from .test_help import EXAMPLES


@pytest_asyncio.fixture
async def shell(nowhere: Shell) -> AsyncGenerator[Shell, None]:
    """Give a shell whose node is stopped at the end."""
    yield nowhere
    for directory in ("data/event_store_async/node", "cassandra"):
        await Background(nowhere.folder / directory).stop()


def exports(text: str) -> dict[str, str]:
    lines = [line.removeprefix("export ") for line in text.splitlines() if line[:6] == "export"]
    return dict(line.split("=", 1) for line in lines)


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_it_runs_until_it_is_stopped(shell: Shell, tmp_path: Path) -> None:
    before = await shell("node", "status")
    started = await ended(await shell.process("node", "start"))
    there = exports(started.out)
    status = await shell("node", "status")
    told = orjson.loads((await shell("node", "status", "--json")).out)
    again = await shell("node", "start", "--nodes", "2")
    created = await shell(
        *("schema", "create", "--keyspace", "bank", "--replication", "datacenter1=1"), **there
    )
    other = await shell(
        "node", "start", "--directory", "other", "--port", there["EVENT_STORE_PORT"]
    )
    stopped = await shell("node", "stop")
    after = await shell("node", "status")
    twice = await shell("node", "stop")

    directory = tmp_path / "data" / "event_store_async" / "node"
    assert (before.code, "node start" in before.err) == (1, True)
    assert started.code == 0
    assert "Starting Cassandra nodes: 1 of 1" in started.err
    assert f"--replication {there['EVENT_STORE_DATACENTER']}=1" in started.err
    assert told["directory"] == str(directory)
    assert told["memory_bytes"] > 100 * 1024 * 1024
    assert (told["port"], told["contact_points"]) == (int(there["EVENT_STORE_PORT"]), ["127.0.0.1"])
    assert {line.split()[0] for line in status.lines} == {
        *("Cassandra", "address", "since", "memory", "process", "node", "directory")
    }
    (node,) = told["nodes"]
    assert (node["address"], node["paused"]) == ("127.0.0.1", False)
    assert f"node       127.0.0.1, process {node['pid']}" in status.lines
    assert node["pid"] != told["pid"]
    assert (again.code, exports(again.out)) == (0, there)
    assert "already running since" in again.err
    assert "nodes: 1, not 2" in again.err
    assert (created.code, created.err) == (0, "")
    assert (other.code, "is in use" in other.err) == (1, True)
    assert (stopped.code, f"its data is kept in {directory}" in stopped.err) == (0, True)
    assert (after.code, twice.code, "no Cassandra is running" in twice.err) == (1, 0, True)
    for pid in (told["pid"], node["pid"]):
        assert not psutil.pid_exists(pid) or (psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_a_node_of_a_ring_can_be_paused_and_killed_by_what_status_says(
    shell: Shell, tmp_path: Path
) -> None:
    directory = str(tmp_path / "cassandra")
    status = ("node", "status", "--directory", directory)
    await ended(await shell.process("node", "start", "--nodes", "3", "--directory", directory))
    up = orjson.loads((await shell(*status, "--json")).out)
    pids = [node["pid"] for node in up["nodes"]]

    os.kill(pids[1], signal.SIGSTOP)
    os.kill(pids[2], signal.SIGKILL)
    psutil.wait_procs([psutil.Process(pids[2])], timeout=30)
    broken = (await shell(*status)).lines
    os.kill(pids[1], signal.SIGCONT)
    mended = (await shell(*status)).lines
    stopped = await shell("node", "stop", "--directory", directory)

    addresses = ["127.0.0.1", "127.0.0.2", "127.0.0.3"]
    assert [node["address"] for node in up["nodes"]] == up["contact_points"] == addresses
    assert len(set(pids)) == 3
    assert [line for line in broken if line.startswith("node ")] == [
        f"node       127.0.0.1, process {pids[0]}",
        f"node       127.0.0.2, process {pids[1]}, paused",
        "node       127.0.0.3, not running",
    ]
    assert f"node       127.0.0.2, process {pids[1]}" in mended
    assert stopped.code == 0


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_ctrl_c_while_it_starts_leaves_nothing(shell: Shell, tmp_path: Path) -> None:
    process = await shell.process("node", "start", "--directory", "here")
    assert process.stderr is not None
    with anyio.fail_after(60):
        said = await process.stderr.readline()
    process.send_signal(signal.SIGINT)
    done = await ended(process)

    assert b"Starting Cassandra" in said
    assert done.code == 130
    here = str(tmp_path / "here")
    assert [each.pid for each in psutil.process_iter() if here in _arguments(each)] == []
    assert (await shell("node", "status", "--directory", "here")).code == 1


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_a_killed_cluster_counts_as_stopped_and_keeps_its_data(
    shell: Shell, tmp_path: Path
) -> None:
    start = EXAMPLES["node start"][-1]
    directory = tmp_path / "cassandra"
    first = await shell.sh(start)
    there = exports(first.out)
    made = ("schema", "create", "--keyspace", "bank", "--replication", "datacenter1=1")
    await shell(*made, **there)
    stream = "7e31a1f0-3d5e-4b8e-9d3c-64cb5bd2f6ab"
    await shell("append", stream, "1", "--keyspace", "bank", **there)
    running = await Background(directory).running()
    assert running is not None
    keeper = psutil.Process(running.pid)
    below = keeper.children(recursive=True)
    keeper.kill()
    psutil.wait_procs(below, timeout=60)

    killed = await shell("node", "status", "--directory", str(directory))
    second = await shell.sh(start)
    there = exports(second.out)
    head = await shell("head", stream, "--keyspace", "bank", **there)

    assert len(below) >= 2
    assert killed.code == 1
    for done, has_data in ((first, False), (second, True)):
        assert ("it has the data of earlier runs" in done.err) is has_data
        assert ("next: event-store schema create" in done.err) is not has_data
    assert head.out == "1\n"


async def test_another_process_with_its_id_is_left_alone(tmp_path: Path) -> None:
    """Be it one with other arguments, or one that started at another time."""
    waiting = (sys.executable, "-c", "input()")
    mark = ("event_store_async.embedded.keeper", str(tmp_path))
    stranger = await asyncio.create_subprocess_exec(*waiting, stdin=asyncio.subprocess.PIPE)
    alike = await asyncio.create_subprocess_exec(*waiting, *mark, stdin=asyncio.subprocess.PIPE)
    try:
        for process, began in ((stranger, 0.0), (alike, -3600.0)):
            state = {
                "pid": process.pid,
                "created": psutil.Process(process.pid).create_time() + began,
                "version": "5.0.8",
                "contact_points": ["127.0.0.1"],
                "port": 9042,
                "datacenter": "datacenter1",
                "since": "2026-01-01T00:00:00+00:00",
            }
            (tmp_path / STATE).write_text(json.dumps(state))
            background = Background(tmp_path)

            assert await background.running() is None
            assert await background.stop() is None
            assert process.returncode is None
    finally:
        for process in (stranger, alike):
            await asyncio.wait_for(process.communicate(b"\n"), 30)


async def test_a_node_is_shown_only_with_a_process_of_its_own(
    nowhere: Shell, tmp_path: Path
) -> None:
    """A keeper and four nodes: one runs, one is paused, one has ended, one's id is a stranger's."""
    nodes = [tmp_path / "data" / f"node{number}" for number in (1, 2, 3, 4)]
    marks = [[f"-Dcassandra.storagedir={node}"] for node in nodes]
    keeper = ["event_store_async.embedded.keeper", str(tmp_path)]
    processes = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", "input()", *arguments), stdin=asyncio.subprocess.PIPE
        )
        for arguments in (keeper, *marks[:3], ["stranger"])
    ]
    try:
        state = {
            "pid": processes[0].pid,
            "created": psutil.Process(processes[0].pid).create_time(),
            "version": "5.0.8",
            "contact_points": [f"127.0.0.{number}" for number in (1, 2, 3, 4)],
            "port": 9042,
            "datacenter": "datacenter1",
            "since": "2026-01-01T00:00:00+00:00",
        }
        (tmp_path / STATE).write_text(json.dumps(state))
        for node, process in zip(nodes, processes[1:], strict=True):
            node.mkdir(parents=True)
            (node / "java.pid").write_text(str(process.pid))
        await asyncio.wait_for(processes[3].communicate(b"\n"), 30)
        processes[2].send_signal(signal.SIGSTOP)
        await asyncio.to_thread(os.waitid, os.P_PID, processes[2].pid, os.WSTOPPED)

        status = ("node", "status", "--directory", str(tmp_path))
        shown = await nowhere(*status)
        told = orjson.loads((await nowhere(*status, "--json")).out)
    finally:
        processes[2].send_signal(signal.SIGCONT)
        for process in processes:
            if process.returncode is None:
                await asyncio.wait_for(process.communicate(b"\n"), 30)

    running, paused = processes[1].pid, processes[2].pid
    assert [line for line in shown.lines if line.startswith("node ")] == [
        f"node       127.0.0.1, process {running}",
        f"node       127.0.0.2, process {paused}, paused",
        "node       127.0.0.3, not running",
        "node       127.0.0.4, not running",
    ]
    assert told["since"] == "2026-01-01T00:00:00.000Z"
    assert told["nodes"] == [
        {"address": "127.0.0.1", "pid": running, "paused": False},
        {"address": "127.0.0.2", "pid": paused, "paused": True},
        {"address": "127.0.0.3", "pid": None, "paused": False},
        {"address": "127.0.0.4", "pid": None, "paused": False},
    ]


async def test_an_unknown_version_is_refused_before_anything_starts(
    shell: Shell, tmp_path: Path
) -> None:
    done = await shell("node", "start", "--directory", "here", "--cassandra", "3.11")

    assert done.code == ExitCode.USAGE
    assert "no lock file for Cassandra 3.11" in done.err
    assert ", ".join(locked_versions()) in done.err
    assert not (tmp_path / "here").exists()


async def test_an_unreadable_state_file_is_reported(tmp_path: Path) -> None:
    (tmp_path / STATE).write_text("{}")

    with pytest.raises(BackgroundFailed, match=r"state\.json cannot be read"):
        await Background(tmp_path).running()


async def test_the_reason_of_a_failed_start_is_reported(tmp_path: Path) -> None:
    """The data directory has other content."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "letter.txt").write_text("dear")

    with pytest.raises(BackgroundFailed, match="is not empty"):
        await Background(tmp_path).start()


async def test_the_log_of_a_keeper_that_ends_at_once_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its interpreter cannot enter its directory."""
    monkeypatch.setenv("PYTHONHOME", str(tmp_path / "nowhere"))

    with pytest.raises(BackgroundFailed, match="the cluster ended while it started") as failed:
        await Background(tmp_path).start()

    assert failed.value.details


async def test_a_start_that_fails_has_a_hint(nowhere: Shell, tmp_path: Path) -> None:
    """A folder that cannot be created; an extra that is not installed."""
    (tmp_path / "file").write_text("")
    (tmp_path / "without" / "psutil").mkdir(parents=True)
    (tmp_path / "without" / "psutil" / "__init__.py").write_text(
        "raise ModuleNotFoundError('no psutil', name='psutil')"
    )

    unusable = await nowhere("node", "start", "--directory", "file/below")
    path = os.pathsep.join([str(tmp_path / "without"), os.environ.get("PYTHONPATH", "")])
    lacking = await ended(await nowhere.process("node", "start", PYTHONPATH=path))

    assert (unusable.code, "error: " in unusable.err, "file/below" in unusable.err) == (
        1,
        True,
        True,
    )
    assert lacking.code == 1
    assert "needs the package psutil" in lacking.err
    assert "pip install 'event_store_async[embedded]'" in lacking.err


def _arguments(process: psutil.Process) -> list[str]:
    try:
        return list(process.cmdline())
    except psutil.Error:
        return []


def test_the_default_folder_is_the_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path))
    below_home = tmp_path / ".local" / "share" / "event_store_async" / "node"
    assert Background().directory == below_home

    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert Background().directory == tmp_path / "data" / "event_store_async" / "node"
    assert Background(Path("here")).directory == Path.cwd() / "here"
    assert Background(Path("there/../here")).directory == Path.cwd() / "here"
