"""``event-store import``: stores the events of a file."""

import sys
from pathlib import Path
from typing import Annotated

import orjson
import typer

from ..archive import ImportReport, import_events
from ..cassandra import EventStore
from ..counts import counted
from .exit_codes import ExitCode
from .meter import GOES_ON, metered
from .options import FLAG, AsJson, CheckpointOption, Every
from .output import write_json, write_lines
from .printer import earlier_lines, finding_printer
from .target import with_store


@with_store
async def import_(
    store: EventStore,
    file: Annotated[
        Path, typer.Argument(help="A file that `event-store export` wrote; - is standard input.")
    ],
    check: Annotated[
        bool, typer.Option(metavar=FLAG, help="Read every stream back and compare its digest.")
    ] = True,
    checkpoint: CheckpointOption = None,
    every: Every = 5.0,
    as_json: AsJson = False,
) -> None:
    """
    Store the events of a file at the versions that they had, bit for bit.

    Events that are there already are skipped, so the command may be repeated. If it is interrupted,
    even by kill -9, it resumes when it is repeated. A stream that holds other events is not
    changed. If the table has a feed, the events are published in it as if they were appended. That
    is another feed, with an id of its own: those who read the old one begin anew.

    Exit codes: 4, no quorum answered in time: repeat the command; 5, a stream was refused, or is
    not what was written; each is a line of the output.

    Examples:
    - `event-store export bank.jsonl.zst && event-store import bank.jsonl.zst --keyspace bank_copy`
    - `event-store export - | event-store import - --keyspace bank_copy`
    """
    piped = str(file) == "-"
    report = await metered(
        "import",
        every,
        lambda meter: import_events(
            store,
            sys.stdin.buffer if piped else file,
            checkpoint=checkpoint,
            check=check,
            on_progress=meter,
            on_finding=finding_printer(as_json),
        ),
        interrupted="import the whole file again: what is stored is skipped" if piped else GOES_ON,
    )
    write = write_json if as_json else write_lines
    await write(_report(report, as_json))
    if report.findings:
        raise typer.Exit(ExitCode.FINDINGS)


def _report(report: ImportReport, as_json: bool) -> list[str]:
    if as_json:
        return [orjson.dumps(report).decode()]
    there = report.events - report.stored
    return [
        f"streams   {report.streams:,}",
        f"events    {report.events:,}: {report.stored:,} stored, {there:,} not",
        f"digest    {report.digest}, of the file",
        f"checked   {counted(report.checked, 'stream')} read back and equal",
        *earlier_lines(report.earlier),
        f"findings  {report.findings or 'none'}",
    ]
