"""Old files: what an earlier version wrote is read, and what it began is resumed (see old/)."""

import json
import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from itertools import groupby
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_DNS, UUID, uuid4, uuid5

import pytest
from backports import zstd

from event_store_async import (
    NO_STREAM,
    ConcurrentModification,
    EventStore,
    NewEvent,
    SchemaState,
    UndecodableEvent,
)
from event_store_async.archive import export_events, import_events
from event_store_async.maintenance import (
    Depth,
    FindingKind,
    Progress,
    StoredEvent,
    StreamFacts,
    StreamFinding,
    Survey,
    survey_streams,
    verify_streams,
)

from ..fixtures.server import Server
from ..fixtures.stores import drop_keyspace, payloads, read_all, run_cql
from ..maintenance.stores import contents, names, new_store
from .interrupting import check_file

OLD = Path(__file__).parent / "old"
TABLE: dict[str, Any] = json.loads((OLD / "table.json").read_text())
REPORT: dict[str, Any] = TABLE["report"]
COMPACTION = "{'class': 'SizeTieredCompactionStrategy'}"
"""One that every server has; which one a table has is the operator's choice."""

BLOBS = {"payload", "metadata"}
TEXTS = {"event_type", "content_type"}


def stream(name: str) -> UUID:
    """Return the id of a stream in the old table."""
    return uuid5(NAMESPACE_DNS, f"old files: {name}")


def literal(column: str, value: Any) -> str:
    """Return a value of `table.json` in CQL."""
    if value is None:
        return "null"
    if column in BLOBS:
        return f"0x{value}"
    return "'{}'".format(value.replace("'", "''")) if column in TEXTS else str(value)


def stored(rows: list[list[Any]]) -> dict[UUID, list[StoredEvent]]:
    """Return the events of a table's rows, as today's code must read them."""
    found: dict[UUID, list[StoredEvent]] = {}
    for row in rows:
        it = dict(zip(TABLE["columns"], row, strict=True))
        event = StoredEvent(
            UUID(it["stream_id"]),
            it["version"],
            None if it["payload"] is None else bytes.fromhex(it["payload"]),
            it["timestamp"],
            None if it["event_id"] is None else UUID(it["event_id"]),
            it["event_type"],
            it["content_type"],
            None if it["metadata"] is None else bytes.fromhex(it["metadata"]),
        )
        found.setdefault(event.stream_id, []).append(event)
    return found


EVENTS = stored(TABLE["rows"])


@asynccontextmanager
async def old_table(
    server: Server, rows: list[list[Any]] = TABLE["rows"]
) -> AsyncGenerator[EventStore]:
    """Give a store on a table that the old version's CQL made, with rows that it wrote."""
    keyspace = f"test_{uuid4().hex[:12]}"
    replicas = ", ".join(f"'{name}': {count}" for name, count in server.replication.items())
    async with server.connect(keyspace) as store:
        await run_cql(
            store,
            f"CREATE KEYSPACE {keyspace} WITH replication = "
            f"{{'class': 'NetworkTopologyStrategy', {replicas}}}",
        )
        try:
            for lines in TABLE["tables"]:
                text = "\n".join(lines).format(
                    keyspace=keyspace, table="events", compaction=COMPACTION, id=uuid4()
                )
                await run_cql(store, text)
            name, version, migration, applied_at = TABLE["migrations"][0]
            await run_cql(
                store,
                f"INSERT INTO {keyspace}.event_store_migrations "
                f"(table_name, version, name, applied_at) "
                f"VALUES ('{name}', {version}, '{migration}', {applied_at})",
            )
            columns = TABLE["columns"]
            for _, batch in groupby(rows, lambda row: row[0]):
                inserts = [
                    f"INSERT INTO {keyspace}.events ({', '.join(columns)}) "
                    f"VALUES ({', '.join(map(literal, columns, row))})"
                    for row in batch
                ]
                await run_cql(
                    store, "BEGIN UNLOGGED BATCH\n" + ";\n".join(inserts) + ";\nAPPLY BATCH"
                )
            yield store
        finally:
            await drop_keyspace(store, keyspace)


def copy_checkpoint(name: str, target: Path, table: SchemaState) -> None:
    """Copy an old checkpoint, so that it is one of another table."""
    checkpoint = json.loads((OLD / name).read_bytes())
    checkpoint.update(table=table.table, table_id=str(table.table_id))
    target.write_text(json.dumps(checkpoint))


def lines(path: Path) -> list[bytes]:
    """Return the lines of an archive but its header, sorted."""
    with zstd.open(path, "rb") as file:
        return sorted(file.read().splitlines()[1:])


async def test_an_old_table_is_read_as_it_was_written(server: Server) -> None:
    async with old_table(server) as store:
        assert await contents(store) == EVENTS
        types = await read_all(store, stream("types"))
        assert payloads(types) == [
            {"owner": "Zoë ☃"},
            {"big": 2**63 - 1, "float": 1e300, "text": '\\"\n\u0000\u2028'},
            None,
            [],
            "",
        ]
        assert [event.type for event in types[:3]] == ["opened", "naïve-☃", None]
        assert types[0].metadata == {"user": "ünï", "n": 1}
        assert payloads(await read_all(store, stream("compressed"))) == [
            {"text": "again " * 200},
            {"n": 1},
        ]
        assert payloads(await read_all(store, stream("binary"))) == [
            bytes(range(256)),
            b"",
            b"\xff\xfe",
            b"plain\n",
        ]
        original = await read_all(store, stream("clojure original"))
        assert payloads(original) == [{"type": "opened", "n": 100.0}, {"b": 1, "a": [1]}, "é"]
        assert [event.event_id for event in original] == [None] * 3
        backward = await read_all(store, stream("long"), from_version=120, backward=True)
        assert [event.version for event in backward] == [*range(120, 0, -1)]
        with pytest.raises(UndecodableEvent):
            await read_all(store, stream("own codec 0"))


async def test_an_old_table_is_verified_and_surveyed(server: Server) -> None:
    async with old_table(server) as store:
        verified = await verify_streams(store)
        survey = await survey_streams(store, depth=Depth.EVENTS)

    assert (verified.streams, verified.events) == (REPORT["streams"], REPORT["events"])
    assert (verified.bytes, verified.digest) == (REPORT["bytes"], REPORT["digest"])
    assert verified.findings == TABLE["findings"]
    assert survey == Survey(**TABLE["survey"])


async def test_an_old_table_is_appended_to(server: Server) -> None:
    async with old_table(server) as store:
        ids = [event.event_id for event in EVENTS[stream("short 2")]]
        same = [NewEvent({"n": n}, event_id=event_id) for n, event_id in enumerate(ids) if event_id]
        assert len(same) == 3

        repeated = await store.persist_events(stream("short 2"), same, NO_STREAM)
        stale = await store.try_persist_events(stream("long"), ["new"], 119)
        added = await store.persist_events(stream("long"), ["new"], 120)
        to_original = await store.persist_events(stream("clojure original"), ["new"])

        assert repeated.stored_earlier
        assert stale == ConcurrentModification(stream("long"), 119, 120)
        assert (added.version, to_original.version) == (121, 4)
        assert payloads(await read_all(store, stream("long"), from_version=121)) == ["new"]
        assert (await verify_streams(store)).findings == TABLE["findings"]


async def test_an_old_table_is_exported_as_the_old_version_did(
    server: Server, tmp_path: Path
) -> None:
    async with old_table(server) as store:
        exported = await export_events(store, tmp_path / "new.zst")

    assert (exported.streams, exported.events) == (REPORT["streams"], REPORT["events"])
    assert (exported.bytes, exported.digest) == (REPORT["bytes"], REPORT["digest"])
    assert exported.findings == 0
    assert lines(tmp_path / "new.zst") == lines(OLD / "archive.zst")


async def test_an_old_archive_is_imported(server: Server, tmp_path: Path) -> None:
    path = tmp_path / "archive.zst"
    shutil.copy(OLD / "archive.zst", path)
    async with new_store(server) as (store, _):
        imported = await import_events(store, path)

        assert await contents(store) == EVENTS
    assert (imported.streams, imported.events) == (REPORT["streams"], REPORT["events"])
    assert (imported.stored, imported.checked) == (REPORT["events"], REPORT["streams"])
    assert (imported.digest, imported.findings) == (REPORT["digest"], 0)


async def test_an_old_export_is_resumed(server: Server, tmp_path: Path) -> None:
    path = tmp_path / "export.zst"
    shutil.copy(OLD / "export.zst", path)
    async with old_table(server) as store:
        state = await store.schema_state()
        copy_checkpoint("export.zst.checkpoint", tmp_path / "export.zst.checkpoint", state)

        exported = await export_events(store, path)

    assert exported.resumed
    assert (exported.streams, exported.events) == (REPORT["streams"], REPORT["events"])
    assert exported.digest == REPORT["digest"]
    assert check_file(path) == (REPORT["streams"], REPORT["events"])
    assert lines(path) == lines(OLD / "archive.zst")
    assert names(tmp_path) == ["export.zst"]


async def test_an_old_import_is_resumed(server: Server, tmp_path: Path) -> None:
    path, checkpoint = tmp_path / "archive.zst", tmp_path / "checkpoint"
    shutil.copy(OLD / "archive.zst", path)
    half = json.loads((OLD / "import.json").read_text())
    async with old_table(server, half["rows"]) as store:
        assert await contents(store) == stored(half["rows"]) != EVENTS
        copy_checkpoint("import.checkpoint", checkpoint, await store.schema_state())

        imported = await import_events(store, path, checkpoint=checkpoint)

        assert await contents(store) == EVENTS
    assert imported.resumed
    assert (imported.stored, imported.checked) == (REPORT["events"], REPORT["streams"])
    assert (imported.digest, imported.findings) == (REPORT["digest"], 0)
    assert names(tmp_path) == ["archive.zst"]


async def test_an_old_verification_is_resumed(server: Server, tmp_path: Path) -> None:
    checkpoint = tmp_path / "checkpoint"
    findings: list[StreamFinding] = []
    async with old_table(server) as store:
        copy_checkpoint("verify.checkpoint", checkpoint, await store.schema_state())

        verified = await verify_streams(store, checkpoint=checkpoint, on_finding=findings.append)

    assert verified.resumed
    assert (verified.streams, verified.events) == (REPORT["streams"], REPORT["events"])
    assert (verified.bytes, verified.digest) == (REPORT["bytes"], REPORT["digest"])
    assert verified.findings == {FindingKind.NO_CODEC: 2}
    assert len(findings) == 1, "the other one was reported before the interruption"
    assert names(tmp_path) == []


async def test_an_old_survey_is_resumed(server: Server, tmp_path: Path) -> None:
    checkpoint = tmp_path / "checkpoint"
    streams: list[StreamFacts] = []
    progress: list[Progress] = []
    async with old_table(server) as store:
        copy_checkpoint("streams.checkpoint", checkpoint, await store.schema_state())

        survey = await survey_streams(
            store,
            depth=Depth.EVENTS,
            checkpoint=checkpoint,
            on_stream=streams.append,
            on_progress=progress.append,
        )

    assert survey == Survey(**TABLE["survey"])
    assert len(streams) == REPORT["streams"] - 10
    assert progress[0].resumed_at > 0.3
    assert names(tmp_path) == []
