"""The state of a schema: what the cluster has, compared with what this library needs."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from ...errors import (
    CategoriesMissing,
    SchemaMismatch,
    SchemaMissing,
    SchemaOutdated,
    SchemaTooNew,
    TimeToLiveRefused,
    TruncationMissing,
)
from ...retry import Deadline
from ...tasks import side_by_side
from ..driver.faults import Certainty, Fault
from ..driver.hedge import hedged
from ..driver.port import Row
from ..driver.session import Session
from .table_spec import Columns, TableSpec
from .tables import (
    CATEGORY,
    EVENTS,
    FEED,
    FEED_SPECS,
    SUBSCRIPTION_SPECS,
    TRUNCATION,
    StoreTables,
)


@dataclass(frozen=True, slots=True)
class TableState:
    """
    One of a store's tables, as it is in the cluster.

    Attributes:
        spec: What it must look like.
        name: Its name, as ``keyspace.table``.
        columns: Its columns by name, each as (type, kind); empty if there is no such table.
        default_time_to_live: Its ``default_time_to_live`` in seconds; 0 if it has none.
        version: The schema version recorded for it; 0 if none is.
        table_id: Tells it from any other table, in any cluster; None if there is no such table.
    """

    spec: TableSpec
    name: str
    columns: Columns
    default_time_to_live: int = 0
    version: int = 0
    table_id: UUID | None = None

    @property
    def is_current(self) -> bool:
        """Whether it exists, and no migration and no addition is missing."""
        lacks = not self.columns or self.version < self.spec.latest
        return not lacks and not self.missing_additions

    @property
    def missing_additions(self) -> tuple[str, ...]:
        """The additions whose columns it lacks, by the paths of their CQL files."""
        additions = self.spec.additions.items()
        return tuple([path for path, added in additions if not added.keys() <= self.columns.keys()])

    def check_usable(self) -> None:
        """Raise the `SchemaError` that keeps a store from using the table, if there is one."""
        self.check_migratable()
        if not self.columns:
            raise SchemaMissing(self.name)
        latest = self.spec.latest
        if self.version < latest or self.differences(self.spec.added_columns):
            raise SchemaOutdated(self.name, min(self.version, latest - 1), latest)

    def check_categorised(self) -> None:
        """Raise the `SchemaError` that keeps a store from using categories, if there is one."""
        self.check_usable()
        if CATEGORY in self.missing_additions:
            raise CategoriesMissing(self.name, self.version)
        if wrong := self.differences(self.spec.additions.get(CATEGORY, {})):
            raise SchemaMismatch(self.name, f"it cannot hold categories: {'; '.join(wrong)}")

    def check_truncatable(self) -> None:
        """Raise the `SchemaError` that keeps a store from erasing events, if there is one."""
        self.check_usable()
        if TRUNCATION in self.missing_additions:
            raise TruncationMissing(self.name, self.version)
        if wrong := self.differences(self.spec.additions.get(TRUNCATION, {})):
            raise SchemaMismatch(self.name, f"it cannot be truncated: {'; '.join(wrong)}")

    def check_migratable(self) -> None:
        """Raise the `SchemaError` that keeps the table from being migrated, if there is one."""
        if not self.columns:
            return
        if self.version > self.spec.latest:
            raise SchemaTooNew(self.name, self.version, self.spec.latest)
        added = self.spec.added_columns
        # Those of later versions that are missing are not wrong: a migration adds them.
        present = {name: column for name, column in added.items() if name in self.columns}
        wrong = self.differences({**self.spec.base_columns, **present})
        if wrong:
            raise SchemaMismatch(
                self.name, "its columns are not those of an event store: " + "; ".join(wrong)
            )
        if self.default_time_to_live and self.spec.refuses_time_to_live:
            raise TimeToLiveRefused(self.name, self.default_time_to_live)

    def differences(self, needed: Columns) -> list[str]:
        """Return how the table's columns differ from those needed, a str for each."""
        texts = []
        for name, wanted in needed.items():
            found = self.columns.get(name)
            if found is None:
                texts.append(f"{name} is missing")
            elif found != wanted:
                texts.append(f"{name} is {' '.join(found)}, not {' '.join(wanted)}")
        return texts


@dataclass(frozen=True, slots=True)
class SchemaState:
    """
    A store's keyspace and tables, as they are in the cluster.

    Attributes:
        tables: The tables; that of events comes first.
        replication: The keyspace's replication; None if there is no such keyspace.
        release: The server's release, for example ``5.0.8``.
    """

    tables: tuple[TableState, ...]
    replication: Mapping[str, str] | None
    release: str

    @property
    def table(self) -> str:
        """The table of events, as ``keyspace.table``."""
        return self.tables[0].name

    @property
    def has_feed(self) -> bool:
        """Whether the table of events has a feed."""
        return any(table.spec is FEED and table.columns for table in self.tables)

    @property
    def columns(self) -> Columns:
        """The columns of the table of events; see `TableState`."""
        return self.tables[0].columns

    @property
    def default_time_to_live(self) -> int:
        """The ``default_time_to_live`` of the table of events, in seconds; 0 if it has none."""
        return self.tables[0].default_time_to_live

    @property
    def version(self) -> int:
        """The schema version recorded for the table of events; 0 if none is."""
        return self.tables[0].version

    @property
    def needed_version(self) -> int:
        """The schema version of the table of events that this library needs."""
        return self.tables[0].spec.latest

    @property
    def table_id(self) -> UUID | None:
        """Tells the table of events from any other, in any cluster; None if there is none."""
        return self.tables[0].table_id

    @property
    def has_categories(self) -> bool:
        """Whether streams can have categories: the table of events has the column for them."""
        events = self.tables[0]
        return bool(events.columns) and not events.differences(events.spec.additions[CATEGORY])

    @property
    def has_truncation(self) -> bool:
        """Whether events can be erased: the table of events has the column for that."""
        events = self.tables[0]
        return bool(events.columns) and not events.differences(events.spec.additions[TRUNCATION])

    @property
    def is_current(self) -> bool:
        """Whether all tables exist, and no migration and no addition is missing."""
        return all(table.is_current for table in self.tables)

    def check_usable(self) -> None:
        """Raise the `SchemaError` that keeps a store from working, if there is one."""
        for table in self.tables:
            if table.spec.is_needed:
                table.check_usable()

    def check_migratable(self) -> None:
        """Raise the `SchemaError` that keeps a table from being migrated, if there is one."""
        for table in self.tables:
            table.check_migratable()


async def inspect(session: Session, tables: StoreTables, deadline: Deadline) -> SchemaState:
    """
    Ask the cluster for the state of a store's schema; raises `Fault`.

    The questions are asked side by side, and each at another node if one does not answer soon.
    While a node hangs, a question that has to do with it takes seconds; one after the other, those
    of a table with a feed took longer than an append may.
    """

    async def ask(name: str, table: str = tables.table) -> list[Row]:
        statement = tables.statement(f"statements/{name}", table=table)
        return await hedged(lambda again: session.ask(statement.text, deadline, elsewhere=again))

    async def ask_all(*questions: tuple[str, str]) -> list[list[Row]]:
        answers: dict[int, list[Row]] = {}

        async def answer(number: int) -> None:
            answers[number] = await ask(*questions[number])

        await side_by_side(range(len(questions)), answer)
        return [answers[number] for number in range(len(questions))]

    async def version_of(name: str) -> int:
        try:
            rows = await ask("read_migrations", name)
        except Fault as fault:
            # There is no table of migrations: the table is the original's, or not ours.
            if fault.certainty is not Certainty.REFUSED or "Unauthorized" in fault.name:
                raise
            return 0
        # A row without a version holds the lock only.
        return max([row[0] or 0 for row in rows], default=0)

    async def look(spec: TableSpec) -> None:
        name = tables.name_of(spec)
        found, columns = await ask_all(("describe_table", name), ("describe_columns", name))
        states[name] = TableState(
            spec=spec,
            name=tables.full_name_of(spec),
            columns={column: (type_, kind) for column, type_, kind in columns},
            default_time_to_live=(found[0][0] or 0) if found else 0,
            version=await version_of(name) if found else 0,
            table_id=UUID(found[0][1]) if found else None,
        )

    specs = tables.specs
    states: dict[str, TableState] = {}
    described, keyspaces, feed = await ask_all(
        ("describe_local", tables.table),
        ("describe_keyspace", tables.table),
        ("describe_table", tables.name_of(FEED)),
    )
    ((_, _, release, _),) = described
    if EVENTS in specs and FEED not in specs and feed:
        specs = (*specs, *SUBSCRIPTION_SPECS, *FEED_SPECS)
    await side_by_side(specs, look)
    return SchemaState(
        tables=tuple([states[tables.name_of(spec)] for spec in specs]),
        replication=keyspaces[0][0] if keyspaces else None,
        release=release,
    )
