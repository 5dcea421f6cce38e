"""Inspects processes by id, and ends those that a killed run left behind."""

import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .extra import from_the_extra

_GRACE = 10.0
_STOP_GRACE = 60.0  # more than a keeper needs to stop its nodes
_CLOCK_STEP = 5.0  # seconds: start times follow the machine's clock, which may be adjusted


def _psutil() -> Any:
    with from_the_extra():
        # Its types are a separate package, which may not be installed.
        import psutil  # type: ignore[import-untyped, unused-ignore]
    return psutil


def is_stopped(pid: int) -> bool:
    """Say whether a process is suspended by a signal; False if it has ended."""
    psutil = _psutil()
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_STOPPED)
    except psutil.Error:
        return False


def end_left_over(pid_file: Path, mark: str) -> bool:
    """
    Kill the process whose id is in a file, if it is ours, and wait for its end.

    As another process may have got the id, only one with `mark` among its arguments is killed.

    Args:
        pid_file: The file with the id; it need not exist.
        mark: The argument that only our process has.

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
    """Return when a process started, in epoch seconds by the machine's clock."""
    return float(_psutil().Process(pid).create_time())


def find(pid: int, mark: Sequence[str], began: float | None = None) -> bool:
    """
    Say whether a process is running and ours.

    Args:
        pid: Its id, which another process may have got.
        mark: Arguments that only our process has.
        began: When it started, as `created` returned; None if unknown.
    """
    psutil = _psutil()
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE or not set(mark) <= set(process.cmdline()):
            return False
        return began is None or abs(process.create_time() - began) < _CLOCK_STEP
    except psutil.Error:
        return False


def find_written(pid_file: Path, mark: str) -> int | None:
    """
    Return the id in a file if that process is running and ours, also if it is suspended.

    Args:
        pid_file: The file with the id; it need not exist.
        mark: The argument that only our process has.
    """
    try:
        pid = int(pid_file.read_text())
    except (OSError, ValueError):
        return None
    return pid if find(pid, (mark,)) else None


def end(pid: int, mark: Sequence[str], number: signal.Signals) -> None:
    """
    Send a signal to a process, if it is ours, and wait for its end.

    Raises:
        TimeoutError: It does not end within a minute.
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
    """Return the resident memory of a process and its descendants in bytes; 0 if it has ended."""
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
