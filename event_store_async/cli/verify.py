"""``event-store verify``: checks every event of a store."""

from contextlib import nullcontext
from dataclasses import asdict
from typing import Annotated, Final

import orjson
import typer

from ..cassandra import EventStore, FeedVerification, FeedVerificationProgress
from ..counts import counted
from ..errors import FeedDisabled
from ..maintenance import Progress, Verification, verify_streams
from .exit_codes import ExitCode
from .meter import GOES_ON, NOT_SAVED, Meter, metered
from .options import FLAG, AsJson, CheckpointOption, Every
from .output import write_json, write_lines
from .printer import earlier_lines, finding_printer
from .subject import keys_missed
from .target import Target, with_store

_ANEW: Final = "the streams were verified; the comparison of the feed with them begins anew"


@with_store
async def verify(
    store: EventStore,
    target: Target,
    accept: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CONTENT-TYPE",
            help="A content type that this command has no codec for: its payloads are counted, not "
            "decoded. Repeat for each.",
        ),
    ] = None,
    keys: Annotated[
        bool,
        typer.Option(
            "--keys",
            metavar=FLAG,
            help="Look for the keys of encrypted values, too; it needs no master key.",
        ),
    ] = False,
    checkpoint: CheckpointOption = None,
    every: Every = 5.0,
    as_json: AsJson = False,
) -> None:
    """
    Read every event; report holes, wrong versions and payloads that cannot be decoded.

    Others may append meanwhile: a hole or a wrong version is read again at the serial level before
    it is reported. The digest at the end is equal for stores that hold the same events.

    If the table has a feed, it is compared with the streams afterwards: each event must be in it
    once, in the order of versions, and nothing else. Events that are not published yet are counted,
    and are no finding. This part begins anew if it is interrupted.

    With --keys, a value is a finding whose key is missing although its subject was not forgotten.

    Exit codes: 5, there are findings; each is a line of the output.

    Examples:
    - `event-store verify`
    - `event-store verify --keyspace bank --keys`
    - `event-store verify --checkpoint verify.checkpoint --json`
    """
    with keys_missed(target) if keys else nullcontext():
        report = await metered(
            "verify",
            every,
            lambda meter: verify_streams(
                store,
                checkpoint=checkpoint,
                accept=frozenset(accept or ()),
                keys=target.key_store(store) if keys else None,
                on_progress=meter,
                on_finding=finding_printer(as_json),
            ),
            interrupted=NOT_SAVED if checkpoint is None else GOES_ON,
        )
    feed = await _verify_feed(store, every, as_json)
    write = write_json if as_json else write_lines
    await write(_report(report, feed, as_json))
    if report.findings or (feed is not None and feed.findings):
        raise typer.Exit(ExitCode.FINDINGS)


async def _verify_feed(store: EventStore, every: float, as_json: bool) -> FeedVerification | None:
    """Compare the feed with the streams; return None if the table has none."""

    async def run(meter: Meter) -> FeedVerification:
        def show(progress: FeedVerificationProgress) -> None:
            meter(Progress(progress.fraction, progress.streams, progress.events))

        return await store.operations.verify_feed(
            on_progress=show, on_finding=finding_printer(as_json)
        )

    if not (await store.schema_state()).has_feed:
        return None
    try:
        return await metered("verify feed", every, run, interrupted=_ANEW)
    except FeedDisabled:  # it was enabled, and nothing was appended since
        return None


def _report(report: Verification, feed: FeedVerification | None, as_json: bool) -> list[str]:
    if as_json:
        whole = {**asdict(report), **({} if feed is None else {"feed": asdict(feed)})}
        return [orjson.dumps(whole, option=orjson.OPT_NON_STR_KEYS).decode()]
    found = ", ".join(f"{count:,} {kind}" for kind, count in report.findings.items())
    return [
        f"streams   {report.streams:,}",
        f"events    {report.events:,}",
        f"bytes     {report.bytes:,}, of payloads and metadata as stored",
        f"digest    {report.digest}",
        *earlier_lines(report.earlier),
        *([] if feed is None else _feed_lines(feed)),
        f"findings  {found or 'none'}",
    ]


def _feed_lines(feed: FeedVerification) -> list[str]:
    found = ", ".join(f"{count:,} {kind}" for kind, count in feed.findings.items())
    entries = counted(feed.entries, "entry", "entries")
    streams = counted(feed.unpublished_streams, "stream")
    left = f"{counted(feed.unpublished, 'event')} of {streams}, no error"
    return [
        f"feed      {counted(feed.events, 'event')} in {entries}, {feed.state}; "
        f"unpublished: {left if feed.unpublished else 'none'}; "
        f"findings: {found or 'none'}",
    ]
