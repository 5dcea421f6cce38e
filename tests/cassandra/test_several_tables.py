"""A store with a second table: created, migrated, inspected and diagnosed beside that of events."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

import pytest

from event_store_async import (
    EventStore,
    SchemaMismatch,
    SchemaMissing,
    SchemaOutdated,
    SchemaTooNew,
    Settings,
    TimeToLiveRefused,
)
from event_store_async.cassandra import Finding, Severity
from event_store_async.cassandra.operations.diagnosis import diagnose
from event_store_async.cassandra.operations.inspector import Inspector
from event_store_async.cassandra.schema.migrator import Migrator
from event_store_async.cassandra.schema.statements import StatementCache
from event_store_async.cassandra.schema.table_spec import TableSpec
from event_store_async.cassandra.schema.tables import EVENTS, StoreTables
from event_store_async.retry import Deadline

from ..fixtures.server import Server
from ..fixtures.stores import drop_keyspace, run_cql

BEGINNING = "CREATE TABLE IF NOT EXISTS {keyspace}.{table} (id uuid PRIMARY KEY, text text"
FIRST = {"id": ("uuid", "partition_key"), "text": ("text", "regular")}
ADDED = {"author": ("text", "regular"), "score": ("int", "regular")}


@dataclass
class Notes:
    """A made-up table of notes, in an older and a newer version."""

    old: TableSpec
    new: TableSpec


@pytest.fixture
def notes(tmp_path: Path) -> Notes:
    """Give the specs of the made-up table, with CQL files of their own."""
    (tmp_path / "schema").mkdir()
    (tmp_path / "notes").mkdir()
    for name, more in (("old", ""), ("new", ", author text, score int")):
        text = BEGINNING + more + ") WITH compaction = {compaction};"
        (tmp_path / "schema" / f"{name}.cql").write_text(f"-- Notes; made up.\n{text}\n")
    (tmp_path / "notes" / "0002_author.cql").write_text(
        "ALTER TABLE {keyspace}.{table} ADD author text;\n"
        "ALTER TABLE {keyspace}.{table} ADD score int;\n"
    )
    old = TableSpec(
        name="notes",
        suffix="_notes",
        created_by="schema/old",
        migrations="none",
        columns={1: FIRST},
        root=tmp_path,
    )
    new = replace(old, created_by="schema/new", migrations="notes", columns={1: FIRST, 2: ADDED})
    return Notes(old, new)


@pytest.fixture
def keyspace() -> str:
    return f"test_{uuid4().hex[:12]}"


@pytest.fixture
async def bare(server: Server, keyspace: str) -> AsyncGenerator[EventStore, None]:
    """Give a store whose keyspace does not exist."""
    async with server.connect(keyspace) as store:
        yield store
        await drop_keyspace(store, keyspace)


class Parts:
    """What a store with other tables than today's would be made of."""

    def __init__(self, store: EventStore, keyspace: str, *specs: TableSpec) -> None:
        session, settings = store._engine.session, Settings()
        self.tables = StoreTables(keyspace, "events", specs)
        self.statements = StatementCache(session, self.tables, settings.backoff)
        self.migrator = Migrator(session, self.statements, self.tables, settings)
        self.inspector = Inspector(session, self.tables, request_timeout=3.0, clock=settings.clock)

    async def findings(self) -> list[Finding]:
        return list(diagnose(await self.inspector.state(Deadline(60))))


async def test_both_tables_are_created(
    bare: EventStore, keyspace: str, server: Server, notes: Notes
) -> None:
    parts = Parts(bare, keyspace, EVENTS, notes.new)

    planned = await parts.migrator.plan(server.replication)
    report = await parts.migrator.migrate(server.replication)
    again = await parts.migrator.migrate(None)
    state = await parts.migrator.state()

    creating = [text for text in planned if text.startswith("CREATE TABLE")]
    assert [text.split()[5].replace('"', "") for text in creating] == [
        f"{keyspace}.{name}" for name in ("event_store_migrations", "events", "events_notes")
    ]
    assert [(table.table, table.version, table.created) for table in report.tables] == [
        (f"{keyspace}.events", 1, True),
        (f"{keyspace}.events_notes", 2, True),
    ]
    assert [table.created for table in again.tables] == [False, False]
    assert (report.table, report.version, report.created) == (f"{keyspace}.events", 1, True)
    assert [table.columns for table in state.tables] == [EVENTS.all_columns, {**FIRST, **ADDED}]
    assert len({table.table_id for table in state.tables}) == 2
    assert (state.table, state.version, state.columns) == (
        f"{keyspace}.events",
        1,
        EVENTS.all_columns,
    )
    assert await parts.migrator.plan(None) == ()


async def test_a_table_that_a_later_release_needs_is_added_to_an_existing_store(
    bare: EventStore, keyspace: str, server: Server, notes: Notes
) -> None:
    await bare.create_schema(server.replication)
    parts = Parts(bare, keyspace, EVENTS, notes.old)

    with pytest.raises(SchemaMissing, match="events_notes"):
        await parts.statements.get("read_head", Deadline(60))
    report = await parts.migrator.migrate(None)

    assert [(table.created, table.migrations) for table in report.tables] == [
        (False, ()),
        (True, ()),
    ]
    await parts.statements.get("read_head", Deadline(60))
    assert (await bare.schema_state()).version == 1


async def test_each_table_has_migrations_of_its_own(
    bare: EventStore, keyspace: str, server: Server, notes: Notes
) -> None:
    await Parts(bare, keyspace, EVENTS, notes.old).migrator.migrate(server.replication)
    parts = Parts(bare, keyspace, EVENTS, notes.new)

    with pytest.raises(SchemaOutdated, match="events_notes") as caught:
        await parts.statements.append(Deadline(60))
    planned = await parts.migrator.plan(None)
    report = await parts.migrator.migrate(None)
    state = await parts.migrator.state()

    assert (caught.value.found, caught.value.needed) == (1, 2)
    assert [text for text in planned if text.startswith("ALTER")] == [
        f"ALTER TABLE {keyspace}.events_notes ADD {column};"
        for column in ("author text", "score int")
    ]
    assert [table.migrations for table in report.tables] == [(), ("0002_author",)]
    assert [table.version for table in state.tables] == [1, 2]
    assert state.tables[1].columns == {**FIRST, **ADDED}


async def test_an_interrupted_creation_and_an_interrupted_migration_continue(
    bare: EventStore, keyspace: str, server: Server, notes: Notes
) -> None:
    await bare.create_schema(server.replication)
    await run_cql(
        bare,
        f"CREATE TABLE {keyspace}.events_notes (id uuid PRIMARY KEY, text text, author text)",
    )
    parts = Parts(bare, keyspace, EVENTS, notes.new)

    report = await parts.migrator.migrate(None)
    state = await parts.migrator.state()

    assert report.tables[1].migrations == ("0002_author",)
    assert state.tables[1].columns == {**FIRST, **ADDED}
    assert state.is_current


async def test_each_table_can_be_the_one_that_is_refused(
    bare: EventStore, keyspace: str, server: Server, notes: Notes
) -> None:
    await Parts(bare, keyspace, EVENTS, notes.new).migrator.migrate(server.replication)
    table = f"{keyspace}.events_notes"

    with pytest.raises(SchemaTooNew, match="events_notes"):
        await Parts(bare, keyspace, EVENTS, notes.old).migrator.migrate(None)

    await run_cql(bare, f"ALTER TABLE {table} WITH default_time_to_live = 60")
    with pytest.raises(TimeToLiveRefused, match="events_notes"):
        await Parts(bare, keyspace, EVENTS, notes.new).migrator.migrate(None)
    brief = replace(notes.new, refuses_time_to_live=False)
    await Parts(bare, keyspace, EVENTS, brief).migrator.migrate(None)

    odd = replace(brief, columns={1: {**FIRST, "text": ("blob", "regular")}, 2: ADDED})
    with pytest.raises(SchemaMismatch, match="text is text regular, not blob regular"):
        await Parts(bare, keyspace, EVENTS, odd).migrator.migrate(None)


async def test_each_table_is_diagnosed(
    bare: EventStore, keyspace: str, server: Server, notes: Notes
) -> None:
    parts = Parts(bare, keyspace, EVENTS, notes.new)
    await bare.create_schema(server.replication)

    before = await parts.findings()
    await parts.migrator.migrate(None)
    await run_cql(bare, f"ALTER TABLE {keyspace}.events_notes WITH gc_grace_seconds = 60")
    after = await parts.findings()

    assert [(it.severity, it.found) for it in before if it.check == "schema"] == [
        (Severity.OK, f"{keyspace}.events, version 1 of 1"),
        (Severity.MUST, f"{keyspace}.events_notes: there is no such table"),
    ]
    grace = {it.check: it for it in after if it.check.startswith("gc_grace")}
    of_notes = grace.pop(f"gc_grace_seconds of {keyspace}.events_notes")
    assert of_notes.severity is Severity.ADVICE
    assert f"{of_notes.change}".startswith(f'ALTER TABLE "{keyspace}"."events_notes" ')
    assert [it.severity for it in grace.values()] == [Severity.OK]
    assert f"default_time_to_live of {keyspace}.events_notes" in {it.check for it in after}
