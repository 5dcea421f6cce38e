"""The command: where it listens, whom it lets in, and how it ends."""

import asyncio
import base64
import getpass
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import httpx2
import pytest

from event_store_async import EventStore, MemoryEventStore
from event_store_async.console.app import application
from event_store_async.console.console import Console
from event_store_async.console.password import Password
from event_store_async.console.server import KnownHost, is_loopback, listening

from ..cli.conftest import feed_shell, feed_store, nowhere, shell, there
from ..cli.running import Shell, ended
from .browsing import Browser, hidden

__all__ = ["feed_shell", "feed_store", "nowhere", "shell", "there"]


@asynccontextmanager
async def running(
    shell: Shell, *options: str, **environment: str
) -> AsyncIterator[tuple[str, asyncio.subprocess.Process]]:
    """Run the command during the block; it gives the address that it prints."""
    given: dict[str, Any] = dict(environment)
    process = await shell.process("console", "--no-browser", *options, **given)
    assert process.stdout is not None
    try:
        line = await asyncio.wait_for(process.stdout.readline(), 60)
        yield line.decode().strip(), process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def test_ctrl_c_ends_it_at_once_with_a_live_page_open(
    shell: Shell, store: EventStore, stream_id: UUID
) -> None:
    await store.persist_events(stream_id, [{"amount": 50}])
    async with (
        running(shell, "--listen", "0") as (address, process),
        httpx2.AsyncClient(timeout=60) as client,
    ):
        page = await client.get(f"{address}streams/{stream_id}")
        assert '<span class="number">50</span>' in page.text
        assert "server" not in page.headers
        live = client.stream("GET", f"{address}streams/{stream_id}/live?from=1")
        async with live as response:
            parts = response.aiter_text()
            text = ""
            while "version 1" not in text:
                text += await anext(parts)
            process.send_signal(signal.SIGINT)
            async with asyncio.timeout(60):
                async for _ in parts:
                    pass
        done = await ended(process)

    assert done.code == 0
    assert done.out == ""
    assert "Traceback" not in done.err
    assert [line for line in done.err.splitlines() if "press Ctrl-C" not in line] == []


async def test_changes_are_logged_with_the_name_of_the_user(
    feed_shell: Shell, feed_store: EventStore
) -> None:
    await feed_store.subscriptions.register("mails", 1, await feed_store.feed().head())
    async with (
        running(feed_shell, "--listen", "0", "--allow-changes") as (address, process),
        httpx2.AsyncClient(timeout=60) as client,
    ):
        path = f"{address}subscriptions/mails/pause"
        page = await client.get(path)
        headers = {
            "origin": address.rstrip("/"),
            "content-type": "application/x-www-form-urlencoded",
        }
        done = await client.post(path, content=urlencode(hidden(page.text)), headers=headers)
        assert done.status_code == 303
        process.send_signal(signal.SIGINT)
        ending = await ended(process)
    assert f"info: {getpass.getuser()} paused subscription mails" in ending.err
    assert (await feed_store.subscriptions.status("mails")).registration.paused


@pytest.mark.parametrize("name", ["starlette", "jinja2", "uvicorn"])
async def test_a_missing_package_is_named_with_its_extra(name: str) -> None:
    program = f"import sys; sys.modules[{name!r}] = None; "
    program += "import event_store_async.console.server"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, stderr=asyncio.subprocess.PIPE
    )
    _, err = await process.communicate()

    assert process.returncode == 1
    assert f"{name} is not installed; install the extra: ".encode() in err
    assert b"event_store_async[console]" in err


async def test_it_takes_the_next_free_port_and_refuses_a_taken_one(
    shell: Shell, store: EventStore
) -> None:
    with listening("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        done = await shell("console", "--no-browser", "--listen", str(port))
    assert done.code == 1
    assert f"it cannot listen on 127.0.0.1, port {port}" in done.err
    assert "--listen" in done.err
    async with running(shell) as (first, _), running(shell) as (second, _):
        assert first != second


@pytest.mark.parametrize("given", ["x", "70000", ":", "127.0.0.1", "[::1]:x", "-1", ""])
async def test_an_address_must_be_one(shell: Shell, store: EventStore, given: str) -> None:
    done = await shell("console", "--no-browser", "--listen", given)

    assert done.code == 2
    assert "--listen must be a port" in done.err


async def test_another_address_needs_a_password(
    shell: Shell, store: EventStore, tmp_path: Path
) -> None:
    refused = await shell("console", "--no-browser", "--listen", "0.0.0.0:0")
    assert refused.code == 2
    assert "EVENT_STORE_CONSOLE_PASSWORD" in refused.err
    empty = tmp_path / "empty"
    empty.write_text("\n")
    for file in (empty, tmp_path / "none"):
        wrong = await shell(
            "console",
            "--no-browser",
            "--listen",
            "0.0.0.0:0",
            EVENT_STORE_CONSOLE_PASSWORD_FILE=str(file),
        )
        assert wrong.code == 2
        assert str(file) not in wrong.err


async def test_a_password_from_a_file(shell: Shell, store: EventStore, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("correct horse\n")
    file.chmod(0o644)
    async with (
        running(
            shell,
            "--listen",
            "0.0.0.0:0",
            "--allow-changes",
            EVENT_STORE_CONSOLE_PASSWORD_FILE=str(file),
        ) as (address, process),
        httpx2.AsyncClient(timeout=60) as client,
    ):
        here = address.replace("0.0.0.0", "127.0.0.1")  # noqa: S104
        assert (await client.get(here)).status_code == 401
        assert (await client.get(here, auth=("ann", "wrong"))).status_code == 401
        page = await client.get(here, auth=("ann", "correct horse"))
        assert page.status_code == 200
        assert "· ann ·" in page.text
        process.send_signal(signal.SIGINT)
        done = await ended(process)
    assert done.code == 0
    assert "correct horse" not in done.err + done.out
    assert "other users may read or change the password file" in done.err
    assert "a wrong password came from 127.0.0.1, for user 'ann'" in done.err
    assert "plain text" in done.err


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("", 401),
        ("Basic", 401),
        ("Basic !!!", 401),
        ("Bearer cGFzc3dvcmQ=", 401),
        ("ann:password", 401),
        (":password", 401),
        ("  :password", 401),
        ("\u202eann:password", 401),
        (f"{'a' * 200}:password", 401),
        ("ann:", 401),
        ("ann:Password", 401),
        ("ann:pass:word", 401),
        ("ann:password", 200),
    ],
)
async def test_credentials(header: str, code: int) -> None:
    app = application(Console(MemoryEventStore(), allow_changes=False), Password("password"))
    if ":" in header and (code == 200 or header != "ann:password"):
        header = f"Basic {base64.b64encode(header.encode()).decode()}"
    response = await Browser(app).get("/", authorization=header)

    assert response.status_code == code
    assert ("www-authenticate" in response.headers) == (code == 401)


@pytest.mark.parametrize(
    ("host", "code"),
    [
        ("127.0.0.1", 200),
        ("127.0.0.1:8455", 200),
        ("localhost:9000", 200),
        ("LOCALHOST", 200),
        ("[::1]:8455", 200),
        ("[::1]", 200),
        ("evil.example", 400),
        ("evil.example:8455", 400),
        ("127.0.0.1.evil.example", 400),
        ("localhost.evil.example:8455", 400),
        ("localhost:8455@evil.example", 400),
        ("evil.example#localhost", 400),
        ("", 400),
        (":8455", 400),
    ],
)
async def test_only_this_machine_is_a_host(host: str, code: int) -> None:
    """A name that was made to lead to this machine (DNS rebinding) is refused."""
    app = application(Console(MemoryEventStore(), allow_changes=False), None)
    response = await Browser(KnownHost(app)).get("/", host=host)

    assert response.status_code == code


def test_loopback_is_known() -> None:
    assert all(map(is_loopback, ["127.0.0.1", "127.8.8.8", "::1", "localhost"]))
    assert not any(map(is_loopback, ["0.0.0.0", "::", "10.0.0.1", "example.org", ""]))  # noqa: S104


async def test_a_socket_listens_or_is_closed() -> None:
    with pytest.raises(OSError, match=r"."):
        listening("192.0.2.1", 1)
    with listening("127.0.0.1", 0) as made:
        assert made.family == socket.AF_INET
        assert made.getsockname()[1] > 0
