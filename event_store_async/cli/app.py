"""The command's groups, and what they have in common."""

import typer

from . import schema

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help="Look after an event store on Apache Cassandra.",
)
app.add_typer(schema.app, name="schema")


@app.callback()
def _group() -> None:
    """Keep ``schema`` a group while it is the only one."""
