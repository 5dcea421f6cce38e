"""
Private. The command ``event-store``: work with a store without writing code.

Needs the extra ``cli``. `main` is the entry point. Its commands:

    app            the command and its subcommands
    append         appends events to a stream
    read tail      a stream's events, and its version; a stream as it grows
    erase          truncates, deletes and closes streams
    retain         erases events by their number or age
    doctor         checks the cluster
    console        shows streams, feed and subscriptions in a browser
    schema         creates, migrates and inspects the table
    streams        counts streams and events
    feed           reads and runs the feed of the table
    subscription   what operators see of subscriptions, and do with them
    subscription_reset  starts one anew
    snapshots      lists and drops stored snapshots
    subject        forgets persons, and looks after their keys
    categorise     gives streams their categories
    verify         checks every stream
    export         exports all events to a file
    import_        imports them
    node           runs a Cassandra in the background
    help           the help of a command, and how to connect

What they share:

    target         where to connect to; turns functions into commands
    configuration  the configuration file
    options        arguments and options of several commands
    documents      where JSON documents come from: arguments, a file, standard input
    json_array     the items of an array, as it comes
    drafts         the documents as events, checked one by one
    steps          the events in parts, each of which is one append
    long_append    appends an input of several steps
    resumption     finds what an earlier run has stored of it
    closure        whether a stream is closed
    outcome        the outcome of an append, in words and as JSON
    printer        prints events and findings
    subscription_text  subscriptions as lines
    rendering      an event as text
    output         standard output and standard error
    log            what is logged, escaped
    meter          the progress of a job
    failures       turns errors into messages, hints and exit codes
    exit_codes     the exit codes
"""

import io
import sys

from _event_store_async_command import prepare

from ..escape import ERRORS
from ..extras import install_hint
from .log import escape_logs

__all__ = ["main"]


def main() -> None:
    """Run the command; exit with a hint if its extra is not installed."""
    prepare()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=ERRORS)  # whatever the locale's encoding is
    escape_logs()  # before typer is imported, which keeps the hook that it finds
    try:
        from .app import app
        from .failures import help_reported
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in {"typer", "rich"}:
            raise
        sys.exit(f"event-store needs typer and rich; {install_hint('cli')}")
    with help_reported():
        app(prog_name="event-store")
