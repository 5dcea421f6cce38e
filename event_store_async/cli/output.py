"""Output: what a program reads goes to standard output, all else to standard error."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from anyio import to_thread
from rich.console import Console


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


async def write_lines(lines: Iterable[str]) -> None:
    """
    Write lines to standard output, and flush.

    Raises:
        BrokenPipeError: nobody reads them any more.
    """
    text = "".join(f"{line}\n" for line in lines)

    def write() -> None:
        sys.stdout.write(text)
        sys.stdout.flush()

    # A reader that is slow must not hold up the loop.
    await to_thread.run_sync(write)
