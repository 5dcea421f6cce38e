"""Looks at processes by their ids, and ends those that a killed run left behind."""

from pathlib import Path
from typing import Any

from .extra import from_the_extra

_GRACE = 10.0


def _psutil() -> Any:
    with from_the_extra():
        # Its types are a package apart, which may be installed or not.
        import psutil  # type: ignore[import-untyped, unused-ignore]
    return psutil


def is_stopped(pid: int) -> bool:
    """Say whether a process was stopped by a signal; False if it is gone."""
    psutil = _psutil()
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_STOPPED)
    except psutil.Error:
        return False


def end_left_over(pid_file: Path, mark: str) -> bool:
    """
    Kill the process whose id a file holds, if it is ours, and wait for its end.

    An id alone proves nothing, for another process may have it by now: only one with `mark` among
    its arguments is ended.

    Args:
        pid_file: The file with the id; need not exist.
        mark: The argument that tells our process from all others.

    Returns:
        Whether there was such a process.

    Raises:
        TimeoutError: It did not end.
    """
    psutil = _psutil()
    try:
        process = psutil.Process(int(pid_file.read_text()))
        if mark not in process.cmdline():
            return False
        process.kill()
        process.wait(_GRACE)
    except psutil.TimeoutExpired as error:
        raise TimeoutError(f"process {error.pid} of a killed run does not end") from error
    except (OSError, ValueError, psutil.Error):
        return False
    return True
