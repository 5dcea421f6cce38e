"""``event-store feed``: one log of all events, enabled, watched, read and sequenced."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated, Any

import orjson
import typer

from ..cassandra import EventStore, FeedStatus
from ..counts import counted
from ..errors import InvalidArgument
from ..feeds import FeedEvent, Position
from .exit_codes import ExitCode
from .failures import CommandFailed
from .help import StoreCommand
from .options import FLAG, AsJson, Form, Stream
from .output import note, waiting, write_json, write_lines
from .printer import Printer
from .schema import DryRun
from .target import with_store

app = typer.Typer(no_args_is_help=True, help="One log of the events of all streams.")


def position_option(text: str) -> Position:
    """Parse a position on the command line; raises `typer.BadParameter` if it is not one."""
    try:
        return Position.parse(text)
    except InvalidArgument as error:
        raise typer.BadParameter(str(error)) from None


After = Annotated[
    Position | None,
    typer.Option(
        "--after",
        parser=position_option,
        metavar="POSITION",
        help="Begin after this position (the beginning).",
    ),
]

Types = Annotated[
    list[str],
    typer.Option("--type", metavar="TYPE", help="Only events of this type; may be repeated."),
]

Count = Annotated[int | None, typer.Option(min=1, help="Stop after this many events.")]


@app.command(cls=StoreCommand)
@with_store
async def enable(store: EventStore, dry_run: DryRun = False) -> None:
    """
    Give the table a feed.

    Then restart every process that appends: a process that was started before does not announce
    its appends, and they reach the feed minutes later, by a scan. Events from before are published
    by the first process that runs afterwards: see `event-store feed status`. A feed cannot be taken
    away again.

    Examples:
    - `event-store feed enable --keyspace bank --dry-run`
    - `event-store feed enable --keyspace bank`
    """
    if dry_run:
        statements = await store.operations.plan_schema(feed=True)
        await write_lines(statements)
        note(f"{counted(len(statements), 'statement')} would be run; nothing was changed")
        return
    with waiting("creating the tables of the feed"):
        report = await store.create_schema(feed=True)
    await write_lines([f"{table.table}: version {table.version}" for table in report.tables])
    note("restart every process that appends; then: event-store feed status")


@app.command(cls=StoreCommand)
@with_store
async def status(store: EventStore, as_json: AsJson = False) -> None:
    """
    Show how the feed is doing.

    Exit code 5: no sequencer works, so nothing is published.

    Examples:
    - `event-store feed status --keyspace bank`
    - `event-store feed status --keyspace bank --json`
    """
    with waiting("watching the sequencer"):
        found = await store.operations.feed_status()
    if as_json:
        await write_json([_json(found)])
    else:
        await write_lines(_words(found))
    if not found.is_sequenced:
        raise CommandFailed(
            "no sequencer works: nothing is published",
            hint="every store on the table runs one in the background while its process lives; "
            "`event-store feed run` is a process that does nothing else",
            code=ExitCode.FINDINGS,
        )


@app.command(cls=StoreCommand)
@with_store
async def read(
    store: EventStore,
    after: After = None,
    types: Types = [],  # noqa: B006 - typer copies it
    count: Count = None,
    as_json: Form = None,
) -> None:
    """
    Print the events of all streams, in the order of the feed, up to its end.

    Examples:
    - `event-store feed read --keyspace bank --count 10`
    - `event-store feed read --keyspace bank --type deposited`
    """
    feed = store.feed(types=types)
    await _print(feed.read(after, max_count=count), count, as_json)


@app.command(cls=StoreCommand)
@with_store
async def follow(
    store: EventStore,
    after: After = None,
    now: Annotated[
        bool, typer.Option("--now", metavar=FLAG, help="Begin at the end of the feed.")
    ] = False,
    types: Types = [],  # noqa: B006 - typer copies it
    count: Count = None,
    as_json: Form = None,
) -> None:
    """
    Print the events of all streams as they are published, until Ctrl-C.

    Examples:
    - `event-store feed follow --keyspace bank --count 1`
    - `event-store feed follow --keyspace bank --now`
    """
    feed = store.feed(types=types)
    start = await feed.head() if now else after
    note("following the feed; press Ctrl-C to stop")
    await _print(feed.follow(start), count, as_json, at_once=True)


@app.command(cls=StoreCommand)
@with_store
async def locate(
    store: EventStore,
    stream: Stream,
    version: Annotated[int, typer.Argument(min=1, help="The version of the event.")],
) -> None:
    """
    Print a position at or after an event: who has read up to it has seen the event.

    Exit code 1: the event is not in the feed, or not yet.

    Example:
    - `event-store feed locate --keyspace bank $STREAM 1`
    """
    found = await store.feed().locate(stream, version)
    if found is None:
        raise CommandFailed(
            f"version {version} of stream {stream} is not in the feed",
            hint="see `event-store feed status`",
        )
    await write_lines([str(found)])


@app.command(cls=StoreCommand)
@with_store
async def run(store: EventStore) -> None:
    """
    Sequence the feed until Ctrl-C, and do nothing else.

    Any number of these may run: one works, and the others take over if it ends.

    Example:
    - `event-store feed run --keyspace bank`
    """
    note("sequencing the feed; press Ctrl-C to stop")
    await store.operations.run_sequencer()


async def _print(
    events: AsyncGenerator[FeedEvent[Any], None],
    count: int | None,
    as_json: bool | None,
    *,
    at_once: bool = False,
) -> None:
    printer = Printer(as_json)
    printed = 0
    async with aclosing(events):
        async for event in events:
            await printer.print(event)
            printed += 1
            if at_once:
                await printer.flush()
            if printed == count:
                break
    await printer.flush()


def _words(found: FeedStatus) -> list[str]:
    published = found.published.isoformat(timespec="seconds") if found.published else "never"
    return [
        f"state         {found.state}",
        f"events        {found.head.ordinal:,}",
        f"head          {found.head}",
        f"published     {published}",
        f"writers       {found.writers}",
        f"undecided     {found.undecided}",
        f"sequenced     {'yes' if found.is_sequenced else 'no'}",
    ]


def _json(found: FeedStatus) -> str:
    return orjson.dumps(
        {
            "state": found.state,
            "events": found.head.ordinal,
            "head": str(found.head),
            "published": found.published,
            "writers": found.writers,
            "undecided": found.undecided,
            "sequenced": found.is_sequenced,
        }
    ).decode()
