"""Failures: every error becomes a message, the next step, and an exit code."""

import errno
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
    RestoreOutcomeUnknown,
    SchemaMissing,
    SchemaOutdated,
    StoreUnavailable,
    TlsFailed,
    UndecodableEvent,
)
from .exit_codes import ExitCode
from .output import OutputLost, discard, say_error

_CODES: Final = (
    (ConcurrentModification, ExitCode.CONFLICT),
    (AppendOutcomeUnknown, ExitCode.UNKNOWN_OUTCOME),
    (RestoreOutcomeUnknown, ExitCode.UNKNOWN_OUTCOME),
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
    (RestoreOutcomeUnknown, "repeat the import: what is stored already is passed over"),
    (StoreUnavailable, "`event-store doctor` holds the replication against the nodes there are"),
)

_IN_THE_SHELL: Final = {
    "name yours with local_datacenter": "name yours with --datacenter",
    "say port=…": "it goes into --port",
}
"""Hints for those who call the library, and what they mean here."""

_UNWRITABLE: Final = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}


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
    hint = _IN_THE_SHELL.get(error.hint or "", error.hint)
    hint = next((text for kind, text in _HINTS if isinstance(error, kind)), hint)
    if isinstance(error, UndecodableEvent):
        hint = f"--from {error.version + 1} reads on behind it; it needs a program with its codec"
    code = next((code for kind, code in _CODES if isinstance(error, kind)), ExitCode.ERROR)
    return CommandFailed(error.message, hint=hint, code=code)


@contextmanager
def reported() -> Iterator[None]:
    """
    Report what goes wrong inside on standard error, and exit with its code; no tracebacks.

    Errors of the library, `CommandFailed` and output that cannot be written are reported; Ctrl-C
    and a pipe that nobody reads end quietly. Anything else is a defect, and is left alone.
    """
    try:
        yield
    except EventStoreError as error:
        _fail(explain(error))
    except CommandFailed as failure:
        _fail(failure)
    except OutputLost as lost:
        discard(sys.stdout)
        _fail(CommandFailed(str(lost)))
    except BrokenPipeError:
        discard(sys.stdout)
        raise typer.Exit(ExitCode.BROKEN_PIPE) from None
    except KeyboardInterrupt:
        if sys.stderr.isatty():
            sys.stderr.write("\n")  # the terminal has written ^C, and no more
        raise typer.Exit(ExitCode.INTERRUPTED) from None


@contextmanager
def help_reported() -> Iterator[None]:
    """Report that the help, which typer prints, cannot be written, and exit with 1."""
    try:
        yield
    except OSError as error:
        if error.errno not in _UNWRITABLE:
            raise
        discard(sys.stdout)
        _say(CommandFailed(f"it cannot be written: {error.strerror}"))
        sys.exit(ExitCode.ERROR)


def _fail(failure: CommandFailed) -> None:
    _say(failure)
    raise typer.Exit(failure.code) from None


def _say(failure: CommandFailed) -> None:
    try:
        say_error(failure.message, failure.hint)
    except OSError:
        discard(sys.stderr)  # who cannot be told has the exit code
