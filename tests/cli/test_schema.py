"""`event-store schema`: status, dry runs, creation and migration."""

import logging
from uuid import uuid4

import orjson
import pytest

from event_store_async import EventStore
from event_store_async.cassandra.schema.ddl import migrations_id

from ..fixtures.server import Server
from ..fixtures.stores import drop_keyspace, run_cql
from .running import Shell

CHANGES = "changing the schema: "


def replicas(server: Server) -> list[str]:
    return [f"--replication={name}={count}" for name, count in server.replication.items()]


async def test_create_status_migrate(shell: Shell, store: EventStore, server: Server) -> None:
    name = f"test_{uuid4().hex[:12]}"

    missing = await shell("schema", "status", "--keyspace", name)
    unstated = await shell("schema", "migrate", "--keyspace", name)
    created = await shell("schema", "create", "--keyspace", name, *replicas(server))
    again = await shell("schema", "create", "--keyspace", name, *replicas(server))
    migrated = await shell("schema", "migrate", EVENT_STORE_KEYSPACE=name)
    status = await shell("schema", "status", "--keyspace", name)
    told = await shell("schema", "status", "--keyspace", name, "--json")
    await drop_keyspace(store, name)

    assert (missing.code, "there is no such table" in missing.err) == (1, True)
    assert (unstated.code, "replication" in unstated.err) == (2, True)
    assert f"port {server.port}" in missing.out
    assert (created.code, f"{name}.events: created" in created.out) == (0, True)
    assert (again.code, "nothing to do" in again.out) == (0, True)
    assert (migrated.code, "nothing to do" in migrated.out) == (0, True)
    assert (status.code, "version      1 (needed: 1)" in status.out) == (0, True)
    assert all(f"{name}={count}" in status.out for name, count in server.replication.items())
    assert orjson.loads(told.out)["exists"] is True


async def test_a_dry_run_prints_the_statements_that_are_then_run(
    shell: Shell, store: EventStore, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    name = f"test_{uuid4().hex[:12]}"
    there = ["--keyspace", name]

    planned = await shell("schema", "create", *there, *replicas(server), "--dry-run")
    before = await shell("schema", "status", *there)
    with caplog.at_level(logging.INFO, "event_store_async"):
        await shell("schema", "create", *there, *replicas(server))
    after = await shell("schema", "create", *there, *replicas(server), "--dry-run")
    await drop_keyspace(store, name)

    run = [text for record in caplog.records if (text := record.getMessage()).startswith(CHANGES)]
    changes = [line for line in planned.lines if "  -- " not in line]
    bookkeeping = [line for line in planned.lines if "  -- " in line]
    assert planned.code == 0
    assert "8 statements would be run; nothing was changed" in planned.err
    assert [f"{text.removeprefix(CHANGES)};" for text in run] == changes
    assert [line.split()[0] for line in bookkeeping] == ["UPDATE", "INSERT", "INSERT", "UPDATE"]
    for line in bookkeeping[1:3]:
        assert "version = 1, name = 'created'" in line
    assert (before.code, "the keyspace does not exist" in before.out) == (1, True)
    assert (after.code, after.out, "nothing to do" in after.err) == (0, "", True)


async def test_a_dry_run_skips_existing_columns(
    shell: Shell, store: EventStore, keyspace: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A table of the Clojure original whose migration was interrupted."""
    table = f"old_{uuid4().hex[:8]}"
    await run_cql(
        store,
        f"CREATE TABLE {keyspace}.{table} (stream_id uuid, version int, payload blob, "
        "timestamp bigint, max_version int static, event_id uuid, "
        "PRIMARY KEY (stream_id, version))",
    )

    planned = await shell("schema", "migrate", "--table", table, "--dry-run")
    outdated = await shell("schema", "status", "--table", table)
    with caplog.at_level(logging.INFO, "event_store_async"):
        migrated = await shell("schema", "migrate", "--table", table)

    altered = [f'ALTER TABLE "{keyspace}"."{table}" ADD {column}' for column in (
        "event_type text", "content_type text", "metadata blob", "category text static",
        "ann_writer uuid", "ann_seq bigint", "kept_from int static",
    )]  # fmt: skip
    run = [record.getMessage().removeprefix(CHANGES) for record in caplog.records]
    assert [line.removesuffix(";") for line in planned.lines if "ALTER" in line] == altered
    assert [text for text in run if "ALTER" in text] == altered
    assert (outdated.code, "event-store schema migrate" in outdated.err) == (1, True)
    assert (migrated.code, "0001_event_identity" in migrated.out) == (0, True)


async def test_a_dry_run_fails_as_the_run_would(shell: Shell, server: Server) -> None:
    name = f"test_{uuid4().hex[:12]}"
    ((datacenter, _),) = server.replication.items()

    unstated = await shell("schema", "migrate", "--keyspace", name, "--dry-run")
    many = await shell(
        *("schema", "create", "--keyspace", name, "--dry-run"),
        *("--replication", f"{datacenter}=99"),
    )

    assert (unstated.code, f"there is no keyspace {name}" in unstated.err) == (2, True)
    assert (many.code, "are more than there are nodes" in many.err) == (2, True)


async def test_wrong_options_and_servers_are_reported(shell: Shell, dead_port: int) -> None:
    unreachable = await shell("schema", "status", "--port", str(dead_port))
    unsafe = await shell("schema", "status", "--keyspace", "Bank;")
    odd = await shell("schema", "create", "--replication", "dc")

    assert (unreachable.code, "cannot connect" in unreachable.err) == (1, True)
    assert (unsafe.code, "not a valid keyspace name" in unsafe.err) == (2, True)
    assert (odd.code, "DATACENTER=REPLICAS" in odd.err) == (2, True)


async def test_show_prints_cql_that_can_be_run(nowhere: Shell) -> None:
    shown = await nowhere(
        *("schema", "show", "--keyspace", "shop"),
        *("--replication", "east=3", "--replication", "west=2"),
    )
    default = await nowhere("schema", "show")

    assert shown.code == default.code == 0
    assert "'east': 3, 'west': 2" in shown.out
    assert 'CREATE TABLE IF NOT EXISTS "shop"."events"' in shown.out
    assert 'ALTER TABLE "shop"."events" ADD event_id uuid;' in shown.out
    assert migrations_id("shop") in shown.out
    assert "{{" not in shown.out
    assert "'datacenter1': 3" in default.out


async def test_show_uses_the_environment_and_the_file(nowhere: Shell) -> None:
    (nowhere.folder / "event-store.toml").write_text(
        'keyspace = "filed"\n[profiles.old]\ntable = "log"'
    )

    filed = await nowhere("schema", "show")
    profile = await nowhere("schema", "show", "--profile", "old")
    set_ = await nowhere("schema", "show", EVENT_STORE_KEYSPACE="env", EVENT_STORE_TABLE="facts")
    option = await nowhere("schema", "show", "--keyspace", "said", EVENT_STORE_KEYSPACE="env")
    wrong = await nowhere("schema", "show", "--config", "missing.toml")

    for done, table in (
        *((filed, '"filed"."events"'), (profile, '"filed"."log"')),
        *((set_, '"env"."facts"'), (option, '"said"."events"')),
    ):
        assert f"CREATE TABLE IF NOT EXISTS {table}" in done.out
    assert (wrong.code, wrong.out, "missing.toml: No such file" in wrong.err) == (2, "", True)


async def test_the_version(nowhere: Shell) -> None:
    from event_store_async import __version__

    assert (await nowhere("--version")).out == f"event-store {__version__}\n"


async def test_a_new_table_is_created_with_a_feed(
    shell: Shell, store: EventStore, server: Server
) -> None:
    name, plain = (f"test_{uuid4().hex[:12]}" for _ in range(2))

    planned = await shell(
        "schema", "create", "--keyspace", name, *replicas(server), "--feed", "--dry-run"
    )
    created = await shell("schema", "create", "--keyspace", name, *replicas(server), "--feed")
    again = await shell("schema", "create", "--keyspace", name, *replicas(server), "--feed")
    enabled = await shell("feed", "enable", "--keyspace", name)
    await shell("schema", "create", "--keyspace", plain, *replicas(server))
    refused = await shell("schema", "create", "--keyspace", plain, *replicas(server), "--feed")
    await drop_keyspace(store, name)
    await drop_keyspace(store, plain)

    assert (planned.code, "events_feed" in planned.out) == (0, True)
    assert (created.code, "events_feed" in created.out) == (0, True)
    assert (again.code, "created" in again.out) == (0, False)
    assert (enabled.code, "the table had a feed already" in enabled.err) == (0, True)
    assert refused.code == 2
    assert f"the table {plain}.events exists, and has no feed" in refused.err
    assert "feed enable" in refused.err
