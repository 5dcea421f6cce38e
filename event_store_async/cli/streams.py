"""``event-store streams``: counts streams and events; ``streams categorise`` stands below it."""

import functools
import inspect
from dataclasses import asdict
from typing import Annotated, Any

import orjson
import typer

from ..cassandra import EventStore
from ..counts import counted
from ..maintenance import (
    Depth,
    StreamFacts,
    Survey,
    survey_streams,
)
from ..moments import from_milliseconds, moment_text
from .categorise import categorise
from .help import StoreCommand, StoreGroup
from .meter import GOES_ON, NOT_SAVED, metered
from .options import FLAG, AsJson, CheckpointOption, Every
from .output import LineWriter, write_json, write_lines
from .printer import earlier_lines
from .target import with_store


@with_store
async def streams(
    store: EventStore,
    depth: Annotated[
        Depth,
        typer.Option(
            help="How much to read of each stream: heads is the least; ends also reads its last "
            "event; events reads all events and counts their bytes."
        ),
    ] = Depth.ENDS,
    every_one: Annotated[
        bool,
        typer.Option("--list", metavar=FLAG, help="Print a line for each stream, in no order."),
    ] = False,
    checkpoint: CheckpointOption = None,
    every: Every = 5.0,
    as_json: AsJson = False,
) -> None:
    """
    Count the streams and events of a store: how many, how long, how old, how large.

    Scans the whole table, in token ranges. Streams and events are those that are kept, as `verify`
    counts them; what was erased is counted by itself. The columns of --list are stream, version,
    first event, last event, bytes, category, first version that is kept, and "closed" or "open".
    When it resumes from a --checkpoint, it lists the streams since that checkpoint again.

    Examples:
    - `event-store streams`
    - `event-store streams --depth events --json`
    - `event-store streams --depth heads --list | sort --key 2 --numeric-sort --reverse | head`
    """
    lines = LineWriter(as_json=as_json)

    async def print_stream(facts: StreamFacts) -> None:
        await lines.write(_line(facts, as_json))

    survey = await metered(
        "streams",
        every,
        lambda meter: survey_streams(
            store,
            depth=depth,
            checkpoint=checkpoint,
            on_progress=meter,
            on_stream=print_stream if every_one else None,
        ),
        interrupted=NOT_SAVED if checkpoint is None else GOES_ON,
    )
    if as_json and not every_one:
        await write_json([orjson.dumps(_summary(survey, depth)).decode()])
    else:
        await write_lines(_words(survey, depth), to_stderr=every_one)


@functools.wraps(streams)
def _unless_a_subcommand(ctx: typer.Context, **values: Any) -> None:
    if ctx.invoked_subcommand is None:
        streams(**values)
        return
    given = [
        name
        for name in values
        if (source := ctx.get_parameter_source(name)) is not None and source.name == "COMMANDLINE"
    ]
    if given:
        raise typer.BadParameter(
            f"give it after {ctx.invoked_subcommand!r}",
            param_hint=f"'--{given[0].replace('_', '-')}'",
        )


_context = inspect.Parameter("ctx", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)
_unless_a_subcommand.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
    [_context, *inspect.signature(streams).parameters.values()]
)

app = typer.Typer(cls=StoreGroup, invoke_without_command=True)
app.callback()(_unless_a_subcommand)
app.command(cls=StoreCommand)(categorise)


def _line(facts: StreamFacts, as_json: bool) -> str:
    first, last = (moment and moment_text(moment) for moment in (facts.first, facts.last))
    if as_json:
        return orjson.dumps({**asdict(facts), "first": first, "last": last}).decode()
    cells: tuple[object, ...] = (facts.stream_id, facts.version, first, last, facts.bytes)
    cells += (facts.category, facts.kept_from, "closed" if facts.closed else "open")
    return "\t".join("-" if cell is None else str(cell) for cell in cells)


def _summary(survey: Survey, depth: Depth) -> dict[str, object]:
    found: dict[str, object] = asdict(survey)
    for name in ("oldest", "newest"):
        found[name] = _moment(found[name])
    if depth is not Depth.EVENTS:
        found.update(bytes=None, largest=None)
    return found


def _words(survey: Survey, depth: Depth) -> list[str]:
    texts = [f"streams   {survey.streams:,}", f"events    {survey.events:,}"]
    if survey.erased or survey.empty:
        texts.append(f"erased    {counted(survey.erased, 'event')}")
        texts.append(f"empty     {counted(survey.empty, 'stream')}, all events erased, or closed")
    if depth is Depth.EVENTS:
        texts.append(f"bytes     {survey.bytes:,}, of payloads and metadata as stored")
        if survey.largest_stream:
            texts.append(
                f"largest   {counted(survey.largest, 'byte')}, stream {survey.largest_stream}"
            )
    if survey.longest_stream:
        texts.append(
            f"longest   {counted(survey.longest, 'event')}, stream {survey.longest_stream}"
        )
    for name, moment in (("oldest", survey.oldest), ("newest", survey.newest)):
        if moment is not None:
            texts.append(f"{name}    {_moment(moment)}")
    for smallest, count in sorted((survey.lengths or {}).items(), key=lambda it: int(it[0])):
        texts.append(f"{_lengths(int(smallest)):>27}  {counted(count, 'stream')}")
    return texts + earlier_lines(survey.earlier)


def _lengths(smallest: int) -> str:
    if smallest < 2:
        return counted(smallest, "event")
    largest = 9 if smallest == 2 else smallest * 10 - 1
    return f"{smallest:,} to {counted(largest, 'event')}"


def _moment(milliseconds: object) -> str | None:
    if not isinstance(milliseconds, int):
        return None
    return moment_text(from_milliseconds(milliseconds))
