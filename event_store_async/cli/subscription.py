"""``event-store subscription``: what operators see of subscriptions, and do with them."""

import getpass
from contextlib import aclosing
from typing import Annotated
from uuid import UUID

import typer

from ..cassandra import EventStore
from ..counts import counted
from ..subscriptions import SubscriptionProgress
from ..versions import MAX_VERSION
from .exit_codes import ExitCode
from .failures import CommandFailed
from .help import StoreCommand
from .options import AsJson, Stream, SubscriptionName, finite, uuid_argument
from .output import LineWriter, note, waiting, write_json, write_lines
from .subscription_reset import reset
from .subscription_text import (
    parked_json,
    parked_line,
    skipped_json,
    skipped_line,
    slice_line,
    status_json,
    status_line,
)
from .target import with_store

app = typer.Typer(
    no_args_is_help=True, help="Subscriptions to the feed: how far they are, and what waits."
)


OneStream = Annotated[
    UUID | None,
    typer.Argument(
        parser=uuid_argument,
        metavar="STREAM",
        help="The stream's id (all parked streams).",
        show_default=False,
    ),
]

Version = Annotated[int, typer.Argument(min=1, max=MAX_VERSION, help="The version of the event.")]


# What there is


@app.command("list", cls=StoreCommand)
@with_store
async def list_(store: EventStore, as_json: AsJson = False) -> None:
    """
    List all subscriptions.

    A line has the name, the number of slices, that of members, how many events and seconds the
    slowest slice is behind, how many streams are parked, and the state. A member that was killed
    counts for about a minute.

    Examples:
    - `event-store subscription list --keyspace bank`
    - `event-store subscription list --keyspace bank --json`
    """
    lines, found = LineWriter(as_json=as_json), 0
    async with aclosing(store.subscriptions.all()) as statuses:
        async for each in statuses:
            await lines.write(status_json(each) if as_json else status_line(each))
            found += 1
    if not found:
        note("there are no subscriptions")


@app.command(cls=StoreCommand)
@with_store
async def lag(
    store: EventStore,
    name: SubscriptionName,
    max_events: Annotated[
        int | None,
        typer.Option(min=0, help="Fail if a slice is more events than this behind."),
    ] = None,
    max_seconds: Annotated[
        float | None,
        typer.Option(
            min=0, callback=finite, help="Fail if a slice is more seconds than this behind."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """
    Show how far a subscription is behind the end of the feed.

    A line is a slice: its number, the events and seconds that it is behind, how many of its streams
    are parked, the member that works on it, and why it stays where it is, if it does.

    Exit code 5: a slice is further behind than a limit.

    Examples:
    - `event-store subscription lag --keyspace bank mails`
    - `event-store subscription lag --keyspace bank mails --max-seconds 60`
    """
    found = await store.subscriptions.status(name)
    if as_json:
        await write_json([status_json(found)])
    else:
        await write_lines(slice_line(each) for each in found.lag.slices)
    passed = []
    if max_events is not None and found.lag.events > max_events:
        passed.append(f"{counted(found.lag.events, 'event')} behind, more than {max_events:,}")
    if max_seconds is not None and found.lag.seconds > max_seconds:
        passed.append(f"{found.lag.seconds:,.1f} seconds behind, more than {max_seconds:g}")
    if passed:
        raise CommandFailed(
            f"subscription {name} is {' and '.join(passed)}", code=ExitCode.FINDINGS
        )


@app.command(cls=StoreCommand)
@with_store
async def parked(
    store: EventStore, name: SubscriptionName, stream: OneStream = None, as_json: AsJson = False
) -> None:
    """
    List parked streams: an event of each failed, and the later ones wait behind it.

    A line has the stream, the version of the first event that waits, its type, the version of the
    last one, since when, how often it was tried, whether a replay is asked for, and the error. A
    replay that fails counts as tried, and is asked for no more.

    Examples:
    - `event-store subscription parked --keyspace bank mails`
    - `event-store subscription parked --keyspace bank mails $STREAM --json`
    """
    lines, found = LineWriter(as_json=as_json), 0
    async with aclosing(store.subscriptions.parked(name, stream)) as rows:
        async for row in rows:
            await lines.write(parked_json(row) if as_json else parked_line(row))
            found += 1
    if not found:
        note("no stream is parked" if stream is None else "the stream is not parked")


@app.command(cls=StoreCommand)
@with_store
async def skipped(store: EventStore, name: SubscriptionName, as_json: AsJson = False) -> None:
    """
    List the events that were ever skipped, the first one first.

    A line has the stream, the version of the event, when it was skipped, by whom, why, and the
    error for which it was parked.

    Examples:
    - `event-store subscription skipped --keyspace bank mails`
    - `event-store subscription skipped --keyspace bank mails --json`
    """
    lines, found = LineWriter(as_json=as_json), 0
    async with aclosing(store.subscriptions.skipped(name)) as events:
        async for event in events:
            await lines.write(skipped_json(event) if as_json else skipped_line(event))
            found += 1
    if not found:
        note("no event was skipped")


@app.command(cls=StoreCommand)
@with_store
async def wait(
    store: EventStore,
    name: SubscriptionName,
    stream: Stream,
    version: Version,
    timeout: Annotated[
        float, typer.Option(min=0.001, callback=finite, help="The most seconds to wait.")
    ] = 30.0,
) -> None:
    """
    Wait until a subscription has handled an event; print handled, parked or late.

    Exit code 1: it was not handled in time. Exit code 5: it waits in a parked stream.

    Example:
    - `event-store subscription wait --keyspace bank mails $STREAM 1`
    """
    await store.subscriptions.checkpoints(name)  # a wait for one that there is not is a mistake
    progress = SubscriptionProgress(name, store.feed(), store.subscriptions)
    with waiting(f"waiting for {name}"):
        found = await progress.wait_for(stream, version, timeout=timeout)
    await write_lines([found])
    if found == "parked":
        raise CommandFailed(
            f"version {version} of stream {stream} waits in a parked stream",
            hint=f"see `event-store subscription parked {name} {stream}`",
            code=ExitCode.FINDINGS,
        )
    if found == "late":
        raise CommandFailed(
            f"version {version} of stream {stream} was not handled within {timeout:g} s",
            hint=f"see `event-store subscription lag {name}`",
        )


# What is done about it


@app.command(cls=StoreCommand)
@with_store
async def pause(store: EventStore, name: SubscriptionName) -> None:
    """
    Let a subscription stand still until it is resumed, also through restarts.

    Its members finish the events in hand, and see it a few seconds later at most.

    Example:
    - `event-store subscription pause --keyspace bank mails`
    """
    await store.subscriptions.pause(name)
    note(f"subscription {name} is paused")


@app.command(cls=StoreCommand)
@with_store
async def resume(store: EventStore, name: SubscriptionName) -> None:
    """
    Let a paused subscription go on.

    Example:
    - `event-store subscription resume --keyspace bank mails`
    """
    await store.subscriptions.resume(name)
    note(f"subscription {name} goes on")


app.command(cls=StoreCommand)(reset)


@app.command(cls=StoreCommand)
@with_store
async def slices(
    store: EventStore,
    name: SubscriptionName,
    count: Annotated[int, typer.Argument(metavar="SLICES", help="How many slices it is to have.")],
) -> None:
    """
    Change the number of slices, while members run.

    They finish the events in hand, and go on with the new number: nothing is delivered twice or
    left out. If no member holds a slice, it has the new number at once. Deploy programs with the
    new number afterwards; until then, one that starts with the old number fails.

    Example:
    - `event-store subscription slices --keyspace bank mails 8`
    """
    found = await store.subscriptions.reslice(name, count)
    if found.next_slices is None:
        note(f"subscription {name} has {counted(found.slices, 'slice')}")
    else:
        note(f"its members are about to go over to {counted(found.next_slices, 'slice')}")


@app.command(cls=StoreCommand)
@with_store
async def forget(store: EventStore, name: SubscriptionName) -> None:
    """
    Delete all that is known of a subscription. Stop its members first.

    A program that runs it again begins anew, at the start that it gives.

    Example:
    - `event-store subscription forget --keyspace bank mails`
    """
    await store.subscriptions.forget(name)
    note(f"subscription {name} is forgotten")


@app.command(cls=StoreCommand)
@with_store
async def replay(store: EventStore, name: SubscriptionName, stream: OneStream = None) -> None:
    """
    Let parked events be handled again, in order; a stream without any left is live again.

    Examples:
    - `event-store subscription replay --keyspace bank mails`
    - `event-store subscription replay --keyspace bank mails $STREAM`
    """
    found = await store.subscriptions.replay(name, stream)
    note(f"{counted(found, 'parked stream')} will be replayed")


@app.command(cls=StoreCommand)
@with_store
async def skip(
    store: EventStore,
    name: SubscriptionName,
    stream: Stream,
    version: Version,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why; it is kept for ever.")],
    by: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Who says so (the user's name).")
    ] = None,
) -> None:
    """
    Skip the first parked event of a stream, and replay those behind it.

    A reset forgets it, but for the record: see `skipped`.

    Example:
    - `event-store subscription skip --keyspace bank mails $STREAM 2 --reason "sent by hand"`
    """
    by = getpass.getuser() if by is None else by
    await store.subscriptions.skip(name, stream, version, reason=reason, by=by)
    note(f"version {version} of stream {stream} is skipped")


@app.command(cls=StoreCommand)
@with_store
async def park(store: EventStore, name: SubscriptionName, stream: Stream) -> None:
    """
    Park a stream, as for a slice that stays at one of its events.

    Example:
    - `event-store subscription park --keyspace bank mails $STREAM`
    """
    await store.subscriptions.park(name, stream)
    note(f"stream {stream} is parked")
