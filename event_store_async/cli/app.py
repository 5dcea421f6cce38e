"""The command `event-store`: its subcommands, and the options that it has itself."""

from typing import Annotated, Final

import typer

from .. import __version__
from . import node, schema, streams
from .append import append
from .doctor import doctor
from .export import export
from .failures import reported
from .import_ import import_
from .options import FLAG
from .output import write_text
from .read import head, read
from .tail import tail
from .verify import verify

_HELP: Final = """
Work with an event store on Apache Cassandra.

Set the connection with options, with environment variables (EVENT_STORE_KEYSPACE,
EVENT_STORE_PORT …) or in a file, event-store.toml. First steps:

- `eval "$(event-store node start)"`
- `event-store schema create --keyspace bank --replication datacenter1=1`
- `event-store append --keyspace bank STREAM '{"amount": 50}'`
- `event-store doctor --keyspace bank`
"""

app = typer.Typer(
    no_args_is_help=True,
    invoke_without_command=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    help=_HELP,
)
app.command()(append)
app.command()(read)
app.command()(tail)
app.command()(head)
app.command()(doctor)
app.add_typer(streams.app, name="streams")
app.command()(verify)
app.command()(export)
app.command("import")(import_)
app.add_typer(schema.app, name="schema")
app.add_typer(node.app, name="node")


@app.callback()
def _common(
    version: Annotated[
        bool,
        typer.Option("--version", is_eager=True, metavar=FLAG, help="Print the version and exit."),
    ] = False,
) -> None:
    if version:
        with reported():
            write_text(f"event-store {__version__}\n")
        raise typer.Exit
