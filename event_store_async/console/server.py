"""Server: runs a console by itself, for the command."""

import asyncio
import ipaddress
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import anyio
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from ..extras import install_hint
from .app import application
from .console import Console
from .doorkeeper import Authorize

try:
    import uvicorn
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        f"uvicorn is not installed; {install_hint('console')}", name=error.name
    ) from error

_LOOPBACK_NAMES: Final = {"localhost", "127.0.0.1", "[::1]"}
_STOP_SECONDS: Final = 1
_CONNECTIONS: Final = 200


def is_loopback(host: str) -> bool:
    """Return whether only this machine reaches an address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def listening(host: str, port: int) -> socket.socket:
    """
    Return a socket that listens on an address.

    Args:
        host: The address, or a name.
        port: The port; 0 is any free one.

    Raises:
        OSError: it cannot listen there.
    """
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    made = socket.socket(family, kind, protocol)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(address)
        made.listen(128)
        made.setblocking(False)
    except OSError:
        made.close()
        raise
    return made


async def serve(
    store: Any,
    listener: socket.socket,
    *,
    name: str,
    allow_changes: bool,
    authorize: Authorize,
    is_local: bool,
) -> None:
    """
    Serve the console of a store until it is cancelled; then its pages end at once.

    Args:
        store: The store.
        listener: The socket that listens; it is closed at the end.
        name: What the store is called on the pages.
        allow_changes: As for `console_app`.
        authorize: As for `console_app`.
        is_local: Whether requests must name this machine as their host.
    """
    console = Console(store, allow_changes=allow_changes, name=name)
    app: ASGIApp = application(console, authorize)
    config = uvicorn.Config(
        KnownHost(app) if is_local else app,
        http="h11",
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="critical",  # what fails is logged by the console itself
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=_CONNECTIONS,
        timeout_graceful_shutdown=_STOP_SECONDS,
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        await asyncio.shield(serving)
    finally:
        console.budget.end()
        server.should_exit = True
        with anyio.CancelScope(shield=True):
            await serving


class KnownHost:
    """
    Refuses requests that name another host than this machine.

    Otherwise a page of any site could read the console through a browser: its name is made to lead
    to this machine after it was loaded (DNS rebinding).

    Args:
        app: The application.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] == "http" and not _is_this_machine(Headers(scope=scope).getlist("host")):
            refused = PlainTextResponse("The host of the request is not this machine.\n", 400)
            await refused(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _is_this_machine(hosts: list[str]) -> bool:
    if len(hosts) != 1:
        return False
    host = hosts[0].lower()
    # Not the port: a tunnel may lead from another one to this.
    name, _, port = host.rpartition(":") if not host.endswith("]") else (host, "", "0")
    return (name or host) in _LOOPBACK_NAMES and (port.isdecimal() or not name)


class _Server(uvicorn.Server):
    """Leaves Ctrl-C to the event loop, which cancels what serves."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
