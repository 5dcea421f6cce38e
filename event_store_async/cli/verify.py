"""``event-store verify``: checks every event of a store."""

from typing import Annotated

import orjson
import typer

from ..cassandra import EventStore
from ..maintenance import Verification, verify_streams
from .exit_codes import ExitCode
from .meter import GOES_ON, NOT_SAVED, metered
from .options import AsJson, CheckpointOption, Every
from .output import write_json, write_lines
from .printer import earlier_lines, finding_printer
from .target import with_store


@with_store
async def verify(
    store: EventStore,
    accept: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CONTENT-TYPE",
            help="A content type that this command has no codec for: its payloads are counted, not "
            "decoded. Repeat for each.",
        ),
    ] = None,
    checkpoint: CheckpointOption = None,
    every: Every = 5.0,
    as_json: AsJson = False,
) -> None:
    """
    Read every event; report holes, wrong versions and payloads that cannot be decoded.

    Others may append meanwhile: a hole or a wrong version is read again at the serial level before
    it is reported. The digest at the end is equal for stores that hold the same events.

    Exit codes: 5, there are findings; each is a line of the output.

    Examples:
    - `event-store verify`
    - `event-store verify --checkpoint verify.checkpoint --json`
    """
    report = await metered(
        "verify",
        every,
        lambda meter: verify_streams(
            store,
            checkpoint=checkpoint,
            accept=frozenset(accept or ()),
            on_progress=meter,
            on_finding=finding_printer(as_json),
        ),
        interrupted=NOT_SAVED if checkpoint is None else GOES_ON,
    )
    write = write_json if as_json else write_lines
    await write(_report(report, as_json))
    if report.findings:
        raise typer.Exit(ExitCode.FINDINGS)


def _report(report: Verification, as_json: bool) -> list[str]:
    if as_json:
        return [orjson.dumps(report, option=orjson.OPT_NON_STR_KEYS).decode()]
    found = ", ".join(f"{count:,} {kind}" for kind, count in report.findings.items())
    return [
        f"streams   {report.streams:,}",
        f"events    {report.events:,}",
        f"bytes     {report.bytes:,}, of payloads and metadata as stored",
        f"digest    {report.digest}",
        *earlier_lines(report.earlier),
        f"findings  {found or 'none'}",
    ]
