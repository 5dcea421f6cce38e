"""The CPU time of a node, by what its threads are for; on Linux."""

import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_SERVING: Final = "serving"
_STORING: Final = "storing"
_COMPILING: Final = "compiling"


@dataclass(frozen=True, slots=True)
class Lap:
    """
    Seconds of a clock's lap.

    Attributes:
        passed: The time that passed.
        serving: The CPU time of all other threads than these:
        storing: That of the threads that flush and compact.
        compiling: That of Java's compilers.
    """

    passed: float
    serving: float
    storing: float
    compiling: float


class ServerClock:
    """
    The CPU time of the node's threads, by what they are for.

    Flushing and compacting follow the appends, at a time of their own. So does compiling Java,
    which goes on for minutes and is not the work of the batches that are measured.

    Args:
        pid: The node's process.
        processes: Where the kernel shows processes.
    """

    def __init__(self, pid: int, processes: Path = Path("/proc")) -> None:
        self._threads = processes / str(pid) / "task"
        self._began, self._read = time.perf_counter(), self._now()

    def lap(self) -> Lap:
        """Return what was used since the last call, or since it was made."""
        began, before = self._began, self._read
        self._began, self._read = time.perf_counter(), self._now()
        used = dict.fromkeys((_SERVING, _STORING, _COMPILING), 0.0)
        for thread, (purpose, seconds) in self._read.items():
            used[purpose] += seconds - before.get(thread, (purpose, 0.0))[1]
        return Lap(self._began - began, used[_SERVING], used[_STORING], used[_COMPILING])

    def _now(self) -> dict[str, tuple[str, float]]:
        """Return for each thread what it is for, and its CPU seconds."""
        found = {}
        for thread in self._threads.iterdir():
            with suppress(OSError):  # a thread that has just ended
                name = (thread / "comm").read_text("utf-8")
                nanoseconds = int((thread / "schedstat").read_text("ascii").split()[0])
                found[thread.name] = _purpose(name), nanoseconds / 1e9
        return found


def _purpose(name: str) -> str:
    """Return what a thread of a node is for; the kernel cuts names off after 15 characters."""
    if name.startswith(("C1 Compiler", "C2 Compiler")):
        return _COMPILING
    return _STORING if name.startswith(("Compaction", "Memtable", "PerDiskMemtable")) else _SERVING
