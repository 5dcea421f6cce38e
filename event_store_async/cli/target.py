"""Where to connect to: options, or the environment. Passwords come from the environment only."""

import functools
import inspect
import os
from collections.abc import Callable, Coroutine
from typing import Annotated, Any, Concatenate, ParamSpec

import anyio
import typer

from ..cassandra import EventStore, Tls
from ..cassandra.connecting import Connecting
from ..errors import EventStoreError

_P = ParamSpec("_P")


def _options(
    keyspace: Annotated[str, typer.Option(envvar="EVENT_STORE_KEYSPACE", help="The keyspace.")],
    contact_points: Annotated[
        str,
        typer.Option(
            envvar="EVENT_STORE_CONTACT_POINTS",
            help="Addresses of some nodes, separated by commas.",
        ),
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(envvar="EVENT_STORE_PORT", help="The nodes' native port.")
    ] = 9042,
    table: Annotated[
        str, typer.Option(envvar="EVENT_STORE_TABLE", help="The table of events.")
    ] = "events",
    datacenter: Annotated[
        str | None,
        typer.Option(
            envvar="EVENT_STORE_DATACENTER", help="The local datacenter, if there are several."
        ),
    ] = None,
    username: Annotated[
        str | None,
        typer.Option(
            envvar="EVENT_STORE_USERNAME",
            help="For password authentication; the password comes from EVENT_STORE_PASSWORD.",
        ),
    ] = None,
    ca_file: Annotated[
        str | None,
        typer.Option(
            envvar="EVENT_STORE_CA_FILE", help="Connect by TLS, trusting this certificate."
        ),
    ] = None,
) -> Connecting[EventStore]:
    return EventStore.connect(
        contact_points,
        port=port,
        keyspace=keyspace,
        table=table,
        local_datacenter=datacenter,
        username=username,
        password=os.environ.get("EVENT_STORE_PASSWORD") if username else None,
        tls=None if ca_file is None else Tls(ca=ca_file),
    )


def with_store(
    command: Callable[Concatenate[EventStore, _P], Coroutine[Any, Any, None]],
) -> Callable[..., None]:
    """
    Make a command of an async function whose first parameter is a store.

    The command takes the options of the connection besides the function's own. An error of the
    library ends it with the error's text and exit code 1.
    """
    own = list(inspect.signature(command).parameters.values())[1:]
    common = inspect.signature(_options).parameters

    @functools.wraps(command)
    def run(**values: Any) -> None:
        target = {name: values.pop(name) for name in common}

        async def connected() -> None:
            async with _options(**target) as store:
                await command(store, **values)  # type: ignore[call-arg] # typer gives them all

        try:
            anyio.run(connected)
        except EventStoreError as error:
            typer.secho(f"error: {error}", fg=typer.colors.RED, err=True)
            raise typer.Exit(1) from None

    parameters = [
        parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for parameter in (*own, *common.values())
    ]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return run
