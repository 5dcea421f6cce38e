"""Changes: the CQL that creates the schema, or brings an older table up to date."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID, uuid5

from ...cql_files import (
    check_datacenter,
    check_identifier,
    load_statement,
    load_statements,
    migrations,
    read_file,
)
from ...errors import InvalidArgument
from .state import LATEST, SchemaState

_NAMESPACE: Final = UUID("8a3d7a4e-3f0b-5f0e-9a6e-6f1f0c1f6f5d")
_ADDED_COLUMN: Final = re.compile(r" ADD (\w+) ")


@dataclass(frozen=True, slots=True)
class Step:
    """
    Changes that lead a table to a schema version.

    Attributes:
        statements: Their CQL, in order.
        version: The schema version.
        name: What is recorded of it.
    """

    statements: tuple[str, ...]
    version: int
    name: str


@dataclass(frozen=True, slots=True)
class Changes:
    """
    The changes of one table's schema.

    Attributes:
        keyspace: Its name, checked.
        table: Its name, checked.
    """

    keyspace: str
    table: str

    def cql(self, path: str, **names: str) -> str:
        """Return the CQL of one of the files in ``cql/``, for this table."""
        return load_statement(path, keyspace=self.keyspace, table=self.table, **names).text

    def create_keyspace(self, replication: Mapping[str, int]) -> str:
        """Return the CQL that creates the keyspace; see `replication_options` for its errors."""
        return self.cql("schema/keyspace", replication=replication_options(replication))

    def create_migrations(self) -> str:
        """Return the CQL that creates the table of migrations."""
        return self.cql("schema/migrations", id=migrations_id(self.keyspace))

    def steps(self, state: SchemaState) -> list[Step]:
        """Return what leads from a state to the latest schema version."""
        if not state.columns:
            created = self.cql("schema/events", compaction=compaction(state.release))
            return [Step((created,), LATEST, "created")]
        return [
            Step(tuple(self._missing(name, state)), version, name)
            for version, name in migrations()
            if version > state.version
        ]

    def under_lock(self, state: SchemaState, seconds: int) -> Iterator[str]:
        """
        Iterate over the CQL of all steps, and over what takes the lock and records them.

        The values of what has binds stand behind it, in a comment.
        """
        table = f"table_name = '{self.table}'"
        lock = f"seconds = {seconds}, changed_by = an id, {table}, held_by = null"
        yield self._with_values("lock_schema", lock)
        for step in self.steps(state):
            for text in step.statements:
                yield f"{text};"
            record = f"{table}, version = {step.version}, name = '{step.name}', applied_at = now"
            yield self._with_values("record_migration", record)
        yield self._with_values("unlock_schema", f"{table}, held_by = that id")

    def _with_values(self, name: str, values: str) -> str:
        return f"{self.cql(f'statements/{name}')};  -- {values}"

    def _missing(self, name: str, state: SchemaState) -> Iterator[str]:
        # Columns that are there already are passed over: an interrupted migration goes on.
        path = f"migrations/{name}"
        for statement in load_statements(path, keyspace=self.keyspace, table=self.table):
            column = _ADDED_COLUMN.search(statement.text)
            if column is None or column[1] not in state.columns:
                yield statement.text


def schema_cql(
    keyspace: str, table: str, replication: Mapping[str, int]
) -> Iterator[tuple[str, str]]:
    """
    Iterate over the schema's files and their CQL, comments and all, for people to read.

    Raises:
        InvalidArgument: a name is not safe in CQL.
    """
    names = {
        "keyspace": check_identifier("keyspace", keyspace),
        "table": check_identifier("table", table),
        "replication": replication_options(replication),
        "compaction": compaction("5.0"),
        "id": migrations_id(keyspace),
    }
    folders = ["schema/keyspace", "schema/migrations", "schema/events"]
    for path in [*folders, *(f"migrations/{name}" for _, name in migrations())]:
        yield path, read_file(path).format(**names)


def migrations_id(keyspace: str) -> str:
    """Return the id of a keyspace's table of migrations, the same wherever it is created."""
    return str(uuid5(_NAMESPACE, f"{keyspace}.event_store_migrations"))


def compaction(release: str) -> str:
    """
    Return the compaction for a server of a release, as CQL.

    Unified where there is one (Cassandra 5.0 and later); Leveled elsewhere, which fits rows that
    are written once, in order, and read by partition. ScyllaDB reports release 3.0.8.
    """
    if int(release.partition(".")[0]) >= 5:
        return "{'class': 'UnifiedCompactionStrategy', 'scaling_parameters': 'T4'}"
    return "{'class': 'LeveledCompactionStrategy'}"


def replication_options(replication: Mapping[str, int]) -> str:
    """
    Return the CQL for the replicas in each datacenter.

    Raises:
        InvalidIdentifier: a datacenter's name is not safe to stand in CQL.
        InvalidArgument: no datacenter at all, or a count of replicas that is no positive int.
    """
    if not isinstance(replication, Mapping) or not replication:
        raise InvalidArgument(
            "replication must name the replicas in each datacenter",
            hint='for example {"datacenter1": 3}',
        )
    for name, count in replication.items():
        check_datacenter(name)
        if isinstance(count, bool) or not isinstance(count, int) or count < 1:
            raise InvalidArgument(f"{count!r} is no count of replicas for datacenter {name!r}")
    return ", ".join(f"'{name}': {count}" for name, count in replication.items())
