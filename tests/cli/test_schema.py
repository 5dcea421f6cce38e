"""The command `event-store schema`, as a person types it."""

import asyncio
import os
import sys
from dataclasses import dataclass
from uuid import uuid4

import pytest

from event_store_async import EventStore

from ..fixtures.server import Server
from ..fixtures.stores import drop_keyspace


@dataclass
class Done:
    code: int
    out: str
    err: str


async def event_store(*arguments: str, **environment: str) -> Done:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "event_store_async",
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "TERM": "dumb", "COLUMNS": "200", **environment},
    )
    out, err = await asyncio.wait_for(process.communicate(), 60)
    assert b"Traceback" not in err
    return Done(process.returncode or 0, out.decode(), err.decode())


@pytest.fixture
def there(server: Server) -> list[str]:
    return ["--contact-points", ",".join(server.contact_points), "--port", str(server.port)]


async def test_create_status_migrate(store: EventStore, server: Server, there: list[str]) -> None:
    name = f"test_{uuid4().hex[:12]}"
    replicas = [f"--replication={dc}={count}" for dc, count in server.replication.items()]

    missing = await event_store("schema", "status", "--keyspace", name, *there)
    unstated = await event_store("schema", "migrate", "--keyspace", name, *there)
    created = await event_store("schema", "create", "--keyspace", name, *replicas, *there)
    again = await event_store("schema", "create", "--keyspace", name, *replicas, *there)
    migrated = await event_store("schema", "migrate", *there, EVENT_STORE_KEYSPACE=name)
    status = await event_store("schema", "status", "--keyspace", name, *there)
    await drop_keyspace(store, name)

    assert (missing.code, "there is no such table" in missing.err) == (1, True)
    assert (unstated.code, "replication" in unstated.err) == (1, True)
    assert f"port {server.port}" in missing.out
    assert (created.code, f"{name}.events: created" in created.out) == (0, True)
    assert (again.code, "nothing to do" in again.out) == (0, True)
    assert (migrated.code, "nothing to do" in migrated.out) == (0, True)
    assert (status.code, "version      1" in status.out) == (0, True)


async def test_what_cannot_be_reached_or_read_is_said_plainly(
    there: list[str], unused_tcp_port: int
) -> None:
    nobody = await event_store(
        "schema", "status", "--keyspace", "bank", "--port", str(unused_tcp_port)
    )
    unsafe = await event_store("schema", "status", "--keyspace", "Bank;", *there)
    odd = await event_store("schema", "create", "--keyspace", "bank", "--replication", "dc", *there)

    assert (nobody.code, "cannot connect" in nobody.err) == (1, True)
    assert (unsafe.code, "no valid keyspace name" in unsafe.err) == (1, True)
    assert (odd.code, "DATACENTER=REPLICAS" in odd.err) == (2, True)


async def test_show_prints_cql_that_can_be_run() -> None:
    shown = await event_store("schema", "show", "--keyspace", "shop")

    assert shown.code == 0
    assert "CREATE TABLE IF NOT EXISTS shop.events" in shown.out
    assert "ALTER TABLE shop.events ADD event_id uuid;" in shown.out
    assert "{{" not in shown.out


async def test_the_version() -> None:
    from event_store_async import __version__

    assert (await event_store("--version")).out == f"event-store {__version__}\n"
