"""``event-store node``: runs a Cassandra in the background, on this machine, to try things."""

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any

import anyio
import orjson
import typer

from ..embedded import Background, EmbeddedError, Running, RunningNode, VersionNotLocked
from ..embedded.releases import find_release
from ..moments import moment_text
from .failures import CommandFailed, reported
from .options import AsJson
from .output import note, waiting, write_json, write_lines

app = typer.Typer(
    no_args_is_help=True,
    help="Run a real Cassandra in the background, on this machine, to try things out.",
)

Directory = Annotated[
    Path | None,
    typer.Option(
        envvar="EVENT_STORE_NODE_DIRECTORY",
        show_envvar=False,
        help="The folder of its data and logs (event_store_async/node in the user's data folder); "
        "also EVENT_STORE_NODE_DIRECTORY.",
    ),
]


@app.command()
def start(
    directory: Directory = None,
    nodes: Annotated[
        int, typer.Option(min=1, max=5, help="The number of nodes; each takes 1 GB.")
    ] = 1,
    port: Annotated[
        int | None,
        typer.Option(min=1, max=65535, help="The port for clients (9042 or the next free one)."),
    ] = None,
    heap: Annotated[
        str, typer.Option(help="The size of each node's heap, in Java's notation.")
    ] = "512M",
    cassandra: Annotated[
        str | None,
        typer.Option(
            envvar="EVENT_STORE_CASSANDRA",
            show_envvar=False,
            metavar="VERSION",
            help="The version of Cassandra, such as 4.1 (5.0); also EVENT_STORE_CASSANDRA.",
        ),
    ] = None,
) -> None:
    """
    Start a Cassandra that keeps running, and print the variables that point other commands to it.

    The first start downloads Cassandra's jars from the Maven repository. Data is kept from one
    start to the next. Needs the extra `embedded`.

    Examples:
    - `event-store node start`
    - `eval "$(event-store node start)"`
    - `event-store node start --directory ./cassandra --heap 768M`
    """

    async def work() -> None:
        background = Background(directory)
        version = find_release(cassandra or None).version
        before = await background.running()
        has_data = background.has_data
        if before is not None:
            note(f"already running since {moment_text(before.since)}")
            if len(before.contact_points) != nodes and nodes > 1:
                note(
                    f"nodes: {len(before.contact_points)}, not {nodes}; use another "
                    "--directory for another cluster"
                )
            if before.version != version:
                note(
                    f"it is Cassandra {before.version}, not {version}; use another "
                    "--directory for another version"
                )
        running = before or await background.start(
            nodes, port=port, heap=heap, version=version, progress=True
        )
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
                f"its data and logs are in {running.directory}; stop it with "
                f"`event-store node stop{where}`"
            )
            if has_data:
                note("it has the data of earlier runs")
            else:
                note(
                    f"next: event-store schema create --keyspace bank --replication "
                    f"{running.datacenter}={replicas}"
                )

    _run(work)


@app.command()
def stop(directory: Directory = None) -> None:
    """
    Stop the Cassandra that `event-store node start` started; its data is kept.

    Example:
    - `event-store node stop`
    """

    async def work() -> None:
        background = Background(directory)
        with waiting("stopping Cassandra"):
            ran = await background.stop()
        if ran is None:
            note(f"no Cassandra is running for {background.directory}; nothing to stop")
            note("`event-store node status --directory FOLDER` shows one of another folder")
        else:
            note(f"stopped; its data is kept in {ran.directory}")

    _run(work)


@app.command()
def status(directory: Directory = None, as_json: AsJson = False) -> None:
    """
    Show where that Cassandra runs, since when and in how much memory, and each node's process.

    Exit code 1: it is not running.

    Examples:
    - `event-store node status`
    - `event-store node status --json`
    """

    async def work() -> None:
        background = Background(directory)
        running = await background.running()
        if running is None:
            raise CommandFailed(
                f"no Cassandra is running for {background.directory}",
                hint="start it with `event-store node start`",
            )
        if as_json:
            await write_json([_json(running)])
        else:
            await write_lines(_lines(running))

    _run(work)


def _run(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    with reported():
        try:
            anyio.run(work)
        except (BrokenPipeError, VersionNotLocked):
            raise
        except (EmbeddedError, OSError) as error:
            message, *details = getattr(error, "message", str(error)).split("\n")
            raise CommandFailed(
                message, hint=getattr(error, "hint", None), details=details
            ) from error


def _lines(running: Running) -> list[str]:
    return [
        f"Cassandra  {running.version}",
        f"address    {', '.join(running.contact_points)}, port {running.port}",
        f"since      {moment_text(running.since)}",
        f"memory     {running.memory / 1024 / 1024:,.0f} MiB",
        f"process    {running.pid}, which keeps the nodes running",
        *(f"node       {node.address}, {_state(node)}" for node in running.nodes),
        f"directory  {running.directory}",
    ]


def _state(node: RunningNode) -> str:
    if node.pid is None:
        return "not running"
    return f"process {node.pid}{', paused' if node.is_paused else ''}"


def _json(running: Running) -> str:
    fields = {
        "version": running.version,
        "contact_points": running.contact_points,
        "port": running.port,
        "datacenter": running.datacenter,
        "since": moment_text(running.since),
        "memory_bytes": running.memory,
        "pid": running.pid,
        "nodes": [
            {"address": node.address, "pid": node.pid, "paused": node.is_paused}
            for node in running.nodes
        ],
        "directory": str(running.directory),
    }
    return orjson.dumps(fields).decode()
