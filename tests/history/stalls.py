"""Stalls: when this whole process stood still, as it does when its machine is suspended."""

import threading
import time
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Final, Self

Stall = tuple[int, int]
"""Its beginning and end, in nanoseconds of the monotonic clock."""

TICK: Final = 0.05
"""Seconds between two checks of the clock."""

_NOTICED: Final = 250_000_000
"""Nanoseconds by which a check must be late; less is ordinary thread scheduling."""


def overlap(stalls: Iterable[Stall], began: int, ended: int) -> int:
    """Return the nanoseconds of a span that were stalls."""
    return sum(max(0, min(end, ended) - max(begin, began)) for begin, end in stalls)


class Stalls:
    """
    A context manager that notices stalls of this process.

    A thread of its own checks the clock; it is late only if no thread can run. A blocked event
    loop does not make it late, and so does not count as a stall.

    Args:
        on_stall: Receives each stall, in that thread.
    """

    def __init__(self, on_stall: Callable[[Stall], object] | None = None) -> None:
        self.found: list[Stall] = []
        self._on_stall = on_stall
        self._left = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="stalls", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._left.set()
        self._thread.join()

    def _watch(self) -> None:
        before, left = time.monotonic_ns(), False
        while not left:
            left = self._left.wait(TICK)
            now = time.monotonic_ns()
            if now - before > TICK * 1e9 + _NOTICED:
                self.found.append((before, now))
                if self._on_stall is not None:
                    self._on_stall((before, now))
            before = now
