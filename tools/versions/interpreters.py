"""The Pythons of this machine."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

MINORS: Final = (11, 12, 13, 14)
"""The versions of Python 3 to look for; the first is the lowest that the package supports."""


def find(minor: int) -> str | None:
    """Return the path of Python 3.*minor*: this one, one on the PATH or one of pyenv; or None."""
    return next((path for path in _candidates(minor) if _is(path, minor)), None)


def _candidates(minor: int) -> Iterator[str]:
    yield sys.executable
    if on_path := shutil.which(f"python3.{minor}"):
        yield on_path
    pyenv = Path(os.environ.get("PYENV_ROOT") or "~/.pyenv").expanduser()
    yield from map(str, sorted((pyenv / "versions").glob(f"3.{minor}.*/bin/python")))


def _is(path: str, minor: int) -> bool:
    # A command of pyenv may exist for a version that is installed but not chosen: it fails.
    program = "import sys; print(*sys.version_info[:2])"
    done = subprocess.run(
        [path, "-c", program], capture_output=True, text=True, timeout=30, check=False
    )
    return done.stdout.split() == ["3", str(minor)]
