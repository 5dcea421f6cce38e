"""Schema: what stands in the cluster, held against what this library needs."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from ...cql_files import load_statement, migrations
from ...errors import (
    SchemaMismatch,
    SchemaMissing,
    SchemaOutdated,
    SchemaTooNew,
    TimeToLiveRefused,
)
from ...retry import Deadline
from ..driver.faults import Certainty, Fault
from ..driver.session import Session

LATEST: Final = migrations()[-1][0]
"""The schema version that this library needs."""

COLUMNS: Final = {
    "stream_id": ("uuid", "partition_key"),
    "version": ("int", "clustering"),
    "payload": ("blob", "regular"),
    "timestamp": ("bigint", "regular"),
    "max_version": ("int", "static"),
}
"""The columns of every schema version: those of the Clojure original."""

ADDED_COLUMNS: Final = {
    "event_id": ("uuid", "regular"),
    "event_type": ("text", "regular"),
    "content_type": ("text", "regular"),
    "metadata": ("blob", "regular"),
}
"""The columns that schema version 1 added."""


@dataclass(frozen=True, slots=True)
class SchemaState:
    """
    What stands in the cluster.

    Attributes:
        table: The table, as ``keyspace.table``.
        replication: The keyspace's replication; None where there is no such keyspace.
        columns: The table's columns as (type, kind), by name; none where there is no such table.
        default_time_to_live: The table's, in seconds; 0 is none.
        version: The schema version recorded for the table; 0 where none is.
        release: The server's release, for example ``5.0.8``.
        table_id: What tells this table from any other, in any cluster; None where there is none.
    """

    table: str
    replication: Mapping[str, str] | None
    columns: Mapping[str, tuple[str, str]]
    default_time_to_live: int
    version: int
    release: str
    table_id: UUID | None = None

    def check_usable(self) -> None:
        """Raise the `SchemaError` that keeps a store from using the table, if there is one."""
        self.check_takeable()
        if not self.columns:
            raise SchemaMissing(self.table)
        if self.version < LATEST or self.differences(ADDED_COLUMNS):
            raise SchemaOutdated(self.table, min(self.version, LATEST - 1), LATEST)

    def check_takeable(self) -> None:
        """Raise the `SchemaError` that keeps a table from being migrated, if there is one."""
        if not self.columns:
            return
        if self.version > LATEST:
            raise SchemaTooNew(self.table, self.version, LATEST)
        wrong = self.differences(COLUMNS)
        wrong += [text for text in self.differences(ADDED_COLUMNS) if "missing" not in text]
        if wrong:
            raise SchemaMismatch(
                self.table, "its columns are not those of an event store: " + "; ".join(wrong)
            )
        if self.default_time_to_live:
            raise TimeToLiveRefused(self.table, self.default_time_to_live)

    def differences(self, needed: Mapping[str, tuple[str, str]]) -> list[str]:
        """Return in words how the table's columns differ from those needed."""
        texts = []
        for name, wanted in needed.items():
            found = self.columns.get(name)
            if found is None:
                texts.append(f"{name} is missing")
            elif found != wanted:
                texts.append(f"{name} is {' '.join(found)}, not {' '.join(wanted)}")
        return texts


async def inspect(
    session: Session, deadline: Deadline, *, keyspace: str, table: str
) -> SchemaState:
    """Read what stands in the cluster; raises `Fault`."""

    async def rows(name: str, *values: Any) -> list[tuple[Any, ...]]:
        statement = load_statement(f"statements/{name}", keyspace=keyspace, table=table)
        prepared = await session.prepare(statement, deadline)
        return (await session.fetch(prepared, values, deadline)).rows

    ((release, _, _),) = await rows("describe_local")
    keyspaces = await rows("describe_keyspace", keyspace)
    tables = await rows("describe_table", keyspace, table)
    columns = await rows("describe_columns", keyspace, table)
    version = 0
    if tables:
        try:
            # A row without a version is the lock's: nothing is recorded yet.
            version = max([row[0] or 0 for row in await rows("read_migrations", table)], default=0)
        except Fault as fault:
            # No table of migrations: the events table is none of ours, or the original's.
            if fault.certainty is not Certainty.REFUSED or "Unauthorized" in fault.name:
                raise
    return SchemaState(
        table=f"{keyspace}.{table}",
        replication=keyspaces[0][0] if keyspaces else None,
        columns={name: (type_, kind) for name, type_, kind in columns},
        default_time_to_live=(tables[0][0] or 0) if tables else 0,
        version=version,
        release=release,
        table_id=UUID(tables[0][1]) if tables else None,
    )


async def nodes_by_datacenter(session: Session, deadline: Deadline) -> Mapping[str, int]:
    """
    Return how many nodes each datacenter has, at most one too many; raises `Fault`.

    A node does not list itself among its peers, and the driver may ask one node for itself and
    another for its peers: so each datacenter with peers may have one node more.
    """
    local, peers = [
        (
            await session.fetch(
                await session.prepare(load_statement(f"statements/{name}"), deadline), (), deadline
            )
        ).rows
        for name in ("describe_local", "describe_peers")
    ]
    counts = Counter(row[0] for row in peers if row[0])
    names = {*counts, *(row[1] for row in local)}
    return {name: counts[name] + 1 for name in sorted(names)}
