"""Stalls: when this process stood still as a whole, as it does where its machine does."""

import threading
import time
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Final, Self

Stall = tuple[int, int]
"""Its beginning and its end, on the clock of histories."""

TICK: Final = 0.05
"""Seconds between two looks at the clock."""

_NOTICED: Final = 250_000_000
"""Nanoseconds by which a look must be late: less is how threads take turns."""


def overlap(stalls: Iterable[Stall], began: int, ended: int) -> int:
    """Return how many nanoseconds of a span were stalls."""
    return sum(max(0, min(end, ended) - max(begin, began)) for begin, end in stalls)


class Stalls:
    """
    Notices the stalls of this process while it is entered.

    By a thread that only looks at the clock: it is late where no thread gets on. What blocks the
    event loop alone does not make it late, and is nobody's excuse.

    Args:
        told: Is told each stall, in that thread.
    """

    def __init__(self, told: Callable[[Stall], object] | None = None) -> None:
        self.found: list[Stall] = []
        self._told = told
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
                if self._told is not None:
                    self._told((before, now))
            before = now
