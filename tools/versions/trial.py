"""A throw-away environment, and what is run in it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from .bounds import ROOT

_PROJECT: Final = Path(__file__).with_name("project")
_CONTRACT: Final = ROOT / "tests" / "contract" / "test_memory.py"
_SMOKE: Final = ROOT / "tools" / "smoke" / "program.py"
_LEFT_OUT: Final = {"PYTHONPATH", "PYTEST_ADDOPTS", "PIP_CONSTRAINT", "PIP_BUILD_CONSTRAINT"}
_TIMEOUT: Final = 180
"""Seconds that each step may take; with a slow registry, an installation takes the longest."""


class TrialFailed(Exception):
    """The package does not work with these versions."""


def build(folder: Path, pins: Mapping[str, str]) -> Path:
    """
    Build a wheel of the checkout in a folder, with pinned build packages.

    Raises:
        TrialFailed: it cannot be built.
    """
    # Isolated build environments read pins only from this variable.
    pinned = {"PIP_CONSTRAINT": str(_constraints(folder, pins))}
    command = [sys.executable, "-m", "build", "--wheel", "--outdir", str(folder), str(ROOT)]
    _run(command, cwd=folder, environment=pinned)
    (wheel,) = folder.glob("*.whl")
    return wheel


class Trial:
    """
    A virtual environment.

    Args:
        folder: The folder to create it in.
        python: The Python to create it with.

    Raises:
        TrialFailed: it cannot be created; from the methods: the step fails.
    """

    def __init__(self, folder: Path, python: str) -> None:
        self._bin = folder / "venv" / "bin"
        self._project = folder / "project"
        self._project.mkdir(parents=True)
        _run([python, "-m", "venv", str(folder / "venv")], cwd=folder)

    def install(
        self, *what: str, pins: Mapping[str, str] | None = None, alone: bool = False
    ) -> None:
        """Install packages with pip, only from wheels; *alone*, without their dependencies."""
        command = [
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--only-binary=:all:",
        ]
        if pins:
            command += ["--constraint", str(_constraints(self._project.parent, pins))]
        self._python("-m", *command, *(["--no-deps"] if alone else []), *what)

    def versions(self) -> str:
        """Return what is installed, as ``name version, …``."""
        program = (
            "from importlib.metadata import distributions\n"
            "print(*sorted({f'{it.name} {it.version}' for it in distributions()}), sep=', ')"
        )
        return self._python("-c", program).strip()

    def try_core(self) -> str:
        """Run the smoke program; return its output."""
        return self._python("-I", str(_SMOKE)).strip()

    def try_command(self) -> None:
        """Run ``event-store --help``, and that of a command with every kind of option."""
        for arguments in ([], ["append"], ["schema", "create"], ["node", "start"]):
            _run([str(self._bin / "event-store"), *arguments, "--help"], cwd=self._project)

    def try_contract(self) -> str:
        """Run the contract on the memory store; return pytest's last line."""
        return self._pytest(_CONTRACT)

    def try_extras(self) -> str:
        """Run what needs the extras, without a server; return pytest's last line."""
        return self._pytest(_PROJECT / "test_extras.py")

    def try_cassandra(self) -> str:
        """Append on a Cassandra, in a program and by the command; return pytest's last line."""
        return self._pytest(_PROJECT / "test_cassandra.py")

    def try_plugin(self) -> str:
        """Run a test that does not use the plugin, beside it; return pytest's last line."""
        return self._pytest(_PROJECT / "test_alone.py")

    def _pytest(self, module: Path) -> str:
        # A copy in a folder of its own: only the installed package is imported.
        shutil.copy(module, self._project)
        options = ["-q", "-p", "no:cacheprovider", "-c", os.devnull, f"--rootdir={self._project}"]
        said = self._python("-m", "pytest", *options, module.name)
        return said.strip().splitlines()[-1]

    def _python(self, *arguments: str) -> str:
        return _run([str(self._bin / "python"), *arguments], cwd=self._project)


def _constraints(folder: Path, pins: Mapping[str, str]) -> Path:
    path = folder / "constraints.txt"
    path.write_text("".join(f"{name}=={version}\n" for name, version in pins.items()), "utf-8")
    return path


def _run(command: Sequence[str], *, cwd: Path, environment: Mapping[str, str] | None = None) -> str:
    inherited = {name: value for name, value in os.environ.items() if name not in _LEFT_OUT}
    try:
        done = subprocess.run(
            command,
            cwd=cwd,
            env={**inherited, **(environment or {})},
            capture_output=True,
            text=True,
            timeout=_TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise TrialFailed(f"{' '.join(command)}: not done after {_TIMEOUT} s") from error
    if done.returncode:
        raise TrialFailed(f"{' '.join(command)}:\n{done.stdout}{done.stderr}")
    return done.stdout
