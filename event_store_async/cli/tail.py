"""``event-store tail``: follows a stream as it grows."""

from typing import Annotated
from uuid import UUID

import anyio
import typer

from ..cassandra import EventStore
from ..errors import StoreUnavailable
from ..ports import EventReader
from .interval import Interval
from .options import Form, Stream, finite
from .output import note
from .printer import Printer
from .target import with_store


@with_store
async def tail(
    store: EventStore,
    stream: Stream,
    first: Annotated[
        int | None,
        typer.Option("--from", min=1, help="The first version to print (the next new one)."),
    ] = None,
    count: Annotated[int | None, typer.Option(min=1, help="Stop after this many events.")] = None,
    shortest: Annotated[
        float,
        typer.Option(
            "--shortest",
            min=0.01,
            callback=finite,
            help="The shortest time between polls, in seconds.",
        ),
    ] = 0.1,
    longest: Annotated[
        float,
        typer.Option(
            "--longest",
            min=0.01,
            callback=finite,
            help="The longest time between polls, in seconds.",
        ),
    ] = 5.0,
    as_json: Form = None,
) -> None:
    """
    Print a stream's events as they arrive, until Ctrl-C.

    The store is polled: less often while nothing arrives, more often when something does. Events
    are printed in order, and none is missed.

    Examples:
    - `event-store tail $STREAM --from 1 --count 2`
    - `event-store tail $STREAM`
    """
    await follow(store, stream, first, count, Interval(shortest, longest), Printer(as_json))


async def follow(
    store: EventReader,
    stream: UUID,
    first: int | None,
    count: int | None,
    interval: Interval,
    printer: Printer,
) -> None:
    """
    Print a stream's events as they arrive, until *count* of them are printed.

    Args:
        store: The store to poll.
        stream: The stream to follow.
        first: The first version to print; None for the one after the current version.
        count: The number of events; None for no limit.
        interval: The time between polls.
        printer: Prints the events.

    Raises:
        EventStoreError: see `EventReader.read_events`; but `StoreUnavailable` only delays the next
            poll.
    """
    version = first if first is not None else await store.current_version(stream) + 1
    note(f"following stream {stream} from version {version}; press Ctrl-C to stop")
    left = count
    while True:
        before = version
        try:
            async for event in store.read_events(stream, version, left):
                await printer.print(event)
                version = event.version + 1
        except StoreUnavailable as error:
            interval.failed()
            note(f"{error}; trying again in {interval.seconds:g} s")
        else:
            interval.something_arrived() if version > before else interval.nothing_arrived()
        await printer.flush()
        if left is not None and (left := left - (version - before)) <= 0:
            return
        await anyio.sleep(interval.seconds)
