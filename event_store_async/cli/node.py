"""``event-store node``: a Cassandra on this machine, in the background, for trying things out."""

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any

import anyio
import orjson
import typer

from ..embedded import Background, EmbeddedError, Running
from .arguments import AsJson
from .failures import CommandFailed, reported
from .output import note, waiting, write_lines

app = typer.Typer(
    no_args_is_help=True,
    help="A real Cassandra on this machine, in the background, for trying things out.",
)

Directory = Annotated[
    Path | None,
    typer.Option(
        envvar="EVENT_STORE_NODE_DIRECTORY",
        show_envvar=False,
        help="Where its data and logs are (event_store_async/node in the user's data folder); also "
        "as EVENT_STORE_NODE_DIRECTORY.",
    ),
]


@app.command()
def start(
    directory: Directory = None,
    nodes: Annotated[int, typer.Option(min=1, max=5, help="How many nodes, of 1 GB each.")] = 1,
    port: Annotated[
        int | None,
        typer.Option(min=1, max=65535, help="The port for clients (9042, or the next free one)."),
    ] = None,
    heap: Annotated[str, typer.Option(help="The heap of each node, as Java writes it.")] = "512M",
) -> None:
    """
    Start a Cassandra that goes on when this command ends; print what leads others to it.

    The first start fetches Cassandra's jars from the Maven repository. Its data are kept from one
    start to the next. Needs the extra `embedded`.

    Examples:
    - `event-store node start`
    - `eval "$(event-store node start)"`
    - `event-store node start --directory ./cassandra --heap 768M`
    """

    async def work() -> None:
        background = Background(directory)
        before = await background.running()
        if before is not None:
            note(f"it runs already, since {before.since:%Y-%m-%d %H:%M:%S} UTC")
            if len(before.contact_points) != nodes and nodes > 1:
                note(
                    f"nodes: {len(before.contact_points)}, not {nodes}; another --directory can "
                    "have a cluster of its own"
                )
        running = before or await background.start(nodes, port=port, heap=heap, progress=True)
        points = ",".join(running.contact_points)
        await write_lines(
            [
                f"# Cassandra {running.version} on {points}, port {running.port}",
                f"export EVENT_STORE_CONTACT_POINTS={points}",
                f"export EVENT_STORE_PORT={running.port}",
                f"export EVENT_STORE_DATACENTER={running.datacenter}",
            ]
        )
        if before is None:
            replicas = min(3, len(running.contact_points))
            where = "" if directory is None else f" --directory {directory}"
            note(
                f"its data and logs are in {running.directory}; `event-store node stop{where}` "
                f"ends it\n"
                f"next: event-store schema create --keyspace bank --replication "
                f"{running.datacenter}={replicas}"
            )

    _run(work)


@app.command()
def stop(directory: Directory = None) -> None:
    """
    Stop the Cassandra that `event-store node start` started, and nothing else; its data stay.

    Example:
    - `event-store node stop`
    """

    async def work() -> None:
        background = Background(directory)
        with waiting("stopping Cassandra"):
            ran = await background.stop()
        if ran is None:
            note(f"nothing runs for {background.directory}")
        else:
            note(f"stopped; its data stay in {ran.directory}")

    _run(work)


@app.command()
def status(directory: Directory = None, as_json: AsJson = False) -> None:
    """
    Say whether that Cassandra runs, where, since when, and in how much memory; 1 if it does not.

    Examples:
    - `event-store node status`
    - `event-store node status --json`
    """

    async def work() -> None:
        background = Background(directory)
        running = await background.running()
        if running is None:
            raise CommandFailed(
                f"nothing runs for {background.directory}",
                hint="`event-store node start` starts it",
            )
        await write_lines([_json(running)] if as_json else _lines(running))

    _run(work)


def _run(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    with reported():
        try:
            anyio.run(work)
        except BrokenPipeError:
            raise
        except (EmbeddedError, OSError) as error:
            message = getattr(error, "message", str(error))
            raise CommandFailed(message, hint=getattr(error, "hint", None)) from error


def _lines(running: Running) -> list[str]:
    return [
        f"Cassandra  {running.version}",
        f"address    {', '.join(running.contact_points)}, port {running.port}",
        f"since      {running.since:%Y-%m-%d %H:%M:%S} UTC",
        f"memory     {running.memory / 1024 / 1024:,.0f} MiB",
        f"process    {running.pid}",
        f"directory  {running.directory}",
    ]


def _json(running: Running) -> str:
    fields = {
        "version": running.version,
        "contact_points": running.contact_points,
        "port": running.port,
        "datacenter": running.datacenter,
        "since": running.since,
        "memory_bytes": running.memory,
        "pid": running.pid,
        "directory": str(running.directory),
    }
    return orjson.dumps(fields).decode()
