"""``event-store console``: shows streams, feed and subscriptions in a browser."""

import asyncio
import getpass
import logging
import os
import socket
import sys
import webbrowser
from pathlib import Path
from typing import Annotated, Final

import typer
from anyio import to_thread

from ..cassandra import EventStore
from ..environment import HIGHEST_PORT, variable
from ..extras import install_hint
from . import configuration
from .failures import CommandFailed, wrong_usage
from .options import FLAG
from .output import is_terminal, note, write_lines
from .target import Target, with_store

_HOST: Final = "127.0.0.1"
_PORT: Final = 8455
_EXTRA: Final = {"starlette", "jinja2", "markupsafe", "uvicorn"}


@with_store
async def console(
    store: EventStore,
    target: Target,
    listen: Annotated[
        str | None,
        typer.Option(
            metavar="[ADDRESS:]PORT",
            help=f"Where it listens ({_HOST}:{_PORT}, or the next free port).",
            show_default=False,
        ),
    ] = None,
    allow_changes: Annotated[
        bool,
        typer.Option(
            "--allow-changes",
            metavar=FLAG,
            help="Let its users pause subscriptions, and replay and skip parked events.",
        ),
    ] = False,
    browser: Annotated[
        bool,
        typer.Option(
            "--browser/--no-browser",
            metavar=FLAG,
            help="Open it in a browser (if this is a terminal).",
            show_default=False,
        ),
    ] = True,
) -> None:
    """
    Show streams, the feed and subscriptions in a browser, until Ctrl-C.

    It changes nothing, unless changes are allowed. Needs the extra `console`.

    By default only this machine reaches it. On another address it needs a password, from
    EVENT_STORE_CONSOLE_PASSWORD, or from the file that EVENT_STORE_CONSOLE_PASSWORD_FILE names.

    Examples:
    - `event-store console --keyspace bank --no-browser`
    - `event-store console --keyspace bank --allow-changes --no-browser`
    """
    try:
        from ..console.password import Password
        from ..console.server import is_loopback, serve
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _EXTRA:
            raise
        raise CommandFailed(
            f"{error.name} is not installed", hint=install_hint("console")
        ) from error
    host, port = _address(listen)
    password = _password()
    is_local = is_loopback(host)
    if password is None and not is_local:
        raise wrong_usage(
            f"whoever reaches {host} could read the store: a password is needed",
            "set EVENT_STORE_CONSOLE_PASSWORD, or EVENT_STORE_CONSOLE_PASSWORD_FILE to a file "
            "with it; or listen on 127.0.0.1, and use a tunnel",
        )
    logging.getLogger("event_store_async.console").setLevel(logging.INFO)  # who changes what
    listener = _listener(host, port)
    user = getpass.getuser() if password is None else ""
    address = _url(host, listener)
    changes = "changes are allowed" if allow_changes else "read-only"
    try:
        note(f"the console of {target.keyspace}.{target.table}, {changes}; press Ctrl-C to stop")
        if not is_local:
            note("warning: passwords and events are sent in plain text; use a proxy with TLS")
        await write_lines([address])
        if browser and _has_browser():
            await to_thread.run_sync(webbrowser.open, address)
        await serve(
            store,
            listener,
            name=f"{target.keyspace}.{target.table}",
            allow_changes=allow_changes,
            authorize=Password(password) if password is not None else lambda _: user,
            is_local=is_local,
        )
    except asyncio.CancelledError:
        # Ctrl-C is how it ends: nothing was interrupted.
        task = asyncio.current_task()
        if task is not None:
            task.uncancel()
    finally:
        listener.close()


def _address(listen: str | None) -> tuple[str, int | None]:
    """Return where to listen; the port is None if any will do."""
    if listen is None:
        return _HOST, None
    host, _, text = listen.rpartition(":")
    if text.isascii() and text.isdecimal() and len(text) <= 5 and int(text) <= HIGHEST_PORT:
        return host.removeprefix("[").removesuffix("]") or _HOST, int(text)
    raise wrong_usage(
        f"--listen must be a port, or an address and a port, not {listen!r}",
        "for example 9000, 0.0.0.0:9000 or [::1]:9000",
    )


def _password() -> str | None:
    password = variable("EVENT_STORE_CONSOLE_PASSWORD")
    file = variable("EVENT_STORE_CONSOLE_PASSWORD_FILE")
    if password is None and file is not None:
        password = configuration.read_password(Path(file), "EVENT_STORE_CONSOLE_PASSWORD_FILE is")
        if not password:
            raise wrong_usage("the password file is empty")
    return password


def _listener(host: str, port: int | None) -> socket.socket:
    from ..console.server import listening

    try:
        if port is not None:
            return listening(host, port)
        try:
            return listening(host, _PORT)
        except OSError:
            return listening(host, 0)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise CommandFailed(
            f"it cannot listen on {host}, port {port or _PORT}: {reason}",
            hint="choose another one with --listen",
        ) from error


def _url(host: str, listener: socket.socket) -> str:
    port = listener.getsockname()[1]
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def _has_browser() -> bool:
    """Return whether a browser can be opened that does not take the terminal."""
    if not is_terminal():
        return False
    has_screen = any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))
    return has_screen or sys.platform == "darwin"
