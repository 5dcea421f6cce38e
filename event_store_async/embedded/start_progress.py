"""Shows the progress of a start on standard error."""

import sys
from contextlib import AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from .extra import from_the_extra

_LINES: Final = 10

if TYPE_CHECKING:
    from rich.progress import TaskID


class StartProgress(AbstractContextManager["StartProgress"]):
    """Receives the progress of a start; this one shows nothing."""

    def step(self, phase: str, done: int, total: int) -> None:
        """Receive that *done* of *total* steps of a phase are done."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...


class LineProgress(StartProgress):
    """Writes a line at the beginning of each phase, and at each tenth of it."""

    def __init__(self) -> None:
        self._shown = ("", -1)

    def step(self, phase: str, done: int, total: int) -> None:
        """Write a line if this is a new phase, or another tenth of it is done."""
        reached = (phase, done * _LINES // max(total, 1))
        if reached != self._shown:
            self._shown = reached
            sys.stderr.write(f"{phase}: {done} of {total}\n")
            sys.stderr.flush()


class BarProgress(StartProgress):
    """Shows a bar for each phase, with its elapsed time."""

    def __init__(self) -> None:
        with from_the_extra():
            from rich import progress as rich
            from rich.console import Console
        self._tasks: dict[str, TaskID] = {}
        self._bars = rich.Progress(
            rich.TextColumn("{task.description}"),
            rich.BarColumn(),
            rich.MofNCompleteColumn(),
            rich.TimeElapsedColumn(),
            console=Console(stderr=True),
        )

    def step(self, phase: str, done: int, total: int) -> None:
        """Advance the bar of this phase."""
        if phase not in self._tasks:
            self._tasks[phase] = self._bars.add_task(phase, total=total)
        self._bars.update(self._tasks[phase], completed=done)

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._bars.stop()


def make_progress(wanted: "bool | StartProgress | None") -> StartProgress:
    """
    Return the progress to use.

    Args:
        wanted: True for bars on a terminal and lines elsewhere; None for bars on
            a terminal and nothing elsewhere; False for nothing; a `StartProgress` for itself.
    """
    if isinstance(wanted, StartProgress):
        return wanted
    on_terminal = sys.stderr is not None and sys.stderr.isatty()
    if wanted is False or (wanted is None and not on_terminal):
        return StartProgress()
    return BarProgress() if on_terminal else LineProgress()
