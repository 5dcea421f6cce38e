"""Sessions: a document followed from top to bottom, in a folder of its own."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import httpx2

from ..fixtures.ports import free_port
from .blocks import Block


def run(command: Sequence[str], *, cwd: Path, environment: Mapping[str, str] | None = None) -> str:
    """Run a command to its end and return what it prints."""
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
        cwd=cwd,
        env={**os.environ, **(environment or {})},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def shell(text: str, *, cwd: Path, environment: Mapping[str, str] | None = None) -> str:
    """Run a shell block as its reader would, in the environment of the tests."""
    return run(["sh", "-euc", text], cwd=cwd, environment=with_path(environment))


def follow(steps: Sequence[Block], folder: Path) -> None:
    """
    Follow a document: write its files, run its commands, and compare their output.

    A command marked for the background runs until the end of the document.
    """
    environment = {"PORT": str(free_port())}
    running: list[subprocess.Popen[bytes]] = []
    try:
        for step in steps:
            kind, words = step.mark
            if kind == "file":
                (folder / words).write_text(step.text, "utf-8")
            elif kind == "in the background until":
                # Its output goes to a file, since a pipe that is not read fills up.
                with (folder / "background.log").open("wb") as log:
                    running.append(
                        subprocess.Popen(
                            # exec: the signal must reach the program, not the shell around it.
                            ["sh", "-euc", f"exec {step.text}"],
                            cwd=folder,
                            env=with_path(environment),
                            stdout=log,
                            stderr=log,
                        )
                    )
                wait_for(f"http://127.0.0.1:{environment['PORT']}{words}", running[-1])
            elif step.language == "sh":
                printed = shell(step.text, cwd=folder, environment=environment)
                assert step.output is None or printed == step.output, step.place
            else:
                printed = run([sys.executable, "-c", step.text], cwd=folder)
                assert step.output is None or printed == step.output, step.place
    except AssertionError:
        for log_file in folder.glob("background.log"):
            print(log_file.read_text("utf-8", errors="replace"))
        raise
    finally:
        for process in running:
            process.terminate()
            process.wait(100)


def with_path(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment in which ``python`` and ``event-store`` are those of the tests."""
    here = str(Path(sys.executable).parent)
    return {**os.environ, "PATH": f"{here}{os.pathsep}{os.environ['PATH']}", **(environment or {})}


def wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 200
    while time.monotonic() < end:
        assert process.poll() is None, "the background command ended early"
        try:
            httpx2.get(url, timeout=5)
            return
        except httpx2.TransportError:
            time.sleep(0.2)
    raise AssertionError(f"{url} did not answer")


def makes_files(steps: Sequence[Block]) -> bool:
    """Return whether a document is to be followed as a whole."""
    return any(step.mark[0] == "file" for step in steps)


def make_targets(text: str) -> set[str]:
    """Return the make targets that a document names."""
    return set(re.findall(r"(?:`|^)make ([a-z-]+)", text, re.MULTILINE))
