"""``event-store export``: all events into a file."""

import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import orjson
import typer

from ..archive import (
    FRAMES,
    ExportReport,
    Frames,
    export_events,
)
from ..cassandra import EventStore
from .exit_codes import ExitCode
from .failures import CommandFailed
from .meter import metered
from .options import AsJson, Every
from .output import write_lines, writing
from .printer import finding_printer
from .target import with_store


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
    with writing("standard output") if to_pipe else nullcontext():
        report = await metered(
            "export",
            every,
            lambda meter: export_events(
                store,
                sys.stdout.buffer if to_pipe else file,
                frames=Frames(events=frame_events),
                on_progress=meter,
                on_finding=finding_printer(as_json, to_stderr=to_pipe),
            ),
        )
    await write_lines(_report(report, as_json), to_stderr=to_pipe)
    if report.findings:
        raise typer.Exit(ExitCode.FINDINGS)


def _report(report: ExportReport, as_json: bool) -> list[str]:
    if as_json:
        return [orjson.dumps(report).decode()]
    return [
        f"streams   {report.streams:,}",
        f"events    {report.events:,}",
        f"bytes     {report.bytes:,}; {report.size:,} in the file",
        f"digest    {report.digest}",
        f"findings  {report.findings or 'none'}",
    ]
