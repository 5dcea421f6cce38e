"""The CQL that creates a store's schema, or brings an older one up to date."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID, uuid5

from ...checks import check_datacenter, check_int, listed
from ...cql_files import read_file
from ...errors import InvalidArgument
from ...excerpt import excerpt
from ...plain import plain_int, plain_str
from .state import SchemaState, TableState
from .tables import StoreTables

_NAMESPACE: Final = UUID("8a3d7a4e-3f0b-5f0e-9a6e-6f1f0c1f6f5d")
_MAX_REPLICAS: Final = 1000
_MAX_DATACENTERS: Final = 1000
_ADDED_COLUMN: Final = re.compile(r" ADD (\w+) ")


@dataclass(frozen=True, slots=True)
class Step:
    """
    Changes that bring a table to a schema version.

    Attributes:
        table: The table's name, without the keyspace.
        statements: The CQL of the changes, in order.
        version: The schema version that is recorded; None for an addition, which is not recorded:
            an older release refuses a table with a version that it does not know.
        name: The name of the migration or the addition, or "created".
    """

    table: str
    statements: tuple[str, ...]
    version: int | None
    name: str


@dataclass(frozen=True, slots=True)
class Ddl:
    """
    The schema changes of one store.

    Attributes:
        tables: The store's tables.
    """

    tables: StoreTables

    def create_keyspace(self, replication: Mapping[str, int]) -> str:
        """Return the CQL that creates the keyspace; see `checked_replication` for its errors."""
        options = replication_options(replication)
        return self.tables.statement("schema/keyspace", replication=options).text

    def create_migrations(self) -> str:
        """Return the CQL that creates the table of migrations."""
        return self.tables.statement(
            "schema/migrations", id=migrations_id(self.tables.keyspace)
        ).text

    def steps(self, state: SchemaState) -> list[Step]:
        """Return the steps from a state to the latest schema versions, in order."""
        return [
            step
            for table in state.tables
            if not table.is_current
            for step in self._steps_of(table, state.release)
        ]

    def under_lock(self, state: SchemaState, seconds: int) -> Iterator[str]:
        """
        Iterate over the CQL of all steps, with what takes the lock and records the steps.

        A statement with bind markers is followed by a comment with their values.
        """
        lock = f"table_name = '{self.tables.table}'"
        yield self._with_values(
            "lock_schema", f"seconds = {seconds}, changed_by = an id, {lock}, held_by = null"
        )
        for step in self.steps(state):
            for text in step.statements:
                yield f"{text};"
            if step.version is None:
                continue
            yield self._with_values(
                "record_migration",
                f"table_name = '{step.table}', version = {step.version}, name = '{step.name}', "
                "applied_at = now",
            )
        yield self._with_values("unlock_schema", f"{lock}, held_by = that id")

    def _steps_of(self, table: TableState, release: str) -> Iterator[Step]:
        spec, name = table.spec, self.tables.name_of(table.spec)
        names = {"keyspace": self.tables.keyspace, "table": name}
        if not table.columns:
            created = spec.statements(spec.created_by, **names, compaction=compaction(release))
            yield Step(name, tuple(each.text for each in created), spec.latest, "created")
            return
        if table.version < spec.first:  # created, but its creator died before recording it
            yield Step(name, (), spec.first, "created")
        for version, migration in spec.migrations_after(max(table.version, spec.first)):
            statements = spec.statements(f"{spec.migrations}/{migration}", **names)
            # Columns that are there already are skipped, so that an interrupted migration goes on.
            missing = [each.text for each in statements if not _adds_one_of(each.text, table)]
            yield Step(name, tuple(missing), version, migration)
        for addition in table.missing_additions:
            statements = spec.statements(addition, **names)
            missing = [each.text for each in statements if not _adds_one_of(each.text, table)]
            yield Step(name, tuple(missing), None, addition.rpartition("/")[2])

    def _with_values(self, name: str, values: str) -> str:
        return f"{self.tables.statement(f'statements/{name}').text};  -- {values}"


def _adds_one_of(text: str, table: TableState) -> bool:
    column = _ADDED_COLUMN.search(text)
    return column is not None and column[1] in table.columns


def schema_cql(
    keyspace: str, table: str, replication: Mapping[str, int]
) -> Iterator[tuple[str, str]]:
    """
    Iterate over the schema's files and their CQL, comments included, for people to read.

    Raises:
        InvalidArgument: a name is not safe in CQL.
    """
    tables = StoreTables(keyspace, table).with_snapshots()
    names = {
        "keyspace": keyspace,
        "replication": replication_options(replication),
        "compaction": compaction("5.0"),
        "id": migrations_id(keyspace),
    }
    for path in ("schema/keyspace", "schema/migrations"):
        yield path, read_file(path).format(**names)
    for spec in tables.specs:
        names["table"] = tables.name_of(spec)
        later = spec.migrations_after(spec.first)
        migrations = [f"{spec.migrations}/{name}" for _, name in later]
        for path in (spec.created_by, *migrations, *spec.additions):
            yield path, spec.text(path).format(**names)


def migrations_id(keyspace: str) -> str:
    """Return the id of a keyspace's table of migrations, the same in every process."""
    return str(uuid5(_NAMESPACE, f"{keyspace}.event_store_migrations"))


def compaction(release: str) -> str:
    """
    Return the compaction options for a server of a release, as CQL.

    Unified if the server has it (Cassandra 5.0 and later). Otherwise Leveled, which suits rows
    that are written once, in order, and read by partition. ScyllaDB reports release 3.0.8.
    """
    if int(release.partition(".")[0]) >= 5:
        return "{'class': 'UnifiedCompactionStrategy', 'scaling_parameters': 'T4'}"
    return "{'class': 'LeveledCompactionStrategy'}"


def checked_replication(replication: object) -> dict[str, int] | None:
    """
    Return a copy of the replicas in each datacenter, or None: what is checked cannot change.

    Raises:
        InvalidIdentifier: a datacenter's name is not safe in CQL.
        InvalidArgument: there is no datacenter, or a number of replicas is not a positive int.
    """
    if replication is None:
        return None
    found: dict[str, int] = {}
    if isinstance(replication, Mapping):
        for name, count in listed("replication", replication.items(), _MAX_DATACENTERS):
            check_datacenter(name)
            what = f"the replicas in datacenter {excerpt(name)}"
            check_int(what, count, at_least=1, at_most=_MAX_REPLICAS)
            found[plain_str(name)] = plain_int(count)
    if not found:
        raise InvalidArgument(
            "replication must give the number of replicas in each datacenter",
            hint='for example {"datacenter1": 3}',
        )
    return found


def replication_options(replication: Mapping[str, int]) -> str:
    """Return the replicas in each datacenter as CQL; raises what `checked_replication` does."""
    checked = checked_replication(replication) or {}
    return ", ".join(f"'{name}': {count}" for name, count in checked.items())
