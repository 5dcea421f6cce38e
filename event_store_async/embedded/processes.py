"""Looks at processes by their ids, and ends those that a killed run left behind."""

import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .extra import from_the_extra

_GRACE = 10.0
_STOP_GRACE = 60.0  # more than each of its nodes has
_CLOCK_STEP = 5.0  # seconds: the times of processes are told by a clock that may be set


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


def created(pid: int) -> float:
    """Return when a process began, in epoch seconds by the machine's clock."""
    return float(_psutil().Process(pid).create_time())


def find(pid: int, mark: Sequence[str], began: float | None = None) -> bool:
    """
    Say whether a process is there and is ours.

    Args:
        pid: Its id, which alone proves nothing: another process may have it by now.
        mark: What stands among its arguments, and among those of no other's.
        began: When it began, see `created`; None if that is not known.
    """
    psutil = _psutil()
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE or not set(mark) <= set(process.cmdline()):
            return False
        return began is None or abs(process.create_time() - began) < _CLOCK_STEP
    except psutil.Error:
        return False


def end(pid: int, mark: Sequence[str], number: signal.Signals) -> None:
    """
    Send a signal to a process, if it is ours, and wait for its end.

    Raises:
        TimeoutError: it does not end within a minute.
    """
    psutil = _psutil()
    try:
        process = psutil.Process(pid)
        if set(mark) <= set(process.cmdline()):
            process.send_signal(number)
        process.wait(_STOP_GRACE)
    except psutil.TimeoutExpired as error:
        raise TimeoutError(f"process {pid} does not end") from error
    except psutil.Error:
        return


def memory(pid: int) -> int:
    """Return the bytes of memory that a process and all below it have; 0 if it is gone."""
    psutil = _psutil()
    try:
        above = psutil.Process(pid)
        processes = [above, *above.children(recursive=True)]
    except psutil.Error:
        return 0
    total = 0
    for process in processes:
        try:
            total += int(process.memory_info().rss)
        except psutil.Error:
            continue
    return total
