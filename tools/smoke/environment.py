"""An environment that contains only the build under test."""

import os
import subprocess
import venv
from collections.abc import Sequence
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
_PROGRAM: Final = Path(__file__).with_name("program.py")
_CONSTRAINTS: Final = str(ROOT / "constraints.txt")
BUILDING: Final = ("hatchling", "editables")
"""The packages that build the sdist and the editable install; both are pinned."""


class SmokeError(Exception):
    """The build does not work."""


def fetch(wheel: Path, wheelhouse: Path, python: Path) -> None:
    """
    Download the wheel's dependencies, those of the extra ``cli``, and the build packages.

    This is the only step that uses a registry.
    """
    command = [str(python), "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    command += ["--constraint", _CONSTRAINTS, "--dest", str(wheelhouse)]
    run([*command, f"{wheel}[cli]", *BUILDING], cwd=wheelhouse.parent)


class Environment:
    """
    A virtual environment whose pip installs from a wheelhouse, without an index.

    Args:
        folder: The folder to create it in.
        wheelhouse: The folder of its packages.
    """

    def __init__(self, folder: Path, wheelhouse: Path) -> None:
        venv.create(folder, with_pip=True)
        self._folder = folder
        self._environment = {
            **{name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(wheelhouse),
            "PIP_CONSTRAINT": _CONSTRAINTS,
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        }

    def install(self, *arguments: str) -> None:
        """Install with pip."""
        self._run("python", "-m", "pip", "install", "--quiet", *arguments)

    def try_core(self) -> str:
        """Run the smoke program, and the command without its extra; return the program's output."""
        done = self._call("event-store", "--help")
        if done.returncode != 1 or "event_store_async[cli]" not in done.stderr:
            raise SmokeError(f"event-store, without its extra: {done.stdout}{done.stderr}")
        return self._run("python", "-I", str(_PROGRAM))

    def try_command(self) -> None:
        """Run ``event-store --help``."""
        if "schema" not in self._run("event-store", "--help"):
            raise SmokeError("event-store --help does not list its commands")

    def _run(self, name: str, *arguments: str) -> str:
        done = self._call(name, *arguments)
        if done.returncode:
            raise SmokeError(f"{name} {' '.join(arguments)}:\n{done.stdout}{done.stderr}")
        return done.stdout

    def _call(self, name: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
        # Not in the checkout, so that the installed package is imported.
        return subprocess.run(
            [str(self._folder / "bin" / name), *arguments],
            cwd=self._folder,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )


def run(command: Sequence[str], *, cwd: Path) -> None:
    """Run a command; raises `SmokeError` with its output if it fails."""
    done = subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, timeout=300, check=False
    )
    if done.returncode:
        raise SmokeError(f"{' '.join(command)}:\n{done.stdout}{done.stderr}")
