"""``event-store streams``: counts streams and events."""

from dataclasses import asdict
from typing import Annotated

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
from ..moments import from_milliseconds
from .meter import GOES_ON, NOT_SAVED, metered
from .options import FLAG, AsJson, CheckpointOption, Every
from .output import LineWriter, write_json, write_lines
from .printer import earlier_lines
from .rendering import moment_text
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

    Scans the whole table, in token ranges. The columns of --list are stream, version, first event,
    last event and bytes. When it resumes from a --checkpoint, it lists the streams since that
    checkpoint again.

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


def _line(facts: StreamFacts, as_json: bool) -> str:
    first, last = (moment and moment_text(moment) for moment in (facts.first, facts.last))
    if as_json:
        return orjson.dumps({**asdict(facts), "first": first, "last": last}).decode()
    cells = (facts.stream_id, facts.version, first, last, facts.bytes)
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
