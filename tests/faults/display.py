"""Display: the progress of a run."""

import asyncio
import sys
import time
from collections import Counter
from collections.abc import Sequence
from types import TracebackType
from typing import Final, Self

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.table import Table

from .nemesis import Nemesis
from .processes import Processes

_SHOWN: Final = (
    "stored",
    "conflict",
    "unknown",
    "refused",
    "cancelled",
    "error",
    "hole",
    "delivered",
    "handled",
    "erasures erased",
)
_EVERY: Final = 0.5
_LINE_EVERY: Final = 10.0


class Display:
    """
    A live table on a terminal; otherwise a line every few seconds.

    Args:
        duration: Seconds of faults, to show the time that is left.
    """

    def __init__(self, duration: float) -> None:
        self._console = Console(stderr=True)
        self._live = Live(console=self._console, auto_refresh=False)
        self._duration = duration
        self._phase = ""
        self._since = time.monotonic()
        self._printed = 0.0

    def phase(self, name: str) -> None:
        """Set the stage of the run."""
        self._phase, self._since = name, time.monotonic()
        if not self._console.is_terminal:
            sys.stderr.write(f"{name}\n")

    async def watch(self, nemesis: Nemesis, crowds: Sequence[Processes]) -> None:
        """Show both until cancelled."""
        while True:
            self._show(nemesis, crowds)
            await asyncio.sleep(_EVERY)

    def _show(self, nemesis: Nemesis, crowds: Sequence[Processes]) -> None:
        counts = sum((crowd.counts for crowd in crowds), Counter())
        seconds = time.monotonic() - self._since
        if not self._console.is_terminal:
            if time.monotonic() - self._printed >= _LINE_EVERY:
                self._printed = time.monotonic()
                answers = ", ".join(f"{counts[name]:,} {name}" for name in _SHOWN)
                sys.stderr.write(
                    f"{self._phase} {seconds:4.0f} s: {nemesis.faults.total()} faults; {answers}\n"
                )
            return
        table = Table.grid(padding=(0, 2))
        for name in _SHOWN:
            table.add_row(name, f"{counts[name]:,}")
        faults = ", ".join(f"{count} {name}" for name, count in nemesis.faults.most_common())
        of = f" of {self._duration:,.0f}" if self._phase == "breaking" else ""
        self._live.update(
            Panel(
                Group(
                    table,
                    f"faults so far: {nemesis.faults.total()} ({faults})",
                    f"broken now: {'; '.join(sorted(nemesis.present)) or 'nothing'}",
                ),
                title=f"{self._phase}: {seconds:,.0f}{of} s",
            ),
            refresh=True,
        )

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._console.is_terminal:
            self._live.stop()
