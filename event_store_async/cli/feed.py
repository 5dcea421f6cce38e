"""``event-store feed``: one log of all events, enabled, watched, read and sequenced."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Annotated, Any, Final

import orjson
import typer

from ..cassandra import EventStore, FeedBackfill, FeedLink, FeedStatus
from ..counts import counted
from ..errors import InvalidArgument, NotPublished, SchemaMissing
from ..feeds import FeedEvent, Position
from ..maintenance import Progress
from ..moments import moment_text
from .exit_codes import ExitCode
from .failures import CommandFailed, wrong_usage
from .help import StoreCommand
from .meter import GOES_ON, Meter, metered
from .options import FLAG, AsJson, Every, Form, Stream, finite
from .output import LineWriter, is_terminal, note, waiting, write_json, write_lines
from .printer import Printer
from .schema import DryRun, print_plan, print_report
from .target import with_store

app = typer.Typer(no_args_is_help=True, help="One log of the events of all streams.")

_STATUS: Final = "see `event-store feed status`"


def position_option(text: str) -> Position:
    """Parse a position on the command line; raises `typer.BadParameter` if it is not one."""
    try:
        return Position.parse(text)
    except InvalidArgument:
        raise typer.BadParameter(
            f"{text[:80]!r} is not a position in a feed; `event-store feed read --json` prints them"
        ) from None


After = Annotated[
    Position | None,
    typer.Option(
        "--after",
        parser=position_option,
        metavar="POSITION",
        help="Begin after this position (the beginning).",
    ),
]

Categories = Annotated[
    list[str],
    typer.Option(
        "--category", metavar="NAME", help="Only streams of this category; may be repeated."
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
    Give an existing table a feed.

    Then restart every process that appends: a process that was started before does not announce
    its appends, and they reach the feed minutes later, by a scan. Events from before are published
    by the first process that runs afterwards; `event-store feed run --until-complete` shows how far
    that has come. A feed cannot be taken away again. It is safe to repeat this command.

    Examples:
    - `event-store feed enable --keyspace bank --dry-run`
    - `event-store feed enable --keyspace bank`
    """
    state = await store.schema_state()
    if not state.columns:
        raise SchemaMissing(state.table)
    if dry_run:
        await print_plan(await store.operations.plan_schema(feed=True))
        return
    with waiting("creating the tables of the feed"):
        report = await store.create_schema(feed=True)
    await print_report(report)
    if state.has_feed:
        note("the table had a feed already")
        return
    note("restart every process that appends to the table")
    await _list_processes(store)
    note("then: event-store feed run --until-complete")


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
    categories: Categories = [],  # noqa: B006 - typer copies it
    types: Types = [],  # noqa: B006 - typer copies it
    count: Count = None,
    links: Annotated[
        bool,
        typer.Option(
            "--links",
            metavar=FLAG,
            help="Print what the feed itself stores: links to events, and no events.",
        ),
    ] = False,
    as_json: Form = None,
) -> None:
    """
    Print the events of all streams, in the order of the feed, up to its end.

    With --links, a line is a link: the ordinal of its last event, the stream, the first and the
    last version, the category and the types. --count then counts links.

    Examples:
    - `event-store feed read --keyspace bank --count 10`
    - `event-store feed read --keyspace bank --type deposited`
    - `event-store feed read --keyspace bank --links`
    """
    if links:
        found = store.operations.feed_links(after, categories=categories, types=types)
        printed = await _print_links(found, count, as_json)
    else:
        feed = store.feed(categories=categories, types=types)
        printed = await _print(feed.read(after, max_count=count), count, as_json)
    if not printed:
        note(f"there is nothing to print, or not yet: {_STATUS}")


@app.command(cls=StoreCommand)
@with_store
async def follow(
    store: EventStore,
    after: After = None,
    now: Annotated[
        bool, typer.Option("--now", metavar=FLAG, help="Begin at the end of the feed.")
    ] = False,
    categories: Categories = [],  # noqa: B006 - typer copies it
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
    if now and after is not None:
        raise wrong_usage("--now and --after exclude each other")
    feed = store.feed(categories=categories, types=types)
    start = await feed.head() if now else after
    note("following the feed; press Ctrl-C to stop")
    await _print(feed.follow(start), count, as_json, at_once=True)


@app.command(cls=StoreCommand)
@with_store
async def locate(
    store: EventStore,
    stream: Stream,
    version: Annotated[int, typer.Argument(min=1, help="The version of the event.")],
    timeout: Annotated[
        float,
        typer.Option(
            min=0, callback=finite, help="Seconds to wait until the event is in the feed."
        ),
    ] = 0.0,
) -> None:
    """
    Print a position at or after an event: a reader that has passed it has seen the event.

    It is not the event's own position, but the end of an entry of the log: of an older event, the
    entry with the latest event of its stream. `feed read --json` prints each event with its own
    position.

    Exit code 1: the event is not in the feed, or not yet.

    Example:
    - `event-store feed locate --keyspace bank $STREAM 1 --timeout 10`
    """
    feed = store.feed()
    try:
        found = (
            await feed.position_of(stream, version, timeout=timeout)
            if timeout
            else await feed.locate(stream, version)
        )
    except NotPublished:
        found = None
    if found is None:
        raise CommandFailed(
            f"version {version} of stream {stream} is not in the feed", hint=_STATUS
        )
    await write_lines([str(found)])


@app.command(cls=StoreCommand)
@with_store
async def run(
    store: EventStore,
    until_complete: Annotated[
        bool,
        typer.Option(
            "--until-complete",
            metavar=FLAG,
            help="Stop once the events from before the feed was enabled are in it, and show how "
            "far that has come.",
        ),
    ] = False,
    every: Every = 5.0,
) -> None:
    """
    Sequence the feed until Ctrl-C, and do nothing else.

    Any number of these may run: one works, and the others take over if it ends. With
    --until-complete, it can be interrupted and repeated: it goes on where it was.

    Examples:
    - `event-store feed run --keyspace bank`
    - `event-store feed run --keyspace bank --until-complete`
    """
    if not until_complete:
        note("sequencing the feed; press Ctrl-C to stop")
        await store.operations.run_sequencer()
        return
    done = await metered(
        "feed",
        every,
        lambda meter: store.operations.build_feed(_progress(meter)),
        interrupted=GOES_ON,
        streams=False,
    )
    await write_lines([f"the feed is complete: {counted(done.events, 'event')}"])


def _progress(meter: Meter) -> Callable[[FeedBackfill], None]:
    """Return what tells a meter of a backfill; what was done before is not this run's."""
    begun: float | None = None

    def tell(found: FeedBackfill) -> None:
        nonlocal begun
        begun = found.fraction if begun is None else begun
        meter(Progress(found.fraction, 0, found.events, resumed_at=begun))

    return tell


async def _list_processes(store: EventStore) -> None:
    """Note which processes are connected, and perhaps append."""
    with waiting("looking for processes"):
        found = await store.operations.clients()
    if found is None:
        note("which processes are connected cannot be found out here")
        return
    note("connected with this library, to any keyspace, this command among them:")
    for each in found:
        connections = counted(each.connections, "connection")
        note(f"    {each.address}  {connections}, client {each.client}")


async def _print(
    events: AsyncGenerator[FeedEvent[Any], None],
    count: int | None,
    as_json: bool | None,
    *,
    at_once: bool = False,
) -> int:
    """Print events, up to *count* of them; return how many there were."""
    printer = Printer(as_json)
    printed = 0
    try:
        async with aclosing(events):
            async for event in events:
                await printer.print(event)
                printed += 1
                if at_once:
                    await printer.flush()
                if printed == count:
                    break
    finally:
        await printer.flush()  # also what came before an event that cannot be read
    return printed


async def _print_links(
    links: AsyncGenerator[FeedLink, None], count: int | None, as_json: bool | None
) -> int:
    """Print links, up to *count* of them; return how many there were."""
    as_json = not is_terminal() if as_json is None else as_json
    lines = LineWriter(as_json=as_json)
    printed = 0
    async with aclosing(links):
        async for link in links:
            await lines.write(_link_json(link) if as_json else _link_line(link))
            printed += 1
            if printed == count:
                break
    return printed


def _link_line(link: FeedLink) -> str:
    types = ",".join(type_ or "-" for type_ in link.types)
    cells = (link.position.ordinal, link.stream_id, link.first, link.last, link.category, types)
    return "\t".join("-" if cell is None else str(cell) for cell in cells)


def _link_json(link: FeedLink) -> str:
    return orjson.dumps(
        {
            "position": str(link.position),
            "ordinal": link.position.ordinal,
            "entry": link.position.entry,
            "stream_id": link.stream_id,
            "first": link.first,
            "last": link.last,
            "category": link.category,
            "types": link.types,
            "published": moment_text(link.published),
        }
    ).decode()


def _words(found: FeedStatus) -> list[str]:
    state = f"{found.state}, {found.backfilled:.0%}" if found.backfilled < 1 else found.state
    published = moment_text(found.published) if found.published else "never"
    return [
        f"state         {state}",
        f"events        {found.head.ordinal:,}",
        f"head          {found.head}",
        f"published     {published}",
        f"writers       {found.writers:,}",
        f"undecided     {found.undecided:,}",
        f"sequenced     {'yes' if found.is_sequenced else 'no'}",
    ]


def _json(found: FeedStatus) -> str:
    return orjson.dumps(
        {
            "state": found.state,
            "backfilled": found.backfilled,
            "events": found.head.ordinal,
            "head": str(found.head),
            "published": moment_text(found.published) if found.published else None,
            "writers": found.writers,
            "undecided": found.undecided,
            "sequenced": found.is_sequenced,
        }
    ).decode()
