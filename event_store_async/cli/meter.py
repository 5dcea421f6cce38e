"""A meter: shows how far a job has come, its rate and the time left, on standard error."""

import sys
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Final, TypeVar

import anyio
from anyio import to_thread
from rich import progress as rich

from ..maintenance import Progress
from ..tasks import task_group
from .output import error_console, writing

_BAR_EVERY: Final = 0.2

T = TypeVar("T")


async def metered(label: str, every: float, job: Callable[["Meter"], Awaitable[T]]) -> T:
    """
    Run a job over a whole store and show its progress; return its result.

    Args:
        label: The job, in a word.
        every: Seconds between two lines.
        job: Runs the job, and calls the meter with its progress.

    Raises:
        BrokenPipeError, OutputLost: see `output.writing`; and what the job raises.
    """
    meter = Meter(label, every)
    async with task_group() as group:
        group.start_soon(meter.show_all)
        result = await job(meter)
        meter.end()
    return result


class Meter:
    """
    Shows the latest progress: as a bar on a terminal, as a line now and then elsewhere.

    A call only stores the progress. A task of its own shows it, in a worker thread, so that a slow
    reader of standard error does not hold up the job.

    Args:
        label: The job, in a word.
        every: Seconds between two lines.
    """

    def __init__(self, label: str, every: float) -> None:
        self._label = label
        self._console = error_console()
        self._every = _BAR_EVERY if self._console.is_terminal else every
        self._begun = monotonic()
        self._shown = self._begun
        self._first: Progress | None = None
        self._latest: Progress | None = None
        self._drawn: Progress | None = None
        self._greeted = False
        self._saved = False
        self._news = anyio.Event()
        self._ended = anyio.Event()
        self._bar: rich.Progress | None = None
        if self._console.is_terminal:
            self._bar = rich.Progress(
                rich.TextColumn("{task.description}"),
                rich.BarColumn(),
                rich.TaskProgressColumn(),
                rich.TextColumn("{task.fields[detail]}"),
                console=self._console,
                auto_refresh=False,
                # Output to the same terminal goes above the bar; a pipe gets it unchanged.
                redirect_stdout=sys.stdout.isatty(),
            )
            self._task = self._bar.add_task(label, total=1.0, detail="")

    def __call__(self, progress: Progress) -> None:
        """Store how far the job has come."""
        self._first = self._first or progress
        self._latest = progress
        self._saved = self._saved or progress.saved
        self._news.set()

    def end(self) -> None:
        """Note that the job is done."""
        self._ended.set()
        self._news.set()

    async def show_all(self) -> None:
        """Show the progress until the job is done."""
        try:
            await self._draw(self._start)
            ended = False
            while not ended:
                await self._news.wait()
                self._news = anyio.Event()
                await self._draw(self._greet)
                with anyio.move_on_after(max(0.0, self._shown + self._every - monotonic())):
                    await self._ended.wait()
                ended = self._ended.is_set()
                await self._draw(self._show_end if ended else self._show)
        finally:
            with anyio.CancelScope(shield=True):
                await self._draw(self._stop)

    @staticmethod
    async def _draw(what: Callable[[], None]) -> None:
        with writing("standard error"):
            await to_thread.run_sync(what)

    def _start(self) -> None:
        if self._bar is not None:
            self._bar.start()

    def _stop(self) -> None:
        if self._bar is not None:
            self._bar.stop()

    def _greet(self) -> None:
        if self._greeted or self._first is None:
            return
        self._greeted = True
        if self._first.resumed_at:
            self._console.print(f"{self._label}: resuming at {self._first.resumed_at:.0%}")

    def _show(self) -> None:
        latest, first = self._latest, self._first
        if latest is None or first is None:
            return
        self._drawn = latest
        saved, self._saved = self._saved, False
        self._shown = monotonic()
        seconds = self._shown - self._begun
        detail = _detail(latest, first, seconds) + _left(latest, seconds)
        if self._bar is None:
            note = ", saved" if saved else ""
            self._console.print(f"{self._label}: {latest.fraction:.0%}, {detail}{note}")
        else:
            self._bar.update(self._task, completed=latest.fraction, detail=detail, refresh=True)

    def _show_end(self) -> None:
        if self._bar is None:
            if self._latest is not self._drawn and monotonic() - self._shown >= self._every:
                self._show()
        elif self._latest is None or self._first is None:
            self._bar.update(self._task, completed=1.0, refresh=True)
        else:
            detail = _detail(self._latest, self._first, monotonic() - self._begun)
            self._bar.update(self._task, completed=1.0, detail=detail, refresh=True)


def _detail(progress: Progress, first: Progress, seconds: float) -> str:
    before = first.events if progress.resumed_at else 0
    rate = (progress.events - before) / seconds if seconds else 0.0
    return f"{progress.events:,} events in {progress.streams:,} streams, {rate:,.0f} events/s"


def _left(progress: Progress, seconds: float) -> str:
    done = progress.fraction - progress.resumed_at
    if done <= 0:
        return ""
    return f", {_duration(seconds * (1 - progress.fraction) / done)} left"


def _duration(seconds: float) -> str:
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {whole % 60:02} s"
