"""
Private. The command ``event-store``: work with a store without writing code.

It needs the extra ``cli``; `main` is the entry point.

    exit_codes output failures            how a command ends; what it prints, and where
    configuration target                  where to connect to
    options documents interval            shared options; events as JSON; how often to ask
    meter rendering printer               progress; events as text and as JSON lines
    append read tail streams              commands on streams
    schema doctor verify export import_   commands on whole stores and their cluster
    node                                  a Cassandra on this machine
    app                                   all of them, put together
"""

import sys

from ..extras import install_hint

__all__ = ["main"]


def main() -> None:
    """Run the command; exit with a hint if its extra is not installed."""
    try:
        from .app import app
        from .failures import help_reported
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in {"typer", "rich"}:
            raise
        sys.exit(f"event-store needs typer and rich; {install_hint('cli')}")
    with help_reported():
        app(prog_name="event-store")
