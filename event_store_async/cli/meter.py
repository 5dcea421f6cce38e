"""A meter: how far a work over a whole store is, on standard error, with its rate and time left."""

import sys
from contextlib import AbstractContextManager
from time import monotonic
from types import TracebackType
from typing import Annotated, Final, Self

import typer
from rich import progress as rich

from ..moving import Progress
from .output import error_console

_BAR_EVERY: Final = 0.2

Every = Annotated[
    float,
    typer.Option(
        "--every",
        min=0,
        help="Seconds between two lines of progress, where standard error is no terminal.",
    ),
]


class Meter(AbstractContextManager["Meter"]):
    """
    Is told of progress, and shows it: a bar on a terminal, a line now and then elsewhere.

    Args:
        label: The work, in a word.
        every: Seconds between two lines.
    """

    def __init__(self, label: str, every: float) -> None:
        self._label = label
        self._console = error_console()
        self._every = _BAR_EVERY if self._console.is_terminal else every
        self._begun = monotonic()
        self._shown = self._begun
        self._first: Progress | None = None
        self._saved = False
        self._bar: rich.Progress | None = None
        if self._console.is_terminal:
            self._bar = rich.Progress(
                rich.TextColumn("{task.description}"),
                rich.BarColumn(),
                rich.TaskProgressColumn(),
                rich.TextColumn("{task.fields[detail]}"),
                console=self._console,
                auto_refresh=False,
                # What goes to the same terminal is put above the bar; a pipe is left alone.
                redirect_stdout=sys.stdout.isatty(),
            )
            self._task = self._bar.add_task(label, total=1.0, detail="")

    def __call__(self, progress: Progress) -> None:
        """Show it, if it is time to."""
        if self._first is None:
            self._first = progress
            if progress.resumed_at:
                self._console.print(
                    f"{self._label}: going on at {progress.resumed_at:.0%}, where it stopped"
                )
        self._saved = self._saved or progress.saved
        now = monotonic()
        if now - self._shown < self._every:
            return
        self._shown = now
        detail = self._detail(progress, self._first, now - self._begun)
        if self._bar is not None:
            self._bar.update(self._task, completed=progress.fraction, detail=detail, refresh=True)
        else:
            saved = ", saved" if self._saved else ""
            self._console.print(f"{self._label}: {progress.fraction:.0%}, {detail}{saved}")
        self._saved = False

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    @staticmethod
    def _detail(progress: Progress, first: Progress, seconds: float) -> str:
        rate = (progress.events - first.events) / seconds if seconds else 0.0
        text = f"{progress.events:,} events in {progress.streams:,} streams, {rate:,.0f} events/s"
        done = progress.fraction - progress.resumed_at
        if done <= 0:
            return text
        return f"{text}, {_duration(seconds * (1 - progress.fraction) / done)} left"


def _duration(seconds: float) -> str:
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {whole % 60:02} s"
