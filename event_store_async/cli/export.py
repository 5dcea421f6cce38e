"""``event-store export``: writes all events into a file."""

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
from .failures import wrong_usage
from .meter import GOES_ON, metered
from .options import AsJson, Every
from .output import write_json, write_lines, writing
from .printer import earlier_lines, finding_printer
from .target import with_store


@with_store
async def export(
    store: EventStore,
    file: Annotated[
        Path, typer.Argument(help="The file to create (JSON lines in zstd); - is standard output.")
    ],
    frame_events: Annotated[
        int, typer.Option(min=1, help="Maximum number of events between two checkpoints.")
    ] = FRAMES.events,
    every: Every = 5.0,
    as_json: AsJson = False,
) -> None:
    """
    Write all events into a file, bit for bit, with their ids, times and metadata.

    If it is interrupted, even by kill -9, repeat the command: it resumes. Of each stream, the file
    holds the events up to the version that it had when the export came to it, even if others append
    meanwhile. The positions of a feed are not exported.

    Exit codes: 5, a stream is damaged; the file holds its events before the damage.

    Examples:
    - `event-store export bank.jsonl.zst`
    - `event-store export - --json > all.jsonl.zst`
    """
    to_pipe = str(file) == "-"
    if to_pipe and sys.stdout.isatty():
        raise wrong_usage(
            "an export cannot be written to a terminal: it is compressed",
            "name a file, or use a pipe",
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
            interrupted="what was written is not complete; begin again" if to_pipe else GOES_ON,
        )
    write = write_json if as_json else write_lines
    await write(_report(report, as_json), to_stderr=to_pipe)
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
        *earlier_lines(report.earlier),
        f"findings  {report.findings or 'none'}",
    ]
