"""``event-store read`` and ``event-store head``: a stream's events, and its version."""

from typing import Annotated

import orjson
import typer

from ..cassandra import EventStore
from ..versions import MAX_VERSION
from .closure import closed_note
from .failures import wrong_usage
from .options import FLAG, AsJson, Form, Stream
from .output import note, write_json, write_lines
from .printer import Printer
from .target import with_store


@with_store
async def read(
    store: EventStore,
    stream: Stream,
    first: Annotated[
        int | None, typer.Option("--from", min=1, help="The first version to read.")
    ] = None,
    last: Annotated[
        int | None, typer.Option("--to", min=1, help="The last version to read.")
    ] = None,
    count: Annotated[int | None, typer.Option(min=1, help="Stop after this many events.")] = None,
    backward: Annotated[
        bool,
        typer.Option(
            "--backward",
            metavar=FLAG,
            help="Read from the newest event (or --from) down to the oldest.",
        ),
    ] = False,
    serial: Annotated[
        bool,
        typer.Option(
            "--serial",
            metavar=FLAG,
            help="Complete appends in progress first: slower, but always up to date.",
        ),
    ] = False,
    as_json: Form = None,
) -> None:
    """
    Print a stream's events: in a readable form on a terminal, as JSON lines elsewhere.

    Each JSON line is an object with stream_id, version, timestamp, event_id, type, metadata and
    payload (or payload_base64, if the payload is not JSON).

    Examples:
    - `event-store read $STREAM`
    - `event-store read $STREAM --from 2 --to 3`
    - `event-store read $STREAM --backward --count 1`
    - `event-store read $STREAM | head -1`
    """
    if first is not None and last is not None:
        span = (first - last if backward else last - first) + 1
        if span < 1:
            raise wrong_usage(
                f"{first} to {last} is empty when reading {'backward' if backward else 'forward'}",
                "--from is where to start: with --backward, it is the higher version",
            )
        count = span if count is None else min(count, span)
    elif last is not None and not backward:
        count = last if count is None else min(count, last)
    printer = Printer(as_json)
    found = False
    events = store.read_events(stream, first, count, backward=backward, serial=serial)
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
        # Also the events before one that cannot be decoded.
        await printer.flush()
    if not found:
        version = await store.current_version(stream)
        at = "is closed" if version == MAX_VERSION else f"is at version {version}"
        note(f"no events in this range: stream {stream} {at}")


@with_store
async def head(store: EventStore, stream: Stream, as_json: AsJson = False) -> None:
    """
    Print a stream's version: that of its last event, or 0 if it has never had one.

    That of a closed stream is 2147483647, the highest; that it is closed is noted, and in the JSON.

    Examples:
    - `event-store head $STREAM`
    - `event-store head $STREAM --json`
    """
    version = await store.current_version(stream)
    closed = version == MAX_VERSION
    if as_json:
        fields = {"stream_id": stream, "version": version, "closed": closed}
        await write_json([orjson.dumps(fields).decode()])
    else:
        await write_lines([str(version)])
    if closed:
        note(closed_note(stream))
