"""Porcupine, asked with the same lines, finds what a linearizability checker can find."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from .forgeries import FORGED, Forgery, final, honest
from .forging import Forger
from .lines import lines_of
from .test_lies import TRUE

_PROGRAM = Path(__file__).parents[1] / "verify_history"

# It judges appends, conflicts and serial reads, by what they say and when; nothing else.
NOT_ITS_OWN = {
    "another version than its events'",
    "stored and refused",
    "stored at two places",
    "stored anew twice",
    "a read with a gap",
    "a read that begins late",
    "a read of what never was",
    "a read of another event",
    "a read of too many",
    "a backward read that ends early",
    "a backward read from too high",
    "a stale read",
    "a stale read of nothing",
    "a stale read from the middle",
    "a stale backward read",
    "a stale version",
    "a serial read that sees less than a quorum read before it",
    "a read of the future",
    "a part read of the future",
    "a version of the future",
    "a version inside an append",
    "a hole where none is",
    "an error of a wrong kind",
    "an unknown left over",
    "an unknown that a refusal does not settle",
    "an answer far too late",
    "no answer",
    "no last read",
}


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the program, built."""
    if shutil.which("go") is None:
        pytest.skip("there is no Go toolchain here")
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
        pytest.skip("porcupine cannot be fetched here")
    assert built.returncode == 0, built.stderr
    return path


def opinion(program: Path, directory: Path, *forgeries: Forgery) -> bool:
    forger = Forger()
    for forgery in forgeries:
        forgery(forger)
    path = directory / "history.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines_of(forger.operations)))
    run = subprocess.run([program, path], capture_output=True, text=True, timeout=30, check=False)
    assert run.returncode in {0, 1}, run.stderr
    return run.returncode == 0


def test_believes_true_histories(program: Path, tmp_path: Path) -> None:
    for name, also in TRUE.items():
        assert opinion(program, tmp_path, honest, also, final), name


def test_finds_the_lies_that_are_its_own(program: Path, tmp_path: Path) -> None:
    believed = {
        name for name, (_, forgeries) in FORGED.items() if opinion(program, tmp_path, *forgeries)
    }

    assert believed == NOT_ITS_OWN
