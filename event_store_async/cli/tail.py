"""``event-store tail``: a stream as it grows."""

from typing import Annotated
from uuid import UUID

import anyio
import typer

from ..cassandra import EventStore
from ..errors import StoreUnavailable
from ..ports import EventReader
from .arguments import Stream
from .interval import Interval
from .output import note
from .printer import Form, Printer
from .target import with_store


@with_store
async def tail(
    store: EventStore,
    stream: Stream,
    first: Annotated[
        int | None,
        typer.Option("--from", min=1, help="The version to begin with (the next one to come)."),
    ] = None,
    count: Annotated[int | None, typer.Option(min=1, help="End after so many events.")] = None,
    shortest: Annotated[
        float,
        typer.Option("--shortest", min=0.01, help="Seconds between two questions, at least."),
    ] = 0.1,
    longest: Annotated[
        float,
        typer.Option("--longest", min=0.01, help="Seconds between two questions, at most."),
    ] = 5.0,
    as_json: Form = None,
) -> None:
    """
    Print a stream's events as they come, until Ctrl-C.

    The store is asked again and again: less often while nothing comes, more often when something
    does. Events come in order, and none is left out.

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
    Print events as they come, until so many have.

    Args:
        store: Where they come from.
        stream: Their stream.
        first: The version of the first; None for the one behind the last that is there.
        count: How many; None for ever.
        interval: How often to ask.
        printer: Prints them.

    Raises:
        EventStoreError: as `EventReader.read_events`, but for `StoreUnavailable`, where the next
            question is put later.
    """
    version = first if first is not None else await store.current_version(stream) + 1
    note(f"following stream {stream} from version {version}; Ctrl-C ends it")
    left = count
    while True:
        before = version
        try:
            async for event in store.read_events(stream, version, left):
                await printer.print(event)
                version = event.version + 1
        except StoreUnavailable as error:
            interval.failed()
            note(f"{error}; asking again in {interval.seconds:g} s")
        else:
            interval.something_came() if version > before else interval.nothing_came()
        await printer.flush()
        if left is not None and (left := left - (version - before)) <= 0:
            return
        await anyio.sleep(interval.seconds)
