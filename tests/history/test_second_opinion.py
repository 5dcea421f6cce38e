"""Porcupine, given the same lines, finds what a linearizability checker can find."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from .builder import HistoryBuilder
from .fabricated import FABRICATED, Part, appends, full_read
from .lines import lines_of
from .operations import Erase
from .test_violations import TRUE

_PROGRAM = Path(__file__).parents[1] / "verify_history"

# It checks only what appends, conflicts and serial reads answered, and when.
NOT_CHECKED = {
    "a version that is not its last event's",
    "stored and refused",
    "stored at two versions",
    "stored as new twice",
    "a read with a gap",
    "a read that begins late",
    "a read of an event that was never appended",
    "a read of another event",
    "a read of too many events",
    "a backward read that ends early",
    "a backward read from too high",
    "a stale read",
    "a stale read of nothing",
    "a stale read from the middle",
    "a stale backward read",
    "a stale version",
    "a serial read that sees less than a quorum read before it",
    "a read of the future",
    "a partial read of the future",
    "a version of the future",
    "a version inside an append",
    "a hole that does not exist",
    "an error that is not allowed",
    "an unknown outcome that is never settled",
    "an unknown outcome that a refusal does not settle",
    "an answer far too late",
    "no answer",
    "no last read",
    "a stream that is closed though nobody closed it",
}
"""And nothing of a stream of which events were erased."""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the compiled program."""
    if shutil.which("go") is None:
        pytest.skip("no Go toolchain is installed")
    path = tmp_path_factory.mktemp("go") / "verify-history"
    built = subprocess.run(
        ["go", "build", "-o", str(path), "."],
        cwd=_PROGRAM,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    if built.returncode and "dial" in built.stderr:
        pytest.skip("porcupine cannot be downloaded")
    assert built.returncode == 0, built.stderr
    return path


def opinion(program: Path, directory: Path, *parts: Part) -> bool:
    builder = HistoryBuilder()
    for part in parts:
        part(builder)
    path = directory / "history.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines_of(builder.operations)))
    run = subprocess.run([program, path], capture_output=True, text=True, timeout=30, check=False)
    assert run.returncode in {0, 1}, run.stderr
    return run.returncode == 0


def test_accepts_valid_histories(program: Path, tmp_path: Path) -> None:
    for name, also in TRUE.items():
        assert opinion(program, tmp_path, appends, also, full_read), name


def test_finds_the_violations_that_it_checks_for(program: Path, tmp_path: Path) -> None:
    accepted = {
        name for name, (_, parts) in FABRICATED.items() if opinion(program, tmp_path, *parts)
    }

    assert accepted == NOT_CHECKED | {
        name for name, (_, parts) in FABRICATED.items() if has_erasures(*parts)
    }


def has_erasures(*parts: Part) -> bool:
    builder = HistoryBuilder()
    for part in parts:
        part(builder)
    return any(isinstance(operation, Erase) for operation in builder.operations)
