"""``event-store schema``: create, migrate, and look at the table."""

from typing import Annotated

import typer

from ..cassandra import EventStore, SchemaReport
from ..cql_files import cql_root
from .target import with_store

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

    Safe to repeat, and to run from several places at once.

    Example: event-store schema create --keyspace bank --replication datacenter1=3
    """
    _tell(await store.create_schema(dict(_replicas(text) for text in replication)))


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
async def status(store: EventStore) -> None:
    """
    Say what stands in the cluster; exit with 1 where a store could not use it.

    Example: event-store schema status --keyspace bank
    """
    state = await store.schema_state()
    typer.echo(f"server       {state.release}")
    typer.echo(f"replication  {_words(state.replication)}")
    typer.echo(f"table        {state.table}")
    state.check_usable()
    typer.echo(f"version      {state.version}, as this library needs it")


@app.command()
def show() -> None:
    """
    Print the CQL files that the table is made by.

    Names in braces are filled in when they are run. Example: event-store schema show
    """
    for folder in ("schema", "migrations"):
        for entry in sorted((cql_root() / folder).iterdir(), key=lambda entry: entry.name):
            typer.secho(f"-- cql/{folder}/{entry.name}", bold=True)
            typer.echo(entry.read_text(encoding="utf-8"))


def _replicas(text: str) -> tuple[str, int]:
    name, _, count = text.partition("=")
    if not name or not count.isdecimal():
        raise typer.BadParameter(f"{text!r} is not DATACENTER=REPLICAS, for example datacenter1=3")
    return name, int(count)


def _tell(report: SchemaReport) -> None:
    done = "created" if report.created else ", ".join(report.migrations) or "nothing to do"
    typer.echo(f"{report.table}: {done}; schema version {report.version}")
    typer.echo(f"replication: {_words(report.replication)}")


def _words(replication: object) -> str:
    if not isinstance(replication, dict) or not replication:
        return "there is no such keyspace"
    words = {key: value for key, value in replication.items() if key != "class"}
    return ", ".join(f"{key}={value}" for key, value in words.items())
