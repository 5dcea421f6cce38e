"""Stored snapshots on Cassandra: the table, what is kept in it, and faults."""

import asyncio
import logging
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from textwrap import dedent
from typing import Any
from uuid import UUID, uuid4

import pytest
from acsylla.errors import CassErrorLibRequestTimedOut
from backports import zstd

from event_store_async import (
    EventStore,
    InvalidIdentifier,
    SchemaMismatch,
    SchemaMissing,
    Settings,
    SnapshotStore,
    StoreUnavailable,
    UndecodableSnapshot,
)
from event_store_async.aggregates import (
    Command,
    CommandHandled,
    CommandHandler,
    Known,
    Reducer,
    Repository,
    Snapshot,
    SnapshotCache,
)
from event_store_async.archive import export_events
from event_store_async.cassandra.schema.tables import SNAPSHOTS
from event_store_async.hooks import Record, SnapshotEnded
from event_store_async.snapshots.rows import KEPT

from ..fixtures.faulty import FaultySession
from ..fixtures.server import Server
from ..fixtures.stores import drop_keyspace, run_cql

KIND = "total/1"
MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
TOTAL = Reducer[int, int](0, lambda total, amount: total + amount)


class Kept:
    """A hook that keeps what it is told of snapshots."""

    def __init__(self) -> None:
        self.records: list[SnapshotEnded] = []

    def __call__(self, record: Record, /) -> None:
        if isinstance(record, SnapshotEnded):
            self.records.append(record)


def snapshot(version: int) -> Snapshot[dict[str, int]]:
    return Snapshot({"total": version}, version, MOMENT)


async def versions(store: EventStore, stream_id: UUID) -> list[int]:
    return [each.version async for each in store.storage.scan_snapshots(stream_id)]


# What is kept


async def test_only_the_newest_few_are_kept(store: EventStore, stream_id: UUID) -> None:
    for version in range(1, 11):
        await store.snapshots.save(stream_id, KIND, snapshot(version))

    assert await versions(store, stream_id) == [10, 9, 8][:KEPT]


async def test_two_stores_that_save_at_once_leave_few(
    store: EventStore, keyspace: str, stream_id: UUID
) -> None:
    async with EventStore(store._engine.session.raw, keyspace=keyspace) as other:
        both = (store, other)
        for start in range(1, 41, 4):
            await asyncio.gather(
                *(
                    both[at % 2].snapshots.save(stream_id, KIND, snapshot(start + at))
                    for at in range(4)
                )
            )
    await store.snapshots.save(stream_id, KIND, snapshot(41))

    found = await versions(store, stream_id)
    assert found[0] == 41
    assert len(found) <= KEPT


async def test_a_scan_gives_all_of_all_streams(store: EventStore) -> None:
    streams = [uuid4() for _ in range(7)]
    for stream_id in streams:
        for kind in ("a/1", "a/2"):
            await store.snapshots.save(stream_id, kind, snapshot(5))

    found = [each async for each in store.storage.scan_snapshots() if each.stream_id in streams]

    assert sorted((each.stream_id, each.kind) for each in found) == sorted(
        (stream_id, kind) for stream_id in streams for kind in ("a/1", "a/2")
    )
    assert {(each.version, each.timestamp) for each in found} == {(5, MOMENT)}


async def test_a_kind_is_dropped_by_itself(store: EventStore, stream_id: UUID) -> None:
    for kind in ("a/1", "a/2"):
        await store.snapshots.save(stream_id, kind, snapshot(5))

    await store.storage.drop_snapshots(stream_id, "a/1")

    kinds = [each.kind async for each in store.storage.scan_snapshots(stream_id)]
    assert kinds == ["a/2"]


async def test_events_and_their_export_know_nothing_of_snapshots(
    store: EventStore, stream_id: UUID, tmp_path: Path
) -> None:
    other = uuid4()
    await store.persist_events(stream_id, ["an event"])
    for each in (stream_id, other):
        await store.snapshots.save(each, "secret/1", Snapshot("an aggregate", 1, MOMENT))

    await export_events(store, tmp_path / "all.zst")
    exported = zstd.decompress((tmp_path / "all.zst").read_bytes())

    assert other not in [each.stream_id async for each in store.streams()]
    assert await store.current_version(other) == 0
    assert b"an event" in exported
    for text in (b"secret/1", b"an aggregate", str(other).encode()):
        assert text not in exported


# A repository on it


def repository(store: EventStore, every: int = 100, **options: Any) -> Repository[int, int]:
    return Repository(store, TOTAL, snapshots=store.snapshots, kind=KIND, every=every, **options)


async def test_another_process_reads_from_the_snapshot_on(
    server: Server, keyspace: str, store: EventStore, stream_id: UUID
) -> None:
    async with server.connect(keyspace) as writer:
        handler = CommandHandler(repository(writer), writer)
        for _ in range(5):
            await handler.handle(Command(stream_id, lambda _: [1] * 50))
    pages: list[Record] = []
    async with server.connect(keyspace, settings=Settings(hooks=(pages.append,))) as reader:
        found = await repository(reader).load(stream_id)

    assert (found.aggregate, found.version) == (250, 250)
    assert (await versions(store, stream_id))[0] == 200
    loads = [each for each in pages if isinstance(each, SnapshotEnded)]
    assert [(each.outcome, each.version) for each in loads] == [("found", 200)]
    assert loads[0].source.keyspace == keyspace


async def test_a_stream_that_was_restored_to_an_older_state_is_loaded_whole(
    store: EventStore, keyspace: str, stream_id: UUID
) -> None:
    await store.persist_events(stream_id, [1] * 250)
    await repository(store).load(stream_id)
    while not await versions(store, stream_id):
        await asyncio.sleep(0.01)
    # As after the restore of a backup of the table of events alone.
    await run_cql(store, f"DELETE FROM {keyspace}.events WHERE stream_id = {stream_id}")
    async with EventStore(store._engine.session.raw, keyspace=keyspace) as other:
        await other.persist_events(stream_id, [1] * 20)
        found = await repository(other).load(stream_id)

    assert (found.aggregate, found.version) == (20, 20)
    assert await versions(store, stream_id) == [], "it was rejected"


async def test_handlers_of_two_processes_save_what_the_stream_says(
    server: Server, keyspace: str, store: EventStore, stream_id: UUID
) -> None:
    async with server.connect(keyspace) as one, server.connect(keyspace) as other:
        handlers = [CommandHandler(repository(each, every=5), each) for each in (one, other)]

        async def work(number: int) -> None:
            for _ in range(20):
                command = Command(stream_id, lambda _: [number + 1])
                while not isinstance(await handlers[number].handle(command), CommandHandled):
                    pass

        await asyncio.gather(work(0), work(1))

    whole = await Repository(store, TOTAL).load(stream_id)
    found = await store.snapshots.load(stream_id, KIND)
    assert (whole.version, whole.aggregate) == (40, 60)
    assert found is not None
    assert found.version == 40
    assert await repository(store).load(stream_id) == whole


# What another program wrote


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("payload", "null"),
        ("payload", "0x7b"),
        ("timestamp", "null"),
        ("timestamp", str(2**62)),
        ("content_type", "'text/unknown'"),
        ("recent", "0x0102"),
    ],
)
async def test_what_another_program_wrote_is_reported_and_not_used(
    server: Server, keyspace: str, store: EventStore, stream_id: UUID, column: str, value: str
) -> None:
    await store.persist_events(stream_id, [1] * 5)
    await store.snapshots.save(stream_id, KIND, Snapshot(5, 5, MOMENT))
    await run_cql(
        store,
        f"UPDATE {keyspace}.events_snapshots SET {column} = {value} "
        f"WHERE stream_id = {stream_id} AND kind = '{KIND}' AND version = 5",
    )
    hook = Kept()
    async with server.connect(keyspace, settings=Settings(hooks=(hook,))) as opened:
        found = await repository(opened).load(stream_id)

    assert (found.aggregate, found.version) == (5, 5)
    assert [each.outcome for each in hook.records] == ["undecodable"]


@pytest.mark.parametrize("version", [0, -1, -(2**31)])
async def test_a_version_that_no_stream_has_is_not_used(
    keyspace: str, store: EventStore, stream_id: UUID, version: int
) -> None:
    await store.persist_events(stream_id, [1] * 5)
    await run_cql(
        store,
        f"INSERT INTO {keyspace}.events_snapshots (stream_id, kind, version, timestamp, payload, "
        f"content_type) VALUES ({stream_id}, '{KIND}', {version}, 1, 0x35, 'application/json')",
    )

    with pytest.raises(UndecodableSnapshot):
        await store.snapshots.load(stream_id, KIND)
    assert (await repository(store).load(stream_id)).aggregate == 5


# Faults


async def run_program(
    code: str, server: Server, keyspace: str, stream_id: UUID, *options: str
) -> subprocess.CompletedProcess[str]:
    """Run a program that is told the server, the keyspace and a stream, with options of Python."""
    ((datacenter, _),) = server.replication.items()
    arguments = (server.contact_points[0], server.port, datacenter, keyspace, stream_id)
    return await asyncio.to_thread(
        subprocess.run,
        [sys.executable, *options, "-c", dedent(code), *map(str, arguments)],
        timeout=100,
        check=False,
        capture_output=True,
        text=True,
    )


CRASHING = """
    import asyncio, os, sys
    from uuid import UUID
    from event_store_async import EventStore, Settings
    from event_store_async.aggregates import Command, CommandHandler, Reducer, Repository
    from event_store_async.hooks import AppendEnded

    def die(record):
        if isinstance(record, AppendEnded) and record.version == 100:
            os._exit(9)

    async def main():
        host, port, datacenter, keyspace, stream = sys.argv[1:]
        async with EventStore.connect(
            host, port=int(port), keyspace=keyspace, settings=Settings(hooks=(die,)),
            local_datacenter=datacenter,
        ) as store:
            reducer = Reducer(0, lambda total, amount: total + amount)
            repository = Repository(store, reducer, snapshots=store.snapshots, kind="total/1")
            handler = CommandHandler(repository, store)
            for _ in range(3):
                await handler.handle(Command(UUID(stream), lambda _: [1] * 50))

    asyncio.run(main())
"""


async def test_a_process_that_is_killed_between_append_and_save_harms_nothing(
    server: Server, store: EventStore, keyspace: str, stream_id: UUID
) -> None:
    done = await run_program(CRASHING, server, keyspace, stream_id)
    assert done.returncode == 9, done.stderr

    assert await versions(store, stream_id) == []
    found = await repository(store).load(stream_id)
    assert (found.aggregate, found.version) == (100, 100)


FORKING = """
    import asyncio, os, sys
    from datetime import UTC, datetime
    from uuid import UUID, uuid4
    from event_store_async import EventStore, WrongProcess
    from event_store_async.aggregates import Snapshot

    MOMENT = datetime(2026, 1, 1, tzinfo=UTC)

    def child(store, stream):
        store.snapshots.save_soon(stream, "total/1", Snapshot(7, 7, MOMENT))
        loading = store.snapshots.load(stream, "total/1")
        try:
            loading.send(None)
        except WrongProcess:
            os._exit(0)
        os._exit(1)

    async def main():
        host, port, datacenter, keyspace, stream = sys.argv[1:]
        async with EventStore.connect(
            host, port=int(port), keyspace=keyspace, local_datacenter=datacenter
        ) as store:
            for version in range(1, 7):
                snapshot = Snapshot(version, version, MOMENT)
                store.snapshots.save_soon(UUID(stream), "total/1", snapshot)
                store.snapshots.save_soon(uuid4(), "total/1", snapshot)
                await asyncio.sleep(0)
            pid = os.fork()  # saves are in progress, and others wait
            if pid == 0:
                child(store, UUID(stream))
            _, status = await asyncio.to_thread(os.waitpid, pid, 0)
        sys.exit(os.waitstatus_to_exitcode(status))

    asyncio.run(main())
"""


async def test_a_child_that_is_forked_while_snapshots_are_saved_sends_nothing(
    server: Server, store: EventStore, keyspace: str, stream_id: UUID
) -> None:
    done = await run_program(FORKING, server, keyspace, stream_id, "-W", "ignore")

    assert done.returncode == 0, done.stderr
    found = await store.snapshots.load(stream_id, KIND)
    assert found is not None
    assert found.version == 6, "the parent saved what waited, when it closed its store"


class Holding(FaultySession):
    """A session that holds what is prepared for the table of snapshots, until it is opened."""

    def __init__(self, real: Any) -> None:
        super().__init__(real)
        self.opened = asyncio.Event()
        self.prepared: list[str] = []

    async def create_prepared(self, statement: str) -> Any:
        self.prepared.append(statement)
        if "_snapshots" in statement:
            await self.opened.wait()
        return await super().create_prepared(statement)


async def test_nothing_waits_for_snapshots_that_hang(
    store: EventStore, keyspace: str, stream_id: UUID
) -> None:
    session, hook = Holding(store._engine.session.raw), Kept()
    settings = Settings(timeout=60.0, close_timeout=0.1, hooks=(hook,))
    opened = EventStore(session, keyspace=keyspace, settings=settings)
    opened.snapshots.save_soon(uuid4(), KIND, snapshot(1))  # before anything else is prepared
    cached = repository(opened, every=1, cache=SnapshotCache())
    known = await Repository(opened, TOTAL).load(stream_id)  # nor is this delayed
    cached._loading.remember(stream_id, Known(known), known, uuid4(), uuid4())
    handler = CommandHandler(cached, opened)

    for _ in range(20):
        assert isinstance(await handler.handle(Command(stream_id, lambda _: [1])), CommandHandled)
    assert len([event async for event in opened.read_events(stream_id)]) == 20
    assert hook.records == [], "none has ended"
    async with asyncio.timeout(60):
        closing = asyncio.ensure_future(opened.close())
        while not hook.records:
            await asyncio.sleep(0.01)
        session.opened.set()  # closing waits for requests that the driver still has
        await closing

    assert {each.outcome for each in hook.records} == {"cancelled", "dropped"}


async def test_a_save_that_arrives_late_replaces_nothing_newer(
    store: EventStore, keyspace: str, stream_id: UUID
) -> None:
    rows: Any = store.snapshots
    put, opened, arrived = rows._rows._put, asyncio.Event(), asyncio.Event()

    async def late(*arguments: Any) -> None:
        arrived.set()
        await opened.wait()
        await put(*arguments)

    rows._rows._put = late
    saving = asyncio.ensure_future(store.snapshots.save(stream_id, KIND, snapshot(100)))
    await arrived.wait()
    rows._rows._put = put
    async with EventStore(store._engine.session.raw, keyspace=keyspace) as other:
        for version in (200, 300, 400, 500):
            await other.snapshots.save(stream_id, KIND, snapshot(version))
    opened.set()
    await saving

    found = await store.snapshots.load(stream_id, KIND)
    assert found is not None
    assert found.version == 500
    await store.snapshots.save(stream_id, KIND, snapshot(600))
    assert await versions(store, stream_id) == [600, 500, 400], "what came late is dropped again"


class Refusing(FaultySession):
    """A session that answers no statement on the table of snapshots."""

    down = False

    async def create_prepared(self, statement: str) -> Any:
        if self.down and "_snapshots" in statement:
            raise CassErrorLibRequestTimedOut("no answer")
        return await super().create_prepared(statement)


async def test_appends_and_loads_go_on_while_snapshots_cannot_be_saved(
    store: EventStore, keyspace: str, stream_id: UUID, caplog: pytest.LogCaptureFixture
) -> None:
    records: list[SnapshotEnded] = []

    def hook(record: Record) -> None:
        if isinstance(record, SnapshotEnded):
            records.append(record)

    session = Refusing(store._engine.session.raw)
    settings = Settings(
        timeout=0.5, request_timeout=0.3, close_timeout=0.1, hooks=(hook,), known_heads=1
    )
    async with EventStore(session, keyspace=keyspace, settings=settings) as opened:
        await opened.current_version(stream_id)
        session.down = True
        with caplog.at_level(logging.ERROR, "event_store_async"):
            patient = EventStore(store._engine.session.raw, keyspace=keyspace)
            broken = Repository(patient, TOTAL, snapshots=opened.snapshots, kind=KIND, every=1)
            handler = CommandHandler(broken, patient)
            for _ in range(3):
                await handler.handle(Command(stream_id, lambda _: [1]))
            with pytest.raises(StoreUnavailable):
                await opened.snapshots.save(stream_id, KIND, snapshot(1))
            assert (await broken.load(stream_id)).aggregate == 3
            await patient.close()

    assert {each.outcome for each in records} <= {"unavailable", "cancelled", "dropped"}
    assert "unavailable" in {each.outcome for each in records if each.operation == "load"}
    assert "unavailable" in {each.outcome for each in records if each.operation == "save"}


# The schema


@pytest.fixture
def other() -> str:
    """Give the name of a keyspace of the test's own."""
    return f"test_{uuid4().hex[:12]}"


async def test_a_store_works_without_the_table_and_says_so_where_it_is_needed(
    server: Server, other: str, stream_id: UUID
) -> None:
    async with server.connect(other) as store:
        await store.create_schema(server.replication)
        await run_cql(store, f"DROP TABLE {other}.events_snapshots")
        async with server.connect(other) as opened:
            await opened.persist_events(stream_id, [1] * 5)
            loaded = await repository(opened, every=1).load(stream_id)
            with pytest.raises(SchemaMissing, match="events_snapshots"):
                await opened.snapshots.load(stream_id, KIND)
            with pytest.raises(SchemaMissing, match="events_snapshots"):
                await opened.snapshots.save(stream_id, KIND, snapshot(1))
            with pytest.raises(SchemaMissing, match="events_snapshots"):
                await opened.snapshots.forget(stream_id)
            report = await opened.create_schema()
            await opened.snapshots.save(stream_id, KIND, snapshot(1))
        state = await store.schema_state()
        await drop_keyspace(store, other)

    assert loaded.aggregate == 5
    assert [(it.table, it.created) for it in report.tables] == [
        (f"{other}.events", False),
        (f"{other}.events_snapshots", True),
    ]
    assert state.is_current


async def test_a_table_that_is_dropped_while_connected_is_named_at_once(
    server: Server, other: str, stream_id: UUID
) -> None:
    async with server.connect(other) as store, server.connect(other) as operator:
        await store.create_schema(server.replication)
        kept: SnapshotStore = store.snapshots
        await kept.save(stream_id, KIND, snapshot(1))
        await run_cql(operator, f"DROP TABLE {other}.events_snapshots")
        with pytest.raises(SchemaMissing, match="events_snapshots"):
            await kept.load(stream_id, KIND)
        with pytest.raises(SchemaMissing, match="events_snapshots"):
            await kept.save(stream_id, KIND, snapshot(2))
        await store.persist_events(stream_id, [1])
        assert await store.current_version(stream_id) == 1
        await drop_keyspace(operator, other)


async def test_appends_prepare_nothing_again_when_the_table_is_dropped(
    server: Server, other: str, stream_id: UUID
) -> None:
    async with server.connect(other) as owner:
        await owner.create_schema(server.replication)
        session = Holding(owner._engine.session.raw)
        session.opened.set()
        async with EventStore(session, keyspace=other) as store:
            await store.persist_events(stream_id, [1])
            await store.snapshots.save(stream_id, KIND, snapshot(1))
            await run_cql(owner, f"DROP TABLE {other}.events_snapshots")
            for _ in range(3):
                with pytest.raises(SchemaMissing, match="events_snapshots"):
                    await store.snapshots.save(stream_id, KIND, snapshot(2))
            session.prepared.clear()
            await store.persist_events(stream_id, [2])

            assert session.prepared == []
        await drop_keyspace(owner, other)


async def test_another_table_of_that_name_is_not_written_to(
    server: Server, other: str, stream_id: UUID
) -> None:
    async with server.connect(other) as store:
        await store.create_schema(server.replication)
        await run_cql(store, f"DROP TABLE {other}.events_snapshots")
        await run_cql(store, f"CREATE TABLE {other}.events_snapshots (stream_id uuid PRIMARY KEY)")
        async with server.connect(other) as opened:
            await opened.persist_events(stream_id, [1])
            with pytest.raises(SchemaMismatch, match="events_snapshots"):
                await opened.snapshots.save(stream_id, KIND, snapshot(1))
        await drop_keyspace(store, other)


async def test_a_name_without_room_for_the_suffix_has_no_snapshots(
    server: Server, other: str, stream_id: UUID
) -> None:
    table = "t" * 45
    async with server.connect(other, table=table) as store:
        report = await store.create_schema(server.replication)
        await store.persist_events(stream_id, [1] * 5)
        loaded = await repository(store, every=1).load(stream_id)
        with pytest.raises(InvalidIdentifier):
            await store.snapshots.load(stream_id, KIND)
        await drop_keyspace(store, other)

    assert [it.table for it in report.tables] == [f"{other}.{table}"]
    assert loaded.aggregate == 5


async def test_the_table_is_as_it_is_described(store: EventStore) -> None:
    (_, table) = (await store.schema_state()).tables[:2]

    assert table.spec is SNAPSHOTS
    assert table.columns == SNAPSHOTS.all_columns
    assert (table.version, table.is_current) == (1, True)


async def test_the_doctor_knows_the_table(store: EventStore, keyspace: str) -> None:
    findings = (await store.operations.examine()).findings

    named = [it for it in findings if it.check.endswith(f" of {keyspace}.events_snapshots")]
    assert "schema" in {it.check.partition(" ")[0] for it in named}
    assert {it.check.partition(" ")[0] for it in named} >= {"compaction", "compression"}
    assert {it.severity.name for it in named} == {"OK"}
