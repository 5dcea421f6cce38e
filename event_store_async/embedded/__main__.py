"""Runs an embedded Cassandra until Ctrl-C: ``python -m event_store_async.embedded``."""

import argparse
import signal
import sys
from pathlib import Path

import anyio

from .cluster import EmbeddedCassandra
from .errors import EmbeddedError
from .jars import locked_versions

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main() -> int:
    """Run until a signal asks it to end; return the exit status."""
    options = _parser().parse_args()
    try:
        cassandra = EmbeddedCassandra(
            options.nodes,
            directory=options.directory,
            keep=options.keep,
            heap=options.heap,
            port=options.port,
            version=options.cassandra,
            progress=True,
        )
        anyio.run(_run, cassandra)
    except (EmbeddedError, ValueError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m event_store_async.embedded",
        description="Run a real Cassandra on this machine until Ctrl-C.",
    )
    parser.add_argument("--nodes", type=int, default=1, help="how many nodes (default: 1)")
    parser.add_argument("--directory", type=Path, help="the data folder (default: temporary)")
    keep = parser.add_mutually_exclusive_group()
    keep.add_argument(
        "--keep", action="store_true", default=None, help="keep the data (default with --directory)"
    )
    keep.add_argument(
        "--throw-away",
        action="store_false",
        dest="keep",
        default=None,
        help="remove the data",
    )
    parser.add_argument("--port", type=int, help="the port for clients (default: a free one)")
    parser.add_argument(
        "--cassandra",
        metavar="VERSION",
        help=f"the version of Cassandra: {', '.join(locked_versions())}, or a series "
        "(default: EVENT_STORE_CASSANDRA, or 5.0)",
    )
    parser.add_argument("--heap", default="512M", help="the heap of each node (default: 512M)")
    return parser


async def _run(cassandra: EmbeddedCassandra) -> None:
    failure: Exception | None = None

    async def serve() -> None:
        nonlocal failure
        try:
            await _serve(cassandra)
        except (EmbeddedError, ValueError) as error:
            # Raised below: inside the task group it would become an exception group.
            failure = error
        group.cancel_scope.cancel()

    with anyio.open_signal_receiver(*_SIGNALS) as signals:
        async with anyio.create_task_group() as group:
            group.start_soon(serve)
            async for _ in signals:
                group.cancel_scope.cancel()
                break
            # The receiver stays open: a second Ctrl-C must not interrupt the shutdown.
    if failure is not None:
        raise failure


async def _serve(cassandra: EmbeddedCassandra) -> None:
    async with cassandra:
        points = ",".join(cassandra.contact_points)
        sys.stdout.write(
            f"# Cassandra {cassandra.version} on {points}, port {cassandra.port}\n"
            f"export EVENT_STORE_CONTACT_POINTS={points}\n"
            f"export EVENT_STORE_PORT={cassandra.port}\n"
        )
        sys.stdout.flush()
        await anyio.sleep_forever()


if __name__ == "__main__":
    sys.exit(main())
