"""``event-store schema``: create, migrate, and look at the table."""

from collections.abc import Mapping
from typing import Annotated

import typer

from ..cassandra import EventStore, SchemaReport
from ..cassandra.migrating import schema_cql
from .target import Target, with_store

app = typer.Typer(no_args_is_help=True, help="Create, migrate, and look at the table of events.")

Replication = Annotated[
    list[str],
    typer.Option(
        "--replication",
        metavar="DATACENTER=REPLICAS",
        help="How many replicas a datacenter holds; once for each datacenter.",
    ),
]


@app.command()
@with_store
async def create(store: EventStore, replication: Replication) -> None:
    """
    Create keyspace and table where they do not exist; migrate an older table.

    Safe to repeat, and to run from several places at once. A keyspace that exists keeps its
    replication.

    Example, for three nodes or more: event-store schema create --keyspace bank --replication
    datacenter1=3
    """
    asked = dict(_replicas(text) for text in replication)
    report = await store.create_schema(asked)
    _tell(report)
    if {name: str(count) for name, count in asked.items()} != _replication(report.replication):
        typer.echo("note: the keyspace was there before, and keeps its replication")


@app.command()
@with_store
async def migrate(store: EventStore) -> None:
    """
    Bring an existing keyspace's table up to date, one of the Clojure original's too.

    Rows are never touched. Example: event-store schema migrate --keyspace bank
    """
    _tell(await store.create_schema())


@app.command()
@with_store
async def status(store: EventStore, target: Target) -> None:
    """
    Say what stands in the cluster; exit with 1 where a store could not use it.

    Example: event-store schema status --keyspace bank
    """
    state = await store.schema_state()
    typer.echo(f"cluster      {target.contact_points}, port {target.port}")
    typer.echo(f"server       {state.release}")
    typer.echo(f"replication  {_words(state.replication)}")
    typer.echo(f"table        {state.table}")
    state.check_usable()
    typer.echo(f"version      {state.version}, as this library needs it")


@app.command()
def show(keyspace: str = "bank", table: str = "events", replication: str = "datacenter1=3") -> None:
    """
    Print the CQL that `create` and `migrate` run, on Cassandra 5.0 or later.

    Example: event-store schema show --keyspace bank
    """
    name, count = _replicas(replication)
    for path, text in schema_cql(keyspace, table, {name: count}):
        typer.secho(f"-- cql/{path}.cql", bold=True)
        typer.echo(text)


def _replicas(text: str) -> tuple[str, int]:
    name, _, count = text.partition("=")
    if not name or not count.isdecimal():
        raise typer.BadParameter(f"{text!r} is not DATACENTER=REPLICAS, for example datacenter1=3")
    return name, int(count)


def _tell(report: SchemaReport) -> None:
    done = "created" if report.created else ", ".join(report.migrations) or "nothing to do"
    typer.echo(f"{report.table}: {done}; schema version {report.version}")
    typer.echo(f"replication: {_words(report.replication)}")


def _replication(found: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in found.items() if key != "class"}


def _words(replication: Mapping[str, str] | None) -> str:
    if not replication:
        return "there is no such keyspace"
    return ", ".join(f"{key}={value}" for key, value in _replication(replication).items())
