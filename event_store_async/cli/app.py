"""The command `event-store`: its subcommands, and the options that it has itself."""

from typing import Annotated, Final

import typer

from .. import __version__
from . import feed, node, schema, snapshots, streams, subject, subscription
from .append import append
from .console import console
from .doctor import doctor
from .erase import close, delete, truncate
from .export import export
from .failures import reported
from .help import HarmlessGroup, StoreCommand, help_
from .import_ import import_
from .options import FLAG
from .output import write_text
from .read import head, read
from .retain import retain
from .tail import tail
from .verify import verify

_HELP: Final = """
Work with an event store on Apache Cassandra.

Set the connection with options, with environment variables (EVENT_STORE_KEYSPACE,
EVENT_STORE_PORT …) or in a file, event-store.toml: see `event-store help connecting`. First steps:

- `eval "$(event-store node start)"`
- `event-store schema create --keyspace bank --replication datacenter1=1`
- `event-store append --keyspace bank STREAM '{"amount": 50}'`
- `event-store doctor --keyspace bank`
"""

app = typer.Typer(
    cls=HarmlessGroup,
    context_settings={"help_option_names": ["--help", "-h"]},
    no_args_is_help=True,
    invoke_without_command=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    help=_HELP,
)
app.command(cls=StoreCommand)(append)
app.command(cls=StoreCommand)(read)
app.command(cls=StoreCommand)(tail)
app.command(cls=StoreCommand)(head)
app.command(cls=StoreCommand)(truncate)
app.command(cls=StoreCommand)(delete)
app.command(cls=StoreCommand)(close)
app.command(cls=StoreCommand)(retain)
app.command(cls=StoreCommand)(doctor)
app.command(cls=StoreCommand)(console)
app.add_typer(streams.app, name="streams")
app.command(cls=StoreCommand)(verify)
app.command(cls=StoreCommand)(export)
app.command("import", cls=StoreCommand)(import_)
app.add_typer(schema.app, name="schema")
app.add_typer(feed.app, name="feed")
app.add_typer(subscription.app, name="subscription")
app.add_typer(snapshots.app, name="snapshots")
app.add_typer(subject.app, name="subject")
app.add_typer(node.app, name="node")
app.command("help")(help_)


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
