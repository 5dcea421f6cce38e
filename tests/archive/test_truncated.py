"""Exports and imports of streams that were truncated, deleted or closed."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from event_store_async import (
    NO_STREAM,
    EventStore,
    NewEvent,
    RecordedEvent,
    StreamClosed,
    StreamTruncated,
    Truncated,
)
from event_store_async.archive import export_events, import_events
from event_store_async.cassandra import Storage
from event_store_async.maintenance import FindingKind, StreamFinding, verify_streams
from event_store_async.stored import StoredEvent
from event_store_async.versions import MAX_VERSION

from ..fixtures.server import Server
from ..fixtures.stores import drop_keyspace, read_all
from ..maintenance.stores import new_store


async def erased(store: EventStore) -> dict[str, UUID]:
    """Append streams, and erase of each what its name says."""
    streams = {name: uuid4() for name in ("whole", "truncated", "deleted", "reborn", "closed")}
    account = store.category("account")
    for name, stream_id in streams.items():
        writer = store if name == "whole" else account
        await writer.persist_events(stream_id, [NewEvent({"n": n}, "noted") for n in range(10)])
    await store.truncate_stream(streams["truncated"], before=4)
    await store.delete_stream(streams["deleted"])
    await store.delete_stream(streams["reborn"])
    await store.persist_events(streams["reborn"], [{"n": 10}])
    await store.close_stream(streams["closed"])
    streams["never"] = uuid4()
    await store.close_stream(streams["never"])
    return streams


async def contents(store: EventStore, streams: dict[str, UUID]) -> dict[str, list[RecordedEvent]]:
    return {name: await read_all(store, stream_id) for name, stream_id in streams.items()}


async def test_what_is_left_of_streams_comes_back(
    server: Server, keyspace: str, tmp_path: Path
) -> None:
    source, target = f"{keyspace}_a", f"{keyspace}_b"
    async with server.connect(source) as store, server.connect(target) as other:
        await store.create_schema(server.replication)
        await other.create_schema(server.replication)
        streams = await erased(store)
        verified = await verify_streams(store)
        assert verified.findings == {}
        findings: list[object] = []

        exported = await export_events(store, tmp_path / "all.zst", on_finding=findings.append)
        report = await import_events(other, tmp_path / "all.zst", on_finding=findings.append)
        again = await import_events(other, tmp_path / "all.zst", on_finding=findings.append)

        assert findings == []
        assert exported.digest == report.digest == again.digest == verified.digest
        assert (report.events, report.stored, again.stored) == (18, 18, 0)
        assert await contents(other, streams) == await contents(store, streams)
        assert {name: await other.current_version(it) for name, it in streams.items()} == {
            name: await store.current_version(it) for name, it in streams.items()
        }
        assert (await verify_streams(other)).findings == {}
        assert (await verify_streams(other)).digest == verified.digest
        truncated = streams["truncated"]
        assert await other.truncate_stream(truncated, before=2) == Truncated(truncated, 4, 10)
        for name in ("closed", "never"):
            with pytest.raises(StreamClosed):
                await other.persist_events(streams[name], ["a"])
        for name in ("truncated", "deleted", "reborn"):
            await other.category("account").persist_events(streams[name], ["next"])
        await drop_keyspace(store, source)
        await drop_keyspace(other, target)


async def test_a_stream_that_is_elsewhere_is_a_finding(
    server: Server, keyspace: str, tmp_path: Path
) -> None:
    source, target = f"{keyspace}_c", f"{keyspace}_d"
    async with server.connect(source) as store, server.connect(target) as other:
        await store.create_schema(server.replication)
        await other.create_schema(server.replication)
        streams = await erased(store)
        await other.persist_events(streams["truncated"], ["another"])
        await other.persist_events(streams["closed"], ["another"])
        await export_events(store, tmp_path / "all.zst")
        found: list[StreamFinding] = []

        report = await import_events(other, tmp_path / "all.zst", on_finding=found.append)

        assert {each.stream_id for each in found} == {streams["truncated"], streams["closed"]}
        assert report.findings == 2
        await drop_keyspace(store, source)
        await drop_keyspace(other, target)


Meanwhile = Callable[[EventStore, UUID], Awaitable[object]]


async def deleted(store: EventStore, stream_id: UUID) -> None:
    await store.delete_stream(stream_id)


async def closed(store: EventStore, stream_id: UUID) -> None:
    await store.close_stream(stream_id)


async def reborn_and_deleted(store: EventStore, stream_id: UUID) -> None:
    await store.delete_stream(stream_id)
    await store.persist_events(stream_id, ["a", "b"])
    await store.delete_stream(stream_id)


@pytest.mark.parametrize(
    ("meanwhile", "version"),
    [(deleted, 10), (closed, MAX_VERSION), (reborn_and_deleted, 12)],
)
async def test_a_stream_that_is_erased_after_the_scan_comes_back_at_its_version(
    server: Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    meanwhile: Meanwhile,
    version: int,
) -> None:
    read = Storage.read_stored
    async with new_store(server) as (store, _), new_store(server) as (other, _):
        stream_id, sound = uuid4(), uuid4()
        for each in (stream_id, sound):
            await store.persist_events(each, range(10))

        async def reads(storage: Storage, each: UUID, *options: Any) -> AsyncGenerator[StoredEvent]:
            if each == stream_id:
                await meanwhile(store, stream_id)
            async for event in read(storage, each, *options):
                yield event

        monkeypatch.setattr(Storage, "read_stored", reads)
        findings: list[object] = []

        exported = await export_events(store, tmp_path / "all.zst", on_finding=findings.append)
        monkeypatch.undo()
        report = await import_events(other, tmp_path / "all.zst", on_finding=findings.append)

        assert findings == []
        assert (exported.digest, report.events) == (report.digest, 10)
        assert await other.current_version(stream_id) == version
        if version == MAX_VERSION:
            with pytest.raises(StreamClosed):
                await other.persist_events(stream_id, ["a"])
        else:
            assert (await other.persist_events(stream_id, ["a"])).version == version + 1


async def test_a_truncation_while_an_import_reads_back_is_a_finding(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = Storage.read_stored
    async with new_store(server) as (store, _), new_store(server) as (other, _):
        stream_id, sound = uuid4(), uuid4()
        for each in (stream_id, sound):
            await store.persist_events(each, range(10))
        await export_events(store, tmp_path / "all.zst")

        async def reads(storage: Storage, each: UUID, *options: Any) -> AsyncGenerator[StoredEvent]:
            async for event in read(storage, each, *options):
                if each == stream_id and event.version == 4:
                    raise StreamTruncated(stream_id, 4, 8)
                yield event

        monkeypatch.setattr(Storage, "read_stored", reads)
        findings: list[StreamFinding] = []

        report = await import_events(other, tmp_path / "all.zst", on_finding=findings.append)

        assert [(it.stream_id, it.kind, it.version) for it in findings] == [
            (stream_id, FindingKind.DIFFERENT, 4)
        ]
        assert (report.stored, report.checked) == (20, 1)


async def test_a_beginning_at_version_1_leaves_the_stream_to_its_first_append(
    server: Server,
) -> None:
    async with new_store(server) as (store, _):
        stream_id, other = uuid4(), uuid4()

        for each in (stream_id, other):
            assert await store.storage.restore_beginning(each, 1, category="account") is None

        assert await store.current_version(stream_id) == 0
        assert (await store.persist_events(stream_id, ["a"], NO_STREAM)).version == 1
        assert (await store.persist_events(other, ["a"])).version == 1
        assert (await verify_streams(store)).findings == {}
