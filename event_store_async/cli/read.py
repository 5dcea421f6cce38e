"""``event-store read`` and ``event-store head``: what stands in a stream."""

from typing import Annotated

import typer

from ..cassandra import EventStore
from .arguments import FLAG, Stream
from .exit_codes import ExitCode
from .failures import CommandFailed
from .output import note, write_lines
from .printer import Form, Printer
from .target import with_store


@with_store
async def read(
    store: EventStore,
    stream: Stream,
    first: Annotated[
        int | None, typer.Option("--from", min=1, help="The version to begin with.")
    ] = None,
    last: Annotated[
        int | None, typer.Option("--to", min=1, help="The version to end with; it is read, too.")
    ] = None,
    count: Annotated[int | None, typer.Option(min=1, help="How many events at most.")] = None,
    backward: Annotated[
        bool,
        typer.Option(
            "--backward",
            metavar=FLAG,
            help="From the newest, or --from, down to the oldest.",
        ),
    ] = False,
    serial: Annotated[
        bool,
        typer.Option(
            "--serial",
            metavar=FLAG,
            help="Finish appends that are half-way first: slower, and never behind.",
        ),
    ] = False,
    as_json: Form = None,
) -> None:
    """
    Print a stream's events: in a form for people on a terminal, as JSON lines elsewhere.

    Each line is an object with stream_id, version, timestamp, event_id, type, metadata and
    payload (payload_base64, if it is not JSON).

    Examples:
    - `event-store read $STREAM`
    - `event-store read $STREAM --from 2 --to 3`
    - `event-store read $STREAM --backward --count 1`
    - `event-store read $STREAM | head -1`
    """
    if first is not None and last is not None:
        span = (first - last if backward else last - first) + 1
        if span < 1:
            raise CommandFailed(
                f"there is nothing from {first} to {last}, reading "
                f"{'backward' if backward else 'forward'}",
                hint="--from is where to begin: the higher one of a --backward read",
                code=ExitCode.USAGE,
            )
        count = span if count is None else min(count, span)
    elif last is not None and not backward:
        count = last if count is None else min(count, last)
    printer = Printer(as_json)
    found = False
    events = store.read_events(
        stream, first, count, backward=backward, consistency="serial" if serial else None
    )
    try:
        async for event in events:
            if last is not None and backward and event.version < last:
                break
            found = True
            await printer.print(event)
            if backward and event.version == last:
                break
    finally:
        await events.aclose()
        # Also what came before an event that cannot be read.
        await printer.flush()
    if not found:
        note(f"stream {stream} has no events there; it is at {await store.current_version(stream)}")


@with_store
async def head(store: EventStore, stream: Stream) -> None:
    """
    Print a stream's version: that of its last event, 0 where it has none.

    Example:
    - `event-store head $STREAM`
    """
    await write_lines([str(await store.current_version(stream))])
