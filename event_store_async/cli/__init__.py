"""
Private. The command ``event-store``: work with a store without writing code.

Needs the extra ``cli``. `main` is the entry point. Its commands:

    app            the command and its subcommands
    append         appends events to a stream
    read tail      a stream's events, and its version; a stream as it grows
    doctor         checks the cluster
    schema         creates, migrates and inspects the table
    streams        counts streams and events
    verify         checks every stream
    export         exports all events to a file
    import_        imports them
    node           runs a Cassandra in the background

What they share:

    target         where to connect to; turns functions into commands
    configuration  the configuration file
    options        arguments and options of several commands
    documents      events in JSON, as input
    json_input     reads JSON without changing a value
    printer        prints events and findings
    rendering      an event as text
    output         standard output and standard error
    meter          the progress of a job
    interval       the time between polls
    failures       turns errors into messages, hints and exit codes
    exit_codes     the exit codes
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
