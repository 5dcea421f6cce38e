"""``event-store append``: appends events to a stream."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import anyio
import orjson
import typer

from ..codec import RawCodec
from ..errors import AppendOutcomeUnknown, ConcurrentModification
from ..events import NewEvent
from ..ports import EventWriter
from ..versions import ExpectedVersion, StreamState
from . import documents
from .exit_codes import ExitCode
from .failures import CommandFailed
from .options import (
    FLAG,
    AsJson,
    Expected,
    Stream,
    finite,
    parse_expected_version,
    uuid_argument,
)
from .output import (
    OutputLost,
    note,
    say_error,
    waiting,
    write_json,
    write_lines,
)
from .target import Target, run_with_store, with_target


@with_target
def append(
    target: Target,
    stream: Stream,
    events: Annotated[
        list[str] | None, typer.Argument(metavar="EVENT", help="The payloads, each in JSON.")
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option(
            "--file",
            "-f",
            help="A file of payloads: a JSON array, or one JSON document per line; - is standard "
            "input, which is also read if no events are given.",
        ),
    ] = None,
    types: Annotated[
        list[str] | None,
        typer.Option("--type", help="The type: once for all events, or once for each."),
    ] = None,
    metadata: Annotated[
        str | None, typer.Option(help="A JSON object to store as the metadata of each event.")
    ] = None,
    event_ids: Annotated[
        list[UUID] | None,
        typer.Option(
            "--event-id",
            parser=uuid_argument,
            metavar="UUID",
            help="The events' ids, once for each event, also with --envelopes. An append with ids "
            "can be repeated safely.",
        ),
    ] = None,
    envelopes: Annotated[
        bool,
        typer.Option(
            "--envelopes",
            metavar=FLAG,
            help="Take each JSON document as an object with payload (or payload_base64), type, "
            "metadata and event_id, as `event-store read` prints it. Versions, if given, must rise "
            "by one.",
        ),
    ] = False,
    expected_version: Expected = "any",
    timeout: Annotated[
        float | None,
        typer.Option(
            min=0.1, callback=finite, help="Seconds in which the outcome must be known (10)."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """
    Append events to a stream, all or none, and print the version of each.

    Exit codes: 3, the stream is not at the expected version, and nothing was stored; 4, no quorum
    answered in time, and the events may or may not be stored. Then repeat the command with the
    event ids that it prints: the events are stored once.

    Examples:
    - `event-store append $STREAM '{"amount": 50}' --type deposited`
    - `event-store append $STREAM '{"amount": 20}' --type withdrawn --expected-version 1`
    - `event-store append $STREAM --file payloads.jsonl --metadata '{"user": "ada"}'`
    - `event-store read $STREAM | event-store append $OTHER --envelopes --json`
    """
    expected = parse_expected_version(expected_version)
    if events and file is not None:
        raise CommandFailed(
            "give events as arguments or with --file, not both", code=ExitCode.USAGE
        )
    if envelopes and (types or metadata):
        raise CommandFailed(
            "--type and --metadata cannot be used with --envelopes: each envelope has its own",
            code=ExitCode.USAGE,
        )
    found = documents.from_arguments(events) if events else documents.from_file(file)
    new_events = (
        documents.events_in(found, event_ids or ())
        if envelopes
        else documents.events_of(
            found, types=types or (), metadata=metadata, event_ids=event_ids or ()
        )
    )
    run_with_store(
        target,
        lambda store: append_to(
            store, stream, new_events, expected, timeout=timeout, as_json=as_json
        ),
        # Bytes come from payload_base64, and then for all events.
        codec=RawCodec() if any(isinstance(event.payload, bytes) for event in new_events) else None,
    )


async def append_to(
    store: EventWriter,
    stream: UUID,
    events: Sequence[NewEvent],
    expected: ExpectedVersion,
    *,
    timeout: float | None,
    as_json: bool,
) -> None:
    """
    Append events and report the outcome.

    Raises:
        typer.Exit: with `ExitCode.CONFLICT` or `ExitCode.UNKNOWN_OUTCOME`, after an error message.
        EventStoreError: see `EventWriter.persist_events`.
    """
    try:
        with waiting("appending"):
            result = await store.try_persist_events(stream, events, expected, timeout=timeout)
    except AppendOutcomeUnknown as unknown:
        say_error(
            f"no quorum answered in time: it is unknown whether stream {stream} has the events",
            f"repeat the command with the same events and {_ids(unknown.event_ids)}",
        )
        if as_json:
            await write_json([_json("unknown", stream, event_ids=unknown.event_ids)])
        raise typer.Exit(ExitCode.UNKNOWN_OUTCOME) from None
    except anyio.get_cancelled_exc_class():
        note(
            "interrupted: the events may or may not be stored; to be sure, repeat the command with "
            f"the same events and {_ids([event.event_id for event in events])}"
        )
        raise
    if isinstance(result, ConcurrentModification):
        say_error(
            f"conflict: stream {stream} is at version {result.actual_version}, not at "
            f"{_words(expected)}; nothing was stored",
            _after_conflict(stream, expected, result.actual_version),
        )
        if as_json:
            await write_json([_json("conflict", stream, actual_version=result.actual_version)])
        raise typer.Exit(ExitCode.CONFLICT)
    if result.stored_earlier:
        note("these events were stored earlier; nothing was added")
    if as_json:
        stored = [{"version": event.version, "event_id": event.event_id} for event in result.events]
        line = _json(
            "stored",
            stream,
            version=result.version,
            stored_earlier=result.stored_earlier,
            events=stored,
        )
        writing = write_json([line])
    else:
        writing = write_lines(str(event.version) for event in result.events)
    try:
        await writing
    except OutputLost as lost:
        raise OutputLost(f"{lost}; the events are stored, up to version {result.version}") from lost


def _after_conflict(stream: UUID, expected: ExpectedVersion, actual: int) -> str:
    if isinstance(expected, int) and expected < actual:
        return (
            f"see the newer events with `event-store read {stream} --from {expected + 1}`; to "
            f"append after them, use --expected-version {actual}"
        )
    return f"the stream has {actual or 'no'} events; see `event-store head {stream}`"


def _ids(event_ids: Sequence[UUID]) -> str:
    return " ".join(f"--event-id {event_id}" for event_id in event_ids)


def _words(expected: ExpectedVersion) -> str:
    return expected.value if isinstance(expected, StreamState) else f"version {expected}"


def _json(outcome: str, stream: UUID, **more: Any) -> str:
    return orjson.dumps({"outcome": outcome, "stream_id": stream, **more}).decode()
