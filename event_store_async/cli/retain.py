"""``event-store retain``: erases events of the streams of a category by number or age."""

import re
from dataclasses import asdict
from datetime import timedelta
from typing import Annotated, Final

import orjson
import typer

from ..cassandra import EventStore
from ..counts import counted
from ..maintenance import RetainedStream, Retention, RetentionRule, retain_events
from .erase import Yes, confirm
from .exit_codes import ExitCode
from .meter import GOES_ON, NOT_SAVED, metered
from .options import FLAG, AsJson, CheckpointOption, Every
from .output import LineWriter, write_lines
from .printer import earlier_lines
from .target import Target, run_with_store, with_target

_AGE: Final = re.compile(r"(\d{1,6})([dhms])", re.ASCII)
_UNITS: Final = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}


def _age(text: str) -> timedelta:
    """Parse an age; raises `typer.BadParameter`."""
    found = _AGE.fullmatch(text)
    if found is None or not int(found[1]):
        raise typer.BadParameter(
            f"{text[:40]!r} is not an age: use a number of days, hours, minutes or seconds, as "
            "90d, 12h, 30m or 45s"
        )
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


@with_target
def retain(
    target: Target,
    *,
    category: Annotated[str, typer.Option(help="The category of the streams.")],
    max_count: Annotated[
        int | None,
        typer.Option(min=1, help="Keep so many events of each stream, the last ones."),
    ] = None,
    max_age: Annotated[
        timedelta | None,
        typer.Option(
            parser=_age,
            metavar="AGE",
            help="Erase events that are older than 90d, 12h, 30m or 45s, up to the first one that "
            "is not.",
        ),
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", metavar=FLAG, help="Erase nothing; print what would be erased."),
    ] = False,
    yes: Yes = False,
    checkpoint: CheckpointOption = None,
    every: Every = 5.0,
    as_json: AsJson = False,
) -> None:
    """
    Erase events of all streams of a category, for good: all but the last ones, or the old ones.

    Scans the whole table, in token ranges. It is safe to repeat. Prints a line for each stream from
    which events go: its id, the outcome, the version of the first event that is kept, and how many
    go. The outcome is "truncated"; "would be truncated", in a dry run; or "not published": the feed
    did not have the events in time, and nothing was erased.

    Exit codes: 3, events of some streams are not published yet: repeat the command. 4, no quorum
    answered in time: repeat the command.

    Examples:
    - `event-store retain --category account --max-count 1000 --dry-run`
    - `event-store retain --category account --max-age 90d --yes --json`
    """
    rule = RetentionRule(category, max_count, max_age)
    confirm(f"Erase events of all streams of the category {category}, for good?", yes or dry_run)

    async def run(store: EventStore) -> None:
        lines = LineWriter(as_json=as_json)

        async def print_stream(stream: RetainedStream) -> None:
            await lines.write(_line(stream, as_json))

        done = await metered(
            "retain",
            every,
            lambda meter: retain_events(
                store,
                rule,
                dry_run=dry_run,
                checkpoint=checkpoint,
                on_progress=meter,
                on_stream=print_stream,
            ),
            interrupted=NOT_SAVED if checkpoint is None else GOES_ON,
        )
        await write_lines(_words(done, dry_run=dry_run), to_stderr=True)
        if done.not_published:
            raise typer.Exit(ExitCode.CONFLICT)

    run_with_store(target, run)


def _line(stream: RetainedStream, as_json: bool) -> str:
    if as_json:
        return orjson.dumps(asdict(stream)).decode()
    cells = (stream.stream_id, stream.outcome, stream.kept_from, stream.erased)
    return "\t".join(map(str, cells))


def _words(done: Retention, *, dry_run: bool) -> list[str]:
    erased = "would go" if dry_run else "erased"
    events = counted(done.events, "event")
    lines = [
        f"streams        {done.streams:,}",
        f"{erased:<13}  {events} of {counted(done.truncated, 'stream')}",
    ]
    if done.not_published:
        lines.append(f"not published  {counted(done.not_published, 'stream')}; repeat the command")
    return lines + earlier_lines(done.earlier)
