"""``event-store truncate``, ``delete`` and ``close``: erase events of a stream for good."""

import sys
from typing import Annotated
from uuid import UUID

import typer

from ..cassandra import EventStore
from ..errors import ConcurrentModification
from ..results import Closed, Deleted, Truncated
from .closure import closed_note, is_closed
from .exit_codes import ExitCode
from .failures import CommandFailed, wrong_usage
from .options import (
    FLAG,
    AsJson,
    ExpectedOfDeletion,
    Stream,
    finite,
    parse_expected_version,
)
from .outcome import outcome_json
from .output import note, write_json, write_lines
from .target import Target, run_with_store, with_target

Yes = Annotated[
    bool,
    typer.Option("--yes", metavar=FLAG, help="Do not ask. Required if there is no terminal."),
]

Timeout = Annotated[
    float | None,
    typer.Option(min=0.1, callback=finite, help="Seconds in which the outcome must be known (10)."),
]


@with_target
def truncate(
    target: Target,
    stream: Stream,
    *,
    before: Annotated[
        int,
        typer.Option(min=1, help="The version of the first event that is kept."),
    ],
    yes: Yes = False,
    timeout: Timeout = None,
    as_json: AsJson = False,
) -> None:
    """
    Erase the events of a stream below a version, for good.

    The version of the stream stays what it is. It is safe to repeat. Prints where the stream begins
    and its version. A closed stream stays closed; that is noted.

    Exit codes: 3, the stream has not reached that version, and nothing is erased; 4, no quorum
    answered in time: repeat the command.

    Examples:
    - `event-store truncate $STREAM --before 2 --yes`
    """
    confirm(f"Erase the events of stream {stream} below version {before}, for good?", yes)

    async def run(store: EventStore) -> None:
        closed = await is_closed(store, stream)
        result = await store.truncate_stream(stream, before=before, timeout=timeout)
        await _write(result, stream, closed=closed, as_json=as_json)

    run_with_store(target, run)


@with_target
def delete(
    target: Target,
    stream: Stream,
    *,
    expected_version: ExpectedOfDeletion = "any",
    yes: Yes = False,
    timeout: Timeout = None,
    as_json: AsJson = False,
) -> None:
    """
    Erase all events of a stream, and its stored snapshots, for good.

    The stream can be appended to again; its versions go on counting. It is safe to repeat. Prints
    where the stream would begin and its version. A closed stream stays closed; that is noted.

    Exit codes: 3, the stream is not at the expected version, and nothing is erased; 4, no quorum
    answered in time: repeat the command.

    Examples:
    - `event-store delete $STREAM --yes`
    - `event-store delete $STREAM --expected-version stream-exists --yes --json`
    """
    expected = parse_expected_version(expected_version)
    confirm(f"Erase all events of stream {stream}, for good?", yes)

    async def run(store: EventStore) -> None:
        closed = await is_closed(store, stream)
        result = await store.delete_stream(stream, expected, timeout=timeout)
        await _write(result, stream, closed=closed, as_json=as_json)

    run_with_store(target, run)


@with_target
def close(
    target: Target,
    stream: Stream,
    *,
    yes: Yes = False,
    timeout: Timeout = None,
    as_json: AsJson = False,
) -> None:
    """
    Erase all events of a stream, and its stored snapshots, and close it for ever.

    Nothing can be appended to it any more. That cannot be undone. It is safe to repeat. Prints
    where the stream would begin, and the version that it had.

    Exit codes: 4, no quorum answered in time: repeat the command.

    Examples:
    - `event-store close $OTHER --yes`
    """
    confirm(f"Erase all events of stream {stream}, and close it for ever?", yes)

    async def run(store: EventStore) -> None:
        result = await store.close_stream(stream, timeout=timeout)
        await _write(result, stream, closed=True, as_json=as_json)

    run_with_store(target, run)


def confirm(question: str, yes: bool, *, otherwise: str = "nothing is erased") -> None:
    """Ask on a terminal; raises `CommandFailed` if there is none, `typer.Exit` after a no."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise wrong_usage("there is no terminal to ask at", hint="give --yes")
    if not typer.confirm(question, err=True):
        note(otherwise)
        raise typer.Exit(ExitCode.ERROR)


async def _write(
    result: Truncated | Deleted | Closed | ConcurrentModification,
    stream: UUID,
    *,
    closed: bool,
    as_json: bool,
) -> None:
    if isinstance(result, ConcurrentModification):
        if as_json:
            line = outcome_json(
                "conflict", stream, actual_version=result.actual_version, closed=closed
            )
            await write_json([line])
            raise typer.Exit(ExitCode.CONFLICT)
        raise CommandFailed(
            f"conflict: stream {stream} is at version {result.actual_version}; nothing is erased",
            code=ExitCode.CONFLICT,
        )
    match result:
        case Truncated(kept_from=kept_from, version=version):
            outcome = "truncated"
        case Deleted(version=version):
            outcome, kept_from = "deleted", version + 1
        case Closed(version=version):
            outcome, kept_from = "closed", version + 1
    if as_json:
        line = outcome_json(outcome, stream, kept_from=kept_from, version=version, closed=closed)
        await write_json([line])
    else:
        await write_lines([f"{outcome}\t{kept_from}\t{version}"])
    if closed and outcome != "closed":
        note(closed_note(stream))
