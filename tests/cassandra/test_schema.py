"""The schema: created, migrated, also from the original's, and refused with a reason."""

import asyncio
import os
import sys
from collections.abc import AsyncGenerator
from uuid import UUID, uuid4

import pytest

from event_store_async import (
    ANY,
    NO_STREAM,
    ConcurrentModification,
    EventStore,
    InvalidArgument,
    NewEvent,
    RawCodec,
    SchemaMismatch,
    SchemaMissing,
    SchemaOutdated,
    SchemaTooNew,
    StoreUnavailable,
    TimeToLiveRefused,
    UndecodableEvent,
)

from ..fixtures.server import Server
from ..fixtures.stores import drop_keyspace, payloads, read_all, run_cql

ORIGINAL_TABLE = (
    "CREATE TABLE {keyspace}.events (stream_id uuid, version int, payload blob, "
    "timestamp bigint, max_version int static, PRIMARY KEY (stream_id, version))"
)


@pytest.fixture
def keyspace() -> str:
    """Give a keyspace of the test's own."""
    return f"test_{uuid4().hex[:12]}"


@pytest.fixture
async def bare(server: Server, keyspace: str) -> AsyncGenerator[EventStore, None]:
    """Give a store whose keyspace does not exist."""
    async with server.connect(keyspace) as store:
        yield store
        await drop_keyspace(store, keyspace)


async def create_keyspace(store: EventStore, server: Server, keyspace: str) -> None:
    replicas = ", ".join(f"'{name}': {count}" for name, count in server.replication.items())
    await run_cql(
        store,
        f"CREATE KEYSPACE {keyspace} "
        f"WITH replication = {{'class': 'NetworkTopologyStrategy', {replicas}}}",
    )


async def test_a_missing_keyspace_or_table_is_reported_on_first_use(
    bare: EventStore, server: Server, keyspace: str, stream_id: UUID
) -> None:
    for _ in range(2):
        with pytest.raises(SchemaMissing, match="create_schema"):
            await bare.persist_events(stream_id, ["a"])
        with pytest.raises(SchemaMissing):
            await read_all(bare, stream_id)
        with pytest.raises(SchemaMissing):
            await bare.current_version(stream_id)
        if not (await bare.schema_state()).replication:
            await create_keyspace(bare, server, keyspace)


async def test_a_keyspace_is_not_created_without_a_replication(bare: EventStore) -> None:
    with pytest.raises(InvalidArgument, match="replication"):
        await bare.create_schema()


@pytest.mark.parametrize(
    ("replication", "named"),
    [
        ({"mars": 1}, "there is no datacenter 'mars'; nodes by datacenter: datacenter1 has"),
        ({"datacenter1": 1, "mars": 1}, "there is no datacenter 'mars'"),
        ({"datacenter1": 99}, "99 replicas in 'datacenter1' are more than there are nodes"),
    ],
)
async def test_a_replication_that_the_cluster_cannot_hold_creates_nothing(
    bare: EventStore, replication: dict[str, int], named: str
) -> None:
    with pytest.raises(InvalidArgument, match=named):
        await bare.create_schema(replication)

    assert (await bare.schema_state()).replication is None


async def test_creating_is_idempotent_and_reported(
    bare: EventStore, server: Server, keyspace: str, stream_id: UUID
) -> None:
    first = await bare.create_schema(server.replication)
    await bare.persist_events(stream_id, ["a"])
    second = await bare.create_schema(server.replication)
    third = await bare.create_schema()

    assert (first.table, first.version, first.created) == (f"{keyspace}.events", 1, True)
    assert first.replication["class"].endswith("NetworkTopologyStrategy")
    assert (second.created, second.migrations, third.created) == (False, (), False)
    assert await bare.current_version(stream_id) == 1


async def test_the_table_has_the_options_that_suit_it(bare: EventStore, server: Server) -> None:
    await bare.create_schema(server.replication)
    keyspace, table = (await bare.schema_state()).table.split(".")

    result = await bare._engine.session.raw.execute(
        __import__("acsylla").create_statement(
            "SELECT compaction, compression FROM system_schema.tables "
            f"WHERE keyspace_name = '{keyspace}' AND table_name = '{table}'"
        )
    )

    compaction, compression = result.first().as_tuple()
    major = int((await bare.schema_state()).release.partition(".")[0])
    wanted = "UnifiedCompactionStrategy" if major >= 5 else "LeveledCompactionStrategy"
    assert compaction["class"].endswith(wanted)
    assert compression["class"].endswith("ZstdCompressor")


@pytest.mark.slow
async def test_many_processes_may_create_the_schema_at_once(
    bare: EventStore, server: Server, keyspace: str, stream_id: UUID
) -> None:
    program = """
import asyncio, os, sys
from event_store_async import EventStore
async def main():
    points, port, keyspace, datacenter, replicas = sys.argv[1:]
    async with EventStore.connect(points, port=int(port), keyspace=keyspace) as store:
        sys.stdin.readline()
        await asyncio.gather(*(store.create_schema({datacenter: int(replicas)}) for _ in range(3)))
asyncio.run(main())
"""
    (datacenter, replicas), *_ = server.replication.items()
    arguments = [",".join(server.contact_points), str(server.port), keyspace, datacenter]
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            program,
            *arguments,
            str(replicas),
            stdin=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=dict(os.environ),
        )
        for _ in range(4)
    ]

    outputs = await asyncio.gather(*(process.communicate(b"go\n") for process in processes))

    assert [process.returncode for process in processes] == [0] * 4, outputs
    result = await bare.persist_events(stream_id, ["a"], NO_STREAM)
    assert result.version == 1
    assert (await bare.schema_state()).version == 1


async def test_the_keyspace_can_be_dropped_and_created_again(
    bare: EventStore, server: Server, keyspace: str, stream_id: UUID
) -> None:
    await bare.create_schema(server.replication)
    await bare.persist_events(stream_id, ["a"])
    await drop_keyspace(bare, keyspace)

    report = await bare.create_schema(server.replication)

    assert report.created
    result = await bare.persist_events(stream_id, ["b"])
    assert result.version == 1


# The original's table


async def make_original(store: EventStore, server: Server, keyspace: str, stream: UUID) -> None:
    """Create the original's table, with two events as it would write them."""
    await create_keyspace(store, server, keyspace)
    await run_cql(store, ORIGINAL_TABLE.format(keyspace=keyspace))
    await append_as_original(store, keyspace, stream, 0, [b"\x01", b"\x02"])


async def append_as_original(
    store: EventStore, keyspace: str, stream: UUID, expected: int, payloads: list[bytes]
) -> None:
    last = expected + len(payloads)
    rows = " ".join(
        f"INSERT INTO {keyspace}.events (stream_id, version, payload, timestamp) VALUES "
        f"({stream}, {expected + n}, 0x{payload.hex()}, 1514764800123) IF NOT EXISTS;"
        for n, payload in enumerate(payloads, 1)
    )
    await run_cql(
        store,
        f"BEGIN BATCH UPDATE {keyspace}.events SET max_version = {last} "
        f"WHERE stream_id = {stream} IF max_version = {expected or 'null'}; {rows} APPLY BATCH",
    )


async def test_the_originals_table_is_refused_until_it_is_migrated(
    bare: EventStore, server: Server, keyspace: str, stream_id: UUID
) -> None:
    await make_original(bare, server, keyspace, stream_id)

    with pytest.raises(SchemaOutdated, match="migrate") as caught:
        await read_all(bare, stream_id)

    assert (caught.value.found, caught.value.needed) == (0, 1)


async def test_the_originals_table_is_migrated_without_losing_a_row(
    bare: EventStore, server: Server, keyspace: str, stream_id: UUID
) -> None:
    await make_original(bare, server, keyspace, stream_id)

    report = await bare.create_schema()

    assert (report.created, report.migrations) == (False, ("0001_event_identity",))
    raw = EventStore(bare._engine.session.raw, keyspace=keyspace, codec=RawCodec())
    first, second = await read_all(raw, stream_id)
    assert (first.payload, first.version, first.event_id) == (b"\x01", 1, None)
    assert (first.type, first.metadata) == (None, None)
    assert first.timestamp.isoformat() == "2018-01-01T00:00:00.123000+00:00"
    assert second.payload == b"\x02"

    # both append to it, side by side
    stored = await raw.persist_events(stream_id, [b"\x03"], 2)
    assert stored.version == 3
    await append_as_original(bare, keyspace, stream_id, 3, [b"\x04"])
    await append_as_original(bare, keyspace, stream_id, 3, [b"lost: it is at 4 by now"])
    assert await raw.try_persist_events(stream_id, [b"\x05"], 3) == (
        ConcurrentModification(stream_id, 3, 4)
    )
    await raw.persist_events(stream_id, [NewEvent(b"\x05")], ANY)
    assert payloads(await read_all(raw, stream_id)) == [b"\x01", b"\x02", b"\x03", b"\x04", b"\x05"]
    await raw.close()


async def test_the_originals_payloads_need_a_codec_for_them(
    bare: EventStore, server: Server, keyspace: str, stream_id: UUID
) -> None:
    await make_original(bare, server, keyspace, stream_id)
    await bare.create_schema()

    with pytest.raises(UndecodableEvent) as caught:
        await read_all(bare, stream_id)

    assert (caught.value.version, caught.value.content_type) == (1, None)


async def test_a_migrated_table_has_the_columns_of_a_fresh_one(
    bare: EventStore, server: Server, keyspace: str, stream_id: UUID
) -> None:
    await make_original(bare, server, keyspace, stream_id)
    await bare.create_schema()
    fresh = EventStore(bare._engine.session.raw, keyspace=keyspace, table="fresh")
    await fresh.create_schema()

    migrated, created = await bare.schema_state(), await fresh.schema_state()

    assert migrated.columns == created.columns
    assert migrated.version == created.version
    await fresh.close()


async def test_an_interrupted_migration_continues(
    bare: EventStore, server: Server, keyspace: str, stream_id: UUID
) -> None:
    await make_original(bare, server, keyspace, stream_id)
    await run_cql(bare, f"ALTER TABLE {keyspace}.events ADD event_id uuid")
    with pytest.raises(SchemaOutdated):
        await bare.current_version(stream_id)

    await bare.create_schema()

    assert await bare.current_version(stream_id) == 2


# Refused


async def test_a_default_time_to_live_is_refused_on_first_use_and_on_migration(
    bare: EventStore, server: Server, keyspace: str, stream_id: UUID
) -> None:
    await bare.create_schema(server.replication)
    await run_cql(bare, f"ALTER TABLE {keyspace}.events WITH default_time_to_live = 3600")
    other = EventStore(bare._engine.session.raw, keyspace=keyspace)

    for call in (
        other.persist_events(stream_id, ["a"]),
        other.current_version(stream_id),
        other.create_schema(),
    ):
        with pytest.raises(TimeToLiveRefused, match="3600") as caught:
            await call
        assert caught.value.seconds == 3600
    await other.close()


async def test_a_newer_schema_version_is_refused(
    bare: EventStore, server: Server, keyspace: str, stream_id: UUID
) -> None:
    await bare.create_schema(server.replication)
    await run_cql(
        bare,
        f"INSERT INTO {keyspace}.event_store_migrations (table_name, version, name) "
        "VALUES ('events', 2, 'from the future')",
    )
    other = EventStore(bare._engine.session.raw, keyspace=keyspace)

    with pytest.raises(SchemaTooNew) as caught:
        await other.current_version(stream_id)

    assert (caught.value.found, caught.value.needed) == (2, 1)
    with pytest.raises(SchemaTooNew):
        await other.create_schema()
    await other.close()


@pytest.mark.parametrize(
    "columns",
    [
        "stream_id text, version int, payload blob, timestamp bigint, max_version int static",
        "stream_id uuid, version int, payload text, timestamp bigint, max_version int static",
        "stream_id uuid, version int, payload blob, timestamp bigint, max_version int",
        "stream_id uuid, version int, payload blob, timestamp timestamp, max_version int static",
        "stream_id uuid, version int, payload blob, timestamp bigint, max_version int static, "
        "event_id text",
        "stream_id uuid, version int",
    ],
)
async def test_a_table_of_another_application_is_refused(
    bare: EventStore, server: Server, keyspace: str, stream_id: UUID, columns: str
) -> None:
    await create_keyspace(bare, server, keyspace)
    await run_cql(
        bare, f"CREATE TABLE {keyspace}.events ({columns}, PRIMARY KEY (stream_id, version))"
    )

    with pytest.raises(SchemaMismatch):
        await bare.current_version(stream_id)
    with pytest.raises(SchemaMismatch):
        await bare.create_schema()


async def test_deleted_rows_at_the_beginning_are_not_scanned(
    bare: EventStore, server: Server, keyspace: str, stream_id: UUID
) -> None:
    """An append reads two rows of the stream; with the static condition alone it would read all."""
    deleted = 110_000  # above the server's tombstone_failure_threshold of 100,000
    await bare.create_schema(server.replication)
    table, stream = f"{keyspace}.events", f"stream_id = {stream_id}"
    await run_cql(bare, f"UPDATE {table} SET max_version = {deleted} WHERE {stream}")
    for start in range(1, deleted, 5000):
        deletes = " ".join(
            f"DELETE FROM {table} WHERE {stream} AND version = {version};"
            for version in range(start, start + 5000)
        )
        await run_cql(bare, f"BEGIN UNLOGGED BATCH {deletes} APPLY BATCH")

    said = "Timeout"
    while "Timeout" in said:  # a slow server may give up before it has read that many
        with pytest.raises(StoreUnavailable) as caught:
            await run_cql(
                bare,
                f"UPDATE {table} SET max_version = {deleted} WHERE {stream} IF max_version = 1",
            )
        said = str(caught.value)
    assert "Failure" in said
    exact = await bare.persist_events(stream_id, ["exact"], deleted)
    anywhere = await bare.persist_events(stream_id, ["any"])
    again = NewEvent("exact", event_id=exact.events[0].event_id or uuid4())
    repeated = await bare.persist_events(stream_id, [again])

    assert (exact.version, anywhere.version) == (deleted + 1, deleted + 2)
    assert (repeated.version, repeated.stored_earlier) == (deleted + 1, True)
