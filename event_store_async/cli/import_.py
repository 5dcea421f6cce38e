"""``event-store import``: the events of a file into a store."""

import sys
from pathlib import Path
from typing import Annotated

import orjson
import typer

from ..cassandra import EventStore
from ..moving import import_events
from .arguments import AsJson
from .exit_codes import ExitCode
from .meter import Every, Meter
from .streams import Checkpoint
from .target import with_store
from .verify import tell


@with_store
async def import_(
    store: EventStore,
    file: Annotated[
        Path, typer.Argument(help="A file that `event-store export` made; - is standard input.")
    ],
    check: Annotated[
        bool, typer.Option(help="Read every stream back, and compare its digest.")
    ] = True,
    checkpoint: Checkpoint = None,
    every: Every = 5.0,
    as_json: AsJson = False,
) -> None:
    """
    Store the events of a file at the places that they had, bit for bit.

    What stands there already is passed over: the command may be repeated, and interrupted, even by
    kill -9, it goes on where it stopped. A stream that holds other events is not touched.

    Exit codes: 5, a stream was refused, or is not what was written; each is a line of the output.

    Examples:
    - `event-store export all.jsonl.zst && event-store import all.jsonl.zst --keyspace bank`
    - `event-store export - | event-store import - --keyspace bank`
    """
    with Meter("import", every) as meter:
        report = await import_events(
            store,
            sys.stdin.buffer if str(file) == "-" else file,
            checkpoint=checkpoint,
            check=check,
            on_progress=meter,
            on_finding=lambda finding: tell(finding, as_json),
        )
    if as_json:
        typer.echo(orjson.dumps(report).decode())
    else:
        there = report.events - report.stored
        typer.echo(f"streams   {report.streams:,}")
        typer.echo(f"events    {report.events:,}: {report.stored:,} stored, {there:,} not")
        typer.echo(f"digest    {report.digest}, of the file")
        typer.echo(f"checked   {report.checked:,} streams read back, and alike")
        typer.echo(f"findings  {report.findings or 'none'}")
    if report.findings:
        raise typer.Exit(ExitCode.FINDINGS)
