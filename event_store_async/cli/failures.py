"""Turns every error into a message, a hint and an exit code."""

import errno
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import typer

from _event_store_async_command import keyboard_interrupts

from ..errors import (
    AppendOutcomeUnknown,
    AppendTooLarge,
    AuthenticationFailed,
    CategoryOutcomeUnknown,
    ConcurrentModification,
    ConnectionFailed,
    ErasureOutcomeUnknown,
    EventStoreError,
    FeedDisabled,
    InvalidArchive,
    InvalidArgument,
    KeyOutcomeUnknown,
    RestoreOutcomeUnknown,
    SchemaMissing,
    SchemaOutdated,
    StoreUnavailable,
    StreamClosed,
    StreamError,
    TlsFailed,
    UndecodableEvent,
    WrongCategory,
)
from .exit_codes import ExitCode
from .output import OutputLost, discard, say_error

_CODES: Final = (
    (ConcurrentModification, ExitCode.CONFLICT),
    (WrongCategory, ExitCode.CONFLICT),
    (StreamClosed, ExitCode.CONFLICT),
    (CategoryOutcomeUnknown, ExitCode.UNKNOWN_OUTCOME),
    (ErasureOutcomeUnknown, ExitCode.UNKNOWN_OUTCOME),
    (AppendOutcomeUnknown, ExitCode.UNKNOWN_OUTCOME),
    (RestoreOutcomeUnknown, ExitCode.UNKNOWN_OUTCOME),
    (KeyOutcomeUnknown, ExitCode.UNKNOWN_OUTCOME),
    (InvalidArgument, ExitCode.USAGE),
)

_HINTS: Final = (
    (
        AuthenticationFailed,
        "set EVENT_STORE_USERNAME and EVENT_STORE_PASSWORD, or set username and password_file in "
        "event-store.toml",
    ),
    (TlsFailed, "--ca-file must be the authority that signed the server's certificate"),
    (
        ConnectionFailed,
        "set --contact-points and --port to where Cassandra is, or start one on this machine "
        "with `event-store node start`",
    ),
    (SchemaOutdated, "run `event-store schema migrate`; --dry-run shows what it would do"),
    (KeyOutcomeUnknown, "repeat the command; it is safe"),
    (RestoreOutcomeUnknown, "repeat the import: it skips what is already stored"),
    (StoreUnavailable, "`event-store doctor` compares the replication with the nodes"),
)

_OPTIONS: Final = {"local_datacenter": "--datacenter", "port=…": "--port"}
"""Arguments that the library's hints name, and the command's options for them."""

_UNWRITABLE: Final = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}


class CommandFailed(Exception):
    """
    A command failed.

    Attributes:
        message: What is wrong.
        hint: What to do about it, if known.
        code: The exit code.
        details: More lines, such as the end of a log.
    """

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        code: ExitCode = ExitCode.ERROR,
        details: Sequence[str] = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.code = code
        self.details = details


def wrong_usage(message: str, hint: str | None = None) -> CommandFailed:
    """Return the failure of a command that was given something wrong: exit code 2."""
    return CommandFailed(message, hint=hint, code=ExitCode.USAGE)


def explain(error: EventStoreError) -> CommandFailed:
    """Translate an error of the library for a user of the command."""
    hint = error.hint
    if hint:
        for argument, option in _OPTIONS.items():
            hint = hint.replace(argument, option)
    hint = next((text for kind, text in _HINTS if isinstance(error, kind)), hint)
    if isinstance(error, UndecodableEvent):
        hint = (
            f"--from {error.version + 1} continues after it; to read it, use a program that has "
            "its codec"
        )
    if isinstance(error, StreamError) and error.position is not None:
        hint = f"--after {error.position} continues after it"
    if isinstance(error, FeedDisabled):
        keyspace, _, table = error.table.partition(".")
        other = "" if table == "events" else f" --table {table}"
        hint = f"enable it with `event-store feed enable --keyspace {keyspace}{other}`"
    if isinstance(error, SchemaMissing):
        keyspace = error.table.partition(".")[0]
        hint = (
            f"check --keyspace and --table, or create the table: `event-store schema create "
            f"--keyspace {keyspace} --replication DATACENTER=REPLICAS`; on a node of "
            "`event-store node start`, that is datacenter1=1"
        )
    elif isinstance(error, AppendTooLarge):
        hint = "store large content elsewhere, and its address in the event"
    elif isinstance(error, InvalidArchive) and hint is None:
        hint = _archive_hint(error)
    code = next((code for kind, code in _CODES if isinstance(error, kind)), ExitCode.ERROR)
    return CommandFailed(error.message, hint=hint, code=code)


def _archive_hint(error: InvalidArchive) -> str:
    if error.line is not None:
        return "the file is not as `event-store export` wrote it; export again"
    if "No such file" in error.reason:
        return "name a file that `event-store export` wrote; - is standard input"
    return "check the path and its permissions"


@contextmanager
def reported() -> Iterator[None]:
    """
    Report errors from the block on standard error, without a traceback, and exit with their code.

    These are the library's errors, `CommandFailed`, and output that cannot be written. Ctrl-C and
    a broken pipe end the command quietly. Anything else is a defect, and is raised.
    """
    try:
        with keyboard_interrupts():
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
            sys.stderr.write("\n")  # the terminal shows ^C without a line ending
        raise typer.Exit(ExitCode.INTERRUPTED) from None


@contextmanager
def help_reported() -> Iterator[None]:
    """Report that typer's help cannot be written, and exit with 1."""
    try:
        yield
    except OSError as error:
        if error.errno not in _UNWRITABLE:
            raise
        discard(sys.stdout)
        _say(CommandFailed(f"the output cannot be written: {error.strerror}"))
        sys.exit(ExitCode.ERROR)


def _fail(failure: CommandFailed) -> None:
    _say(failure)
    raise typer.Exit(failure.code) from None


def _say(failure: CommandFailed) -> None:
    try:
        say_error(failure.message, failure.hint, failure.details)
    except OSError:
        discard(sys.stderr)  # the exit code is all that is left to tell
