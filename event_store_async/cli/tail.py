"""``event-store tail``: follows a stream as it grows."""

from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import Annotated
from uuid import UUID

import anyio
import typer

from ..cassandra import EventStore
from ..errors import StoreUnavailable
from ..follower import Polling
from ..ports import StreamFollower
from ..versions import MAX_VERSION
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
    printer = Printer(as_json)
    polling = Polling(
        shortest=shortest, longest=max(shortest, longest), max_outage=0, sleep=pauses(printer)
    )
    await follow(store, stream, first, count, polling, printer)


def pauses(printer: Printer) -> Callable[[float], Awaitable[None]]:
    """Return a way to sleep that first prints what there is: nothing more comes for a while."""

    async def sleep(seconds: float) -> None:
        await printer.flush()
        await anyio.sleep(seconds)

    return sleep


async def follow(
    store: StreamFollower,
    stream: UUID,
    first: int | None,
    count: int | None,
    polling: Polling,
    printer: Printer,
) -> None:
    """
    Print a stream's events as they arrive, until *count* of them are printed.

    Args:
        store: The store to poll.
        stream: The stream to follow.
        first: The first version to print; None for the one after the current version.
        count: The number of events; None for no limit.
        polling: When to poll. An outage is noted each time that it raises `StoreUnavailable`.
        printer: Prints the events.

    Raises:
        EventStoreError: see `StreamFollower.follow`; but `StoreUnavailable` only delays the next
            poll.
    """
    version = first if first is not None else await store.current_version(stream) + 1
    what = f"following stream {stream} from version {version}"
    if version > MAX_VERSION:
        what = f"stream {stream} is closed: no event will come"
    note(f"{what}; press Ctrl-C to stop")
    left = count
    async with aclosing(store.follow(stream, version, polling=polling)) as events:
        while left is None or left > 0:
            try:
                event = await anext(events)
            except StoreUnavailable as error:
                note(f"{error}; trying again within {polling.longest:g} s")
                continue
            await printer.print(event)
            left = None if left is None else left - 1
    await printer.flush()
