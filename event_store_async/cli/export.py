"""``event-store export``: all events into a file."""

import sys
from pathlib import Path
from typing import Annotated

import orjson
import typer

from ..cassandra import EventStore
from ..moving import FRAMES, ExportReport, Frames, export_events
from .arguments import AsJson
from .exit_codes import ExitCode
from .failures import CommandFailed
from .meter import Every, Meter
from .target import with_store
from .verify import tell


@with_store
async def export(
    store: EventStore,
    file: Annotated[
        Path, typer.Argument(help="The file to make (JSON lines by zstd); - is standard output.")
    ],
    frame_events: Annotated[
        int, typer.Option(min=1, help="Events between two checkpoints, at most.")
    ] = FRAMES.events,
    every: Every = 5.0,
    as_json: AsJson = False,
) -> None:
    """
    Write all events into a file, bit for bit, with their ids, times and metadata.

    Interrupted, even by kill -9, the same command goes on where it stopped. Every stream is in the
    file up to the version that it was met at, also while others append.

    Exit codes: 5, a stream is damaged; what stands in front of the damage is in the file.

    Examples:
    - `event-store export bank.jsonl.zst`
    - `event-store export - --json > all.jsonl.zst`
    """
    to_pipe = str(file) == "-"
    if to_pipe and sys.stdout.isatty():
        raise CommandFailed(
            "zstd is not for a terminal", hint="name a file, or a pipe", code=ExitCode.USAGE
        )
    with Meter("export", every) as meter:
        report = await export_events(
            store,
            sys.stdout.buffer if to_pipe else file,
            frames=Frames(events=frame_events),
            on_progress=meter,
            on_finding=lambda finding: tell(finding, as_json, to_stderr=to_pipe),
        )
    _tell_report(report, as_json, to_stderr=to_pipe)
    if report.findings:
        raise typer.Exit(ExitCode.FINDINGS)


def _tell_report(report: ExportReport, as_json: bool, *, to_stderr: bool) -> None:
    if as_json:
        typer.echo(orjson.dumps(report).decode(), err=to_stderr)
        return
    typer.echo(f"streams   {report.streams:,}", err=to_stderr)
    typer.echo(f"events    {report.events:,}", err=to_stderr)
    typer.echo(f"bytes     {report.bytes:,}; {report.size:,} in the file", err=to_stderr)
    typer.echo(f"digest    {report.digest}", err=to_stderr)
    typer.echo(f"findings  {report.findings or 'none'}", err=to_stderr)
