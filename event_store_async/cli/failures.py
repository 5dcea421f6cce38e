"""Failures: every error becomes a message, the next step, and an exit code."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import typer

from ..errors import (
    AppendOutcomeUnknown,
    AuthenticationFailed,
    ConcurrentModification,
    ConnectionFailed,
    EventStoreError,
    InvalidArgument,
    SchemaMissing,
    SchemaOutdated,
    StoreUnavailable,
    TlsFailed,
    UndecodableEvent,
)
from .exit_codes import ExitCode
from .output import say_error

_CODES: Final = (
    (ConcurrentModification, ExitCode.CONFLICT),
    (AppendOutcomeUnknown, ExitCode.UNKNOWN_OUTCOME),
    (InvalidArgument, ExitCode.USAGE),
)

_HINTS: Final = (
    (
        AuthenticationFailed,
        "set EVENT_STORE_USERNAME and EVENT_STORE_PASSWORD, or username and password_file in "
        "event-store.toml",
    ),
    (TlsFailed, "--ca-file must name the authority that signed the server's certificate"),
    (
        ConnectionFailed,
        "say where Cassandra is with --contact-points and --port, or start one on this machine "
        "with `event-store node start`",
    ),
    (
        SchemaMissing,
        "check --keyspace and --table, or create it: `event-store schema create --keyspace NAME "
        "--replication DATACENTER=REPLICAS`",
    ),
    (SchemaOutdated, "migrate it: `event-store schema migrate`; with --dry-run it only tells"),
    (StoreUnavailable, "`event-store doctor` holds the replication against the nodes there are"),
)

_IN_THE_SHELL: Final = {
    "name yours with local_datacenter": "name yours with --datacenter",
    "say port=…": "it goes into --port",
}
"""Hints for those who call the library, and what they mean here."""


class CommandFailed(Exception):
    """
    A command cannot do what it was asked to do.

    Attributes:
        message: Why.
        hint: The next step, if one is known.
        code: The exit code.
    """

    def __init__(
        self, message: str, *, hint: str | None = None, code: ExitCode = ExitCode.ERROR
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.code = code


def explain(error: EventStoreError) -> CommandFailed:
    """Return what an error of the library means to somebody at a shell."""
    message = str(error)
    hint = error.hint
    if hint:
        message = message.removesuffix(f" ({hint})")
        hint = _IN_THE_SHELL.get(hint, hint)
    hint = next((text for kind, text in _HINTS if isinstance(error, kind)), hint)
    if isinstance(error, UndecodableEvent):
        hint = f"--from {error.version + 1} reads on behind it; it needs a program with its codec"
    code = next((code for kind, code in _CODES if isinstance(error, kind)), ExitCode.ERROR)
    return CommandFailed(message, hint=hint, code=code)


@contextmanager
def reported() -> Iterator[None]:
    """
    Report what goes wrong inside on standard error, and exit with its code; no tracebacks.

    Errors of the library and `CommandFailed` are reported; Ctrl-C and a pipe that nobody reads
    end quietly. Anything else is a defect, and is left alone.
    """
    try:
        yield
    except EventStoreError as error:
        _fail(explain(error))
    except CommandFailed as failure:
        _fail(failure)
    except BrokenPipeError:
        # The interpreter flushes at its end, and would complain then.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(ExitCode.BROKEN_PIPE) from None
    except KeyboardInterrupt:
        if sys.stderr.isatty():
            sys.stderr.write("\n")  # the terminal has written ^C, and no more
        raise typer.Exit(ExitCode.INTERRUPTED) from None


def _fail(failure: CommandFailed) -> None:
    say_error(failure.message, failure.hint)
    raise typer.Exit(failure.code) from None
