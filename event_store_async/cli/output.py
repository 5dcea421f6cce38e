"""Output: results go to standard output, everything else to standard error; all is escaped."""

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final, TextIO

import anyio
from anyio import to_thread
from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from ..escape import escape

_TAB: Final = "\t"
"""Between the columns of lines for programs."""


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
    """Print a note, a line, on standard error."""
    error_console().print(_line(text, "dim"))


def say_error(message: str, hint: str | None = None, details: Sequence[str] = ()) -> None:
    """
    Print an error and a hint on standard error.

    Args:
        message: What is wrong; a line.
        hint: What to do about it; a line.
        details: More lines, which are indented, so that none looks like a message of its own.
    """
    out = error_console()
    out.print(_line(f"error: {message}", "red"))
    for detail in details:
        out.print(_line(f"    {detail}"))
    if hint:
        out.print(_line(f"hint: {hint}"))


def _line(text: str, style: str = "") -> Text:
    return Text(escape(text), style)


@contextmanager
def waiting(text: str) -> Iterator[None]:
    """Show a text with a spinner during the block, if standard error is a terminal."""
    if not sys.stderr.isatty():
        yield
        return
    # Not `Console.status`, which sends what is written to a pipe meanwhile to the terminal.
    with Live(
        Spinner("dots", Text(escape(text)), style="status.spinner"),
        console=error_console(),
        refresh_per_second=10,
        transient=True,
        redirect_stdout=sys.stdout.isatty(),
    ):
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


def write_text(text: str) -> None:
    """Write a text of lines, escaped but for their endings; raises as `writing` does."""
    _write(escape(text, keep="\n"), to_stderr=False)


async def write_lines(lines: Iterable[str], *, to_stderr: bool = False) -> None:
    """
    Write lines of text, escaped but for tabs, to standard output or error, and flush.

    A line ending inside of a line is escaped, too: it came from data.

    Raises:
        BrokenPipeError: the reader has gone.
        OutputLost: they cannot be written.
    """
    text = "".join(f"{escape(line, keep=_TAB)}\n" for line in lines)
    # In a thread: a slow reader must not block the event loop.
    await to_thread.run_sync(lambda: _write(text, to_stderr))


async def write_json(lines: Iterable[str], *, to_stderr: bool = False) -> None:
    """
    Write lines of JSON: escaped on a terminal, elsewhere as they are, in UTF-8.

    Raises:
        BrokenPipeError, OutputLost: as `write_lines`.
    """
    text = "".join(f"{line}\n" for line in lines)
    await to_thread.run_sync(lambda: _write_json(text, to_stderr))


async def write_rendered(text: str) -> None:
    """Write what a console has rendered from escaped texts; raises as `write_lines`."""
    await to_thread.run_sync(lambda: _write(text, to_stderr=False))


def _write(text: str, to_stderr: bool) -> None:
    stream = sys.stderr if to_stderr else sys.stdout
    with writing("standard error" if to_stderr else "standard output"):
        stream.write(text)
        stream.flush()


def _write_json(text: str, to_stderr: bool) -> None:
    stream = sys.stderr if to_stderr else sys.stdout
    if stream.isatty():
        _write(escape(text, keep="\n"), to_stderr)
        return
    with writing("standard error" if to_stderr else "standard output"):
        stream.flush()
        stream.buffer.write(text.encode())  # whatever the locale says
        stream.buffer.flush()


class LineWriter:
    """
    Writes the lines of several tasks, one write at a time; a slow reader delays only these tasks.

    Args:
        as_json: Whether the lines are JSON.
        to_stderr: Whether to write to standard error.
    """

    def __init__(self, *, as_json: bool = False, to_stderr: bool = False) -> None:
        self._write = write_json if as_json else write_lines
        self._to_stderr = to_stderr
        self._waiting: list[str] = []
        self._lock = anyio.Lock()

    async def write(self, line: str) -> None:
        """Write a line, and return once it is written; lines of several tasks may share a write."""
        self._waiting.append(line)
        async with self._lock:
            lines, self._waiting = self._waiting, []
            if lines:
                await self._write(lines, to_stderr=self._to_stderr)
