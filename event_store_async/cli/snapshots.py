"""``event-store snapshots``: lists and drops the stored snapshots of aggregates."""

from contextlib import aclosing
from typing import Annotated, Final
from uuid import UUID

import orjson
import typer

from ..cassandra import EventStore
from ..counts import counted
from ..moments import moment_text
from ..snapshot import check_kind
from ..stored import SnapshotSummary
from ..tasks import task_group
from .help import StoreCommand
from .options import FLAG, AsJson, uuid_argument
from .output import LineWriter, note, waiting
from .target import with_store

_AT_ONCE: Final = 16

app = typer.Typer(no_args_is_help=True, help="Stored snapshots of aggregates: list, drop.")

OneStream = Annotated[
    UUID | None,
    typer.Argument(
        parser=uuid_argument,
        metavar="STREAM",
        help="The stream's id (all streams).",
        show_default=False,
    ),
]

Kind = Annotated[
    str | None,
    typer.Option(metavar="KIND", help="Only snapshots of this kind, as in account/1."),
]


@app.command("list", cls=StoreCommand)
@with_store
async def list_(
    store: EventStore, stream: OneStream = None, kind: Kind = None, as_json: AsJson = False
) -> None:
    """
    List stored snapshots, a line for each: its stream, version, moment and kind.

    The moment is that of the event at the version.

    Examples:
    - `event-store snapshots list`
    - `event-store snapshots list $STREAM --json`
    """
    kind = None if kind is None else check_kind(kind)
    lines, count = LineWriter(as_json=as_json), 0
    async with aclosing(store.storage.scan_snapshots(stream)) as found:
        async for each in found:
            if kind in {None, each.kind}:
                await lines.write(_line(each, as_json))
                count += 1
    if not count:
        note("no such snapshot is stored" if stream or kind else "no snapshot is stored")


@app.command(cls=StoreCommand)
@with_store
async def drop(
    store: EventStore,
    stream: OneStream = None,
    kind: Kind = None,
    everything: Annotated[
        bool, typer.Option("--all", metavar=FLAG, help="Drop all of all streams.")
    ] = False,
) -> None:
    """
    Drop stored snapshots: of a stream, of a kind, or all of them.

    No event is lost. Aggregates are loaded from their first event until there are snapshots again,
    which programs that run save as they go. Drop those of an old kind when no program uses it any
    longer. Prints nothing but a count.

    Examples:
    - `event-store snapshots drop $STREAM`
    - `event-store snapshots drop --kind account/1`
    - `event-store snapshots drop --all`
    """
    if everything and (stream is not None or kind is not None):
        raise typer.BadParameter("it is for all snapshots, of all streams", param_hint="'--all'")
    if not everything and stream is None and kind is None:
        raise typer.BadParameter("give a STREAM, a --kind, or --all")
    kind = None if kind is None else check_kind(kind)
    with waiting("dropping snapshots"):
        dropped = await _drop(store, stream, kind)
    note(f"dropped {counted(dropped, 'snapshot')}")


async def _drop(store: EventStore, stream: UUID | None, kind: str | None) -> int:
    """Drop the snapshots that a scan finds, some streams at a time; return how many they were."""
    dropped = 0
    streams: dict[UUID, None] = {}

    async def drop_found() -> None:
        async with task_group() as tasks:
            for each in streams:
                if kind is None:  # whatever kinds there are
                    tasks.start_soon(store.snapshots.forget, each)
                else:
                    tasks.start_soon(store.storage.drop_snapshots, each, kind)
        streams.clear()

    async with aclosing(store.storage.scan_snapshots(stream)) as found:
        async for each in found:
            if kind in {None, each.kind}:
                dropped += 1
                streams[each.stream_id] = None
                if len(streams) >= _AT_ONCE:
                    await drop_found()
    await drop_found()
    return dropped


def _line(found: SnapshotSummary, as_json: bool) -> str:
    moment = None if found.timestamp is None else moment_text(found.timestamp)
    if as_json:
        return orjson.dumps(
            {
                "stream": str(found.stream_id),
                "version": found.version,
                "moment": moment,
                "kind": found.kind,
            }
        ).decode()
    return "\t".join((str(found.stream_id), str(found.version), moment or "-", found.kind))
