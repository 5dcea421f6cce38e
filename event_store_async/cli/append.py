"""``event-store append``: appends events to a stream."""

from collections.abc import Callable, Sequence
from contextlib import aclosing, nullcontext
from functools import partial
from pathlib import Path
from typing import Annotated, BinaryIO
from uuid import UUID

import anyio
import typer

from ..checks import check_category
from ..errors import AppendOutcomeUnknown, ConcurrentModification, WrongCategory
from ..events import NewEvent
from ..ports import EventReaderWriter, EventWriter
from ..settings import Settings
from ..versions import ExpectedVersion
from .documents import Arguments, DocumentFile, Input, opened
from .drafts import Drafts
from .exit_codes import ExitCode
from .failures import wrong_usage
from .long_append import WHEN_REPEATED, LongAppend
from .meter import metered
from .options import (
    FLAG,
    AsJson,
    Every,
    Expected,
    Stream,
    finite,
    parse_expected_version,
    uuid_argument,
)
from .outcome import after_conflict, conflict_words, outcome_json, write_stored
from .output import (
    OutputLost,
    note,
    say_error,
    waiting,
    write_json,
)
from .steps import steps_of
from .target import Target, connected, with_target


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
            help="A file of payloads, of any size: a JSON array, or one JSON document per line; "
            "- is standard input, which is also read if no events are given.",
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
    category: Annotated[
        str | None,
        typer.Option(help="The stream's category: a new stream gets it, another must have it."),
    ] = None,
    timeout: Annotated[
        float | None,
        typer.Option(
            min=0.1,
            callback=finite,
            help="Seconds in which the outcome of an append must be known (10).",
        ),
    ] = None,
    every: Every = 5.0,
    as_json: AsJson = False,
) -> None:
    """
    Append events to a stream, and print the version of each.

    Up to 1,000 events and 1 MiB are one append: all are stored, or none. More are several appends,
    one after the other, each of which is all or none; --expected-version applies to the first, and
    the others follow it. If such a command ends early, repeat it: it goes on after what is stored,
    and stores nothing twice.

    Exit codes: 3, the stream is not at the expected version, or of another category, and nothing
    was stored, or only as much as the message says; 4, no quorum answered in time, and the events
    may or may not be stored. Then repeat the command, with the event ids if it prints some: the
    events are stored once.

    Examples:
    - `event-store append $STREAM '{"amount": 50}' --type deposited`
    - `event-store append $STREAM '{"amount": 20}' --type withdrawn --expected-version 1`
    - `event-store append $STREAM --file payloads.jsonl --metadata '{"user": "ada"}'`
    - `event-store read $STREAM | event-store append $OTHER --envelopes --json`
    """
    expected = parse_expected_version(expected_version)
    if category is not None:
        check_category(category)
    if events and file is not None:
        raise wrong_usage("give events as arguments or with --file, not both")
    if envelopes and (types or metadata):
        raise wrong_usage(
            "--type and --metadata cannot be used with --envelopes: each envelope has its own"
        )
    settings = Settings()
    make_drafts = partial(
        Drafts,
        settings,
        envelopes=envelopes,
        types=types or (),
        metadata=metadata,
        event_ids=event_ids or (),
    )
    make_drafts(counted=True)  # refuses the options, before anything is read

    async def main(given: Arguments | tuple[BinaryIO, str]) -> None:
        source: Input = given if isinstance(given, Arguments) else await DocumentFile.open(*given)
        await _check(source, lambda: make_drafts(counted=True), settings, stream)
        drafts = make_drafts(counted=source.repeatable)
        async with aclosing(steps_of(source, drafts, settings, stream)) as steps:
            first = await anext(steps)
            async with connected(target, drafts.codec) as opened_store:
                store: EventReaderWriter = opened_store
                if category is not None:
                    store = opened_store.category(category)
                if first.alone:
                    await append_to(
                        store, stream, first.events, expected, timeout=timeout, as_json=as_json
                    )
                    return
                job = LongAppend(store, stream, source, expected, timeout=timeout, as_json=as_json)
                await metered(
                    "append",
                    every,
                    lambda meter: job.run(first, steps, meter),
                    interrupted=f"what is stored so far stays; {WHEN_REPEATED}",
                    streams=False,
                )

    with nullcontext(Arguments(events)) if events else opened(file) as given:
        anyio.run(main, given)


async def _check(
    source: Input, make_drafts: Callable[[], Drafts], settings: Settings, stream: UUID
) -> None:
    """Refuse an input that is wrong anywhere, if it can be read twice, before anything is sent."""
    if not source.repeatable:
        return
    with waiting("checking the input"):
        async with aclosing(steps_of(source, make_drafts(), settings, stream)) as steps:
            async for _ in steps:
                pass


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
    Append events in one append, and report the outcome.

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
            line = outcome_json("unknown", stream, event_ids=unknown.event_ids)
            await write_json([line])
        raise typer.Exit(ExitCode.UNKNOWN_OUTCOME) from None
    except WrongCategory as wrong:
        if as_json:
            line = outcome_json("wrong_category", stream, actual_category=wrong.actual)
            await write_json([line])
        raise
    except anyio.get_cancelled_exc_class():
        note(
            "interrupted: the events may or may not be stored; to be sure, repeat the command with "
            f"the same events and {_ids([event.event_id for event in events])}"
        )
        raise
    if isinstance(result, ConcurrentModification):
        actual = result.actual_version
        say_error(
            conflict_words(stream, expected, actual), after_conflict(stream, expected, actual)
        )
        if as_json:
            await write_json([outcome_json("conflict", stream, actual_version=actual)])
        raise typer.Exit(ExitCode.CONFLICT)
    if result.stored_earlier:
        note("these events were stored earlier; nothing was added")
    try:
        await write_stored(
            stream,
            result.events,
            result.version,
            stored_earlier=result.stored_earlier,
            as_json=as_json,
        )
    except OutputLost as lost:
        raise OutputLost(f"{lost}; the events are stored, up to version {result.version}") from lost


def _ids(event_ids: Sequence[UUID]) -> str:
    return " ".join(f"--event-id {event_id}" for event_id in event_ids)
