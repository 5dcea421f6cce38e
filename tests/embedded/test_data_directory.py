"""The data directory: its holder, and what is removed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from event_store_async.embedded import (
    Background,
    BackgroundFailed,
    DirectoryInUse,
    DirectoryRefused,
)
from event_store_async.embedded.data_directory import DataDirectory, Manifest
from event_store_async.embedded.java import directory_mark
from event_store_async.embedded.keeper import STATE
from event_store_async.embedded.processes import end_left_over, is_stopped

MANIFEST = Manifest("5.0.8", ("127.0.0.1",), 7000)


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary directories go."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def test_a_directory_has_one_holder_at_a_time(tmp_path: Path) -> None:
    first = DataDirectory(tmp_path / "d", keep=True)
    with pytest.raises(DirectoryInUse, match="is in use"):
        DataDirectory(tmp_path / "d", keep=True)

    first.close()
    DataDirectory(tmp_path / "d", keep=True).close()


def test_kept_content_is_found_again(tmp_path: Path) -> None:
    first = DataDirectory(tmp_path, keep=True)
    assert first.manifest() is None
    first.bind(MANIFEST)
    first.node(0).mkdir()
    first.close()

    second = DataDirectory(tmp_path, keep=True)
    assert second.manifest() == MANIFEST
    assert second.node(0).exists()
    second.close()


def test_only_its_own_content_is_removed(tmp_path: Path) -> None:
    directory = DataDirectory(tmp_path, keep=False)
    directory.bind(MANIFEST)
    directory.node(0).mkdir()
    (tmp_path / "notes.txt").write_text("of the user")
    directory.close()

    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_directory_with_other_content_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")

    with pytest.raises(DirectoryRefused, match="not empty"):
        DataDirectory(tmp_path, keep=False)


def test_an_unreadable_manifest_is_refused(tmp_path: Path) -> None:
    manifest = tmp_path / "cluster.json"
    manifest.write_text("{")
    directory = DataDirectory(tmp_path, keep=True)

    for text, why in (("{", ""), ('{"version":"5.0.8","version":"4.1.10"}', "'version' twice")):
        manifest.write_text(text)
        with pytest.raises(DirectoryRefused, match=f"unreadable: .*{why}"):
            directory.manifest()
    directory.close()


async def test_an_unreadable_state_of_a_background_cluster_is_refused(tmp_path: Path) -> None:
    background = Background(tmp_path)
    for text, why in (("{", "unexpected end|JSON"), ('{"pid":1,"pid":2}', "the key 'pid' twice")):
        (tmp_path / STATE).write_text(text)
        with pytest.raises(BackgroundFailed, match=why):
            await background.running()


def test_a_temporary_directory_is_removed_but_not_that_of_another_run(temporary: Path) -> None:
    first = DataDirectory(None, keep=False)
    second = DataDirectory(None, keep=False)
    assert first.path.exists()

    first.close()
    second.close()
    assert list(temporary.iterdir()) == []


def test_the_directory_of_a_killed_run_is_removed(temporary: Path) -> None:
    killed = temporary / "event-store-async-cluster-killed"
    (killed / "node1").mkdir(parents=True)
    (killed / "lock").write_text("1")

    directory = DataDirectory(None, keep=False)
    assert list(temporary.iterdir()) == [directory.path]
    directory.close()


@pytest.fixture
def sleeper(tmp_path: Path) -> "subprocess.Popen[bytes]":
    """A process with the mark of a node among its arguments."""
    mark = directory_mark(tmp_path / "node1")
    process = subprocess.Popen(
        [sys.executable, "-c", "import sys; print(flush=True); sys.stdin.read()", mark],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.readline()
    return process


def close(process: "subprocess.Popen[bytes]") -> int:
    with process:
        pass
    return process.returncode


def test_a_left_over_node_is_ended(tmp_path: Path, sleeper: "subprocess.Popen[bytes]") -> None:
    (tmp_path / "node1").mkdir()
    (tmp_path / "node1" / "java.pid").write_text(str(sleeper.pid))
    (tmp_path / "cluster.json").write_text("{}")

    DataDirectory(tmp_path, keep=True).close()

    with pytest.raises(ProcessLookupError):
        os.kill(sleeper.pid, 0)
    close(sleeper)


def test_another_process_with_the_same_id_is_left_alone(
    tmp_path: Path, sleeper: "subprocess.Popen[bytes]"
) -> None:
    pid_file = tmp_path / "java.pid"
    pid_file.write_text(str(sleeper.pid))

    assert not end_left_over(pid_file, directory_mark(tmp_path / "node2"))
    assert close(sleeper) == 0


def test_a_process_that_has_ended_is_not_killed(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        pass
    (tmp_path / "java.pid").write_text(str(gone.pid))

    assert not end_left_over(tmp_path / "java.pid", "mark")
    assert not end_left_over(tmp_path / "none.pid", "mark")
    assert not is_stopped(gone.pid)
