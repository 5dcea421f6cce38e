"""Output: what a program reads goes to standard output, all else to standard error."""

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TextIO

import anyio
from anyio import to_thread
from rich.console import Console


class OutputLost(Exception):
    """Standard output or standard error cannot be written; says which, and why."""


def is_terminal() -> bool:
    """Say whether standard output is a terminal: then a person reads it."""
    return sys.stdout.isatty()


def console() -> Console:
    """Return the console on standard output, for what is printed for a person."""
    return Console(highlight=False, soft_wrap=True)


def error_console() -> Console:
    """Return the console on standard error: messages, progress, hints."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


def note(text: str) -> None:
    """Tell something beside the output, on standard error."""
    error_console().print(text, style="dim", markup=False)


def say_error(message: str, hint: str | None = None) -> None:
    """Say what went wrong and what to do about it, on standard error."""
    out = error_console()
    out.print(f"error: {message}", style="red", markup=False)
    if hint:
        out.print(f"hint: {hint}", markup=False)


@contextmanager
def waiting(text: str) -> Iterator[None]:
    """Show that something takes its time, if standard error is a terminal."""
    if not sys.stderr.isatty():
        yield
        return
    with error_console().status(text):
        yield


@contextmanager
def writing(name: str) -> Iterator[None]:
    """
    Tell what keeps an output from being written.

    Raises:
        BrokenPipeError: nobody reads it any more.
        OutputLost: it cannot be written for another reason, as a disk that is full.
    """
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputLost(f"{name} cannot be written: {error.strerror}") from error


def discard(stream: TextIO) -> None:
    """Give up an output: the interpreter flushes it at its end, and would complain then."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def write_now(text: str, *, to_stderr: bool = False) -> None:
    """Write a text to standard output, or standard error, and flush; raises what `writing` does."""
    with writing("standard error" if to_stderr else "standard output"):
        stream = sys.stderr if to_stderr else sys.stdout
        stream.write(text)
        stream.flush()


async def write_lines(lines: Iterable[str], *, to_stderr: bool = False) -> None:
    """
    Write lines to standard output, or standard error, and flush.

    Raises:
        BrokenPipeError: nobody reads them any more.
        OutputLost: they cannot be written.
    """
    text = "".join(f"{line}\n" for line in lines)
    # A reader that is slow must not hold up the loop.
    await to_thread.run_sync(lambda: write_now(text, to_stderr=to_stderr))


class LineWriter:
    """
    Writes lines of several tasks, one write at a time; a slow reader holds up these tasks only.

    Args:
        to_stderr: Whether to standard error.
    """

    def __init__(self, *, to_stderr: bool = False) -> None:
        self._to_stderr = to_stderr
        self._waiting: list[str] = []
        self._lock = anyio.Lock()

    async def write(self, line: str) -> None:
        """Write a line, with those that came during the last write; it is written on return."""
        self._waiting.append(line)
        async with self._lock:
            lines, self._waiting = self._waiting, []
            if lines:
                await write_lines(lines, to_stderr=self._to_stderr)
