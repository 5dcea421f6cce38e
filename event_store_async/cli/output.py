"""Output: results go to standard output, everything else to standard error."""

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TextIO

import anyio
from anyio import to_thread
from rich.console import Console


class OutputLost(Exception):
    """Standard output or standard error cannot be written; the message says which, and why."""


def is_terminal() -> bool:
    """Say whether standard output is a terminal, which a person reads."""
    return sys.stdout.isatty()


def console() -> Console:
    """Return a console on standard output, for a person to read."""
    return Console(highlight=False, soft_wrap=True)


def error_console() -> Console:
    """Return a console on standard error, for messages and progress."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


def note(text: str) -> None:
    """Print a note on standard error."""
    error_console().print(text, style="dim", markup=False)


def say_error(message: str, hint: str | None = None) -> None:
    """Print an error and a hint on standard error."""
    out = error_console()
    out.print(f"error: {message}", style="red", markup=False)
    if hint:
        out.print(f"hint: {hint}", markup=False)


@contextmanager
def waiting(text: str) -> Iterator[None]:
    """Show a text with a spinner during the block, if standard error is a terminal."""
    if not sys.stderr.isatty():
        yield
        return
    with error_console().status(text):
        yield


@contextmanager
def writing(name: str) -> Iterator[None]:
    """
    Translate errors of writing an output during the block.

    Raises:
        BrokenPipeError: the reader has gone.
        OutputLost: it cannot be written for another reason, such as a full disk.
    """
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputLost(f"{name} cannot be written: {error.strerror}") from error


def discard(stream: TextIO) -> None:
    """Redirect an output to nowhere, so that the interpreter can flush it when it exits."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def write_now(text: str, *, to_stderr: bool = False) -> None:
    """Write to standard output or standard error, and flush; raises as `writing` does."""
    with writing("standard error" if to_stderr else "standard output"):
        stream = sys.stderr if to_stderr else sys.stdout
        stream.write(text)
        stream.flush()


async def write_lines(lines: Iterable[str], *, to_stderr: bool = False) -> None:
    """
    Write lines to standard output or standard error, and flush.

    Raises:
        BrokenPipeError: the reader has gone.
        OutputLost: they cannot be written.
    """
    text = "".join(f"{line}\n" for line in lines)
    # In a thread: a slow reader must not block the event loop.
    await to_thread.run_sync(lambda: write_now(text, to_stderr=to_stderr))


class LineWriter:
    """
    Writes the lines of several tasks, one write at a time; a slow reader delays only these tasks.

    Args:
        to_stderr: Whether to write to standard error.
    """

    def __init__(self, *, to_stderr: bool = False) -> None:
        self._to_stderr = to_stderr
        self._waiting: list[str] = []
        self._lock = anyio.Lock()

    async def write(self, line: str) -> None:
        """Write a line, and return once it is written; lines of several tasks may share a write."""
        self._waiting.append(line)
        async with self._lock:
            lines, self._waiting = self._waiting, []
            if lines:
                await write_lines(lines, to_stderr=self._to_stderr)
