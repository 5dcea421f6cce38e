"""A meter: shows how far a job has come, its rate and the time left, on standard error."""

import os
import stat
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, nullcontext
from time import monotonic
from typing import Final, TypeVar

import anyio
from anyio import to_thread
from rich import progress as rich

from ..counts import counted
from ..maintenance import Progress
from ..tasks import task_group
from .output import error_console, note, waiting, writing

_BAR_EVERY: Final = 0.2

GOES_ON: Final = "the same command goes on where this one ended"
"""What to say after Ctrl-C if progress is saved."""

NOT_SAVED: Final = "nothing was saved; with --checkpoint FILE, the same command goes on"
"""What to say after Ctrl-C if progress could have been saved."""

T = TypeVar("T")


async def metered(
    label: str,
    every: float,
    job: Callable[["Meter"], Awaitable[T]],
    *,
    interrupted: str,
    streams: bool = True,
) -> T:
    """
    Run a job over many events and show its progress; return its result.

    Args:
        label: The job, in a word.
        every: Seconds between two lines.
        job: Runs the job, and calls the meter with its progress.
        interrupted: What to say after Ctrl-C: how the job goes on, or from where it begins again.
        streams: Whether the job works on several streams, whose number is shown.

    Raises:
        BrokenPipeError, OutputLost: see `output.writing`; and what the job raises.
    """
    meter = Meter(label, every, streams=streams)
    with _told(interrupted):
        async with task_group() as group:
            group.start_soon(meter.show_all)
            result = await job(meter)
            meter.end()
    return result


@contextmanager
def _told(interrupted: str) -> Iterator[None]:
    try:
        yield
    except anyio.get_cancelled_exc_class():
        note(f"interrupted: {interrupted}")
        raise


class Meter:
    """
    Shows the latest progress: as a bar on a terminal, as a line now and then elsewhere.

    A call only stores the progress. A task of its own shows it, in a worker thread, so that a slow
    reader of standard error does not hold up the job. Nothing is shown before the first progress:
    a bar over an error that comes at once would say nothing.

    Args:
        label: The job, in a word.
        every: Seconds between two lines.
        streams: Whether to show the number of streams.
    """

    def __init__(self, label: str, every: float, *, streams: bool = True) -> None:
        self._label = label
        self._streams = streams
        self._console = error_console()
        self._draws = self._console.is_terminal and not _is_pipe()
        self._every = _BAR_EVERY if self._draws else every
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
            with waiting(self._label) if self._draws else nullcontext():
                await self._news.wait()
            ended = self._ended.is_set()
            while not ended:
                self._news = anyio.Event()
                await self._draw(self._greet)
                with anyio.move_on_after(max(0.0, self._shown + self._every - monotonic())):
                    await self._ended.wait()
                ended = self._ended.is_set()
                if not ended:
                    await self._draw(self._show)
                    await self._news.wait()
                    ended = self._ended.is_set()
            await self._draw(self._show_end)
        finally:
            with anyio.CancelScope(shield=True):
                await self._draw(self._stop)

    @staticmethod
    async def _draw(what: Callable[[], None]) -> None:
        with writing("standard error"):
            await to_thread.run_sync(what)

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
        detail = self._detail(latest, first, seconds) + _left(latest, seconds)
        if self._draws:
            self._draw_bar(latest.fraction, detail, known=_is_known(latest))
        else:
            share = f"{latest.fraction:.0%}, " if _is_known(latest) else ""
            note_of_save = ", saved" if saved else ""
            self._console.print(f"{self._label}: {share}{detail}{note_of_save}")

    def _show_end(self) -> None:
        latest, first = self._latest, self._first
        if latest is None or first is None:
            return
        if self._draws:
            self._draw_bar(1.0, self._detail(latest, first, monotonic() - self._begun), known=True)
        elif latest is not self._drawn and monotonic() - self._shown >= self._every:
            self._show()

    def _draw_bar(self, fraction: float, detail: str, *, known: bool) -> None:
        total = 1.0 if known else None
        if self._bar is None:
            self._bar = rich.Progress(
                rich.TextColumn("{task.description}"),
                rich.BarColumn(),
                rich.TaskProgressColumn(),
                rich.TextColumn("{task.fields[detail]}"),
                console=self._console,
                auto_refresh=False,
                # Output to the same terminal goes above the bar; a file gets it unchanged.
                redirect_stdout=sys.stdout.isatty(),
            )
            self._task = self._bar.add_task(self._label, total=total, detail=detail)
            self._bar.start()
        self._bar.update(self._task, completed=fraction, total=total, detail=detail, refresh=True)

    def _detail(self, progress: Progress, first: Progress, seconds: float) -> str:
        if not progress.events and not progress.streams:
            return "no events yet"
        before = first.events if progress.resumed_at else 0
        rate = (progress.events - before) / seconds if seconds else 0.0
        events = counted(progress.events, "event")
        place = f" in {counted(progress.streams, 'stream')}" if self._streams else ""
        return f"{events}{place}, {rate:,.0f} events/s"


def _is_pipe() -> bool:
    """Say whether standard output is a pipe: its reader may write to the terminal meanwhile."""
    try:
        mode = os.fstat(sys.stdout.fileno()).st_mode
    except (OSError, ValueError):  # no file, as in a test
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)


def _is_known(progress: Progress) -> bool:
    """Say whether the fraction is known; through a pipe, it stays at 0."""
    return progress.fraction > 0 or not progress.events


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
