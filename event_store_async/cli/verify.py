"""``event-store verify``: whether every stream is what a stream must be."""

from typing import Annotated

import orjson
import typer

from ..cassandra import EventStore
from ..moving import StreamFinding, verify_streams
from .arguments import AsJson
from .exit_codes import ExitCode
from .meter import Every, Meter
from .streams import Checkpoint
from .target import with_store


@with_store
async def verify(
    store: EventStore,
    accept: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CONTENT-TYPE",
            help="Payloads of a codec that this command does not have: they are counted, and not "
            "decoded. Once for each.",
        ),
    ] = None,
    checkpoint: Checkpoint = None,
    every: Every = 5.0,
    as_json: AsJson = False,
) -> None:
    """
    Read every event, and look for holes, wrong versions, and payloads that nobody can decode.

    Others may append meanwhile: nothing is a finding before it was read at the serial level. The
    digest at the end is equal for stores that hold the same events.

    Exit codes: 5, there are findings; each is a line of the output.

    Examples:
    - `event-store verify`
    - `event-store verify --checkpoint verify.checkpoint --json`
    """
    with Meter("verify", every) as meter:
        report = await verify_streams(
            store,
            checkpoint=checkpoint,
            accept=frozenset(accept or ()),
            on_progress=meter,
            on_finding=lambda finding: tell(finding, as_json),
        )
    if as_json:
        typer.echo(orjson.dumps(report, option=orjson.OPT_NON_STR_KEYS).decode())
    else:
        typer.echo(f"streams   {report.streams:,}")
        typer.echo(f"events    {report.events:,}")
        typer.echo(f"bytes     {report.bytes:,}, of payloads and metadata as stored")
        typer.echo(f"digest    {report.digest}")
        found = ", ".join(f"{count:,} {kind}" for kind, count in report.findings.items())
        typer.echo(f"findings  {found or 'none'}")
    if report.findings:
        raise typer.Exit(ExitCode.FINDINGS)


def tell(finding: StreamFinding, as_json: bool, *, to_stderr: bool = False) -> None:
    """Print a finding, as a line of text or of JSON."""
    typer.echo(orjson.dumps(finding).decode() if as_json else str(finding), err=to_stderr)
