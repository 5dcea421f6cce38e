"""The migrator: creates a store's keyspace and tables, or brings older tables up to date."""

import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ...checks import check_bool, read_clock
from ...errors import InvalidArgument, SchemaChangeFailed
from ...retry import Deadline
from ...settings import Settings
from ..driver.faults import Certainty, Fault
from ..driver.nodes import cluster_nodes
from ..driver.repeat import repeat
from ..driver.session import Session
from .ddl import Ddl, Step, checked_replication
from .lease import LeaseTaken, SchemaLease
from .migration_log import LOCK_SECONDS, MigrationLog
from .state import SchemaState, TableState, inspect
from .statements import StatementCache
from .tables import StoreTables

_LOG = logging.getLogger("event_store_async")
_CHANGE_TIMEOUT: Final = 30.0


@dataclass(frozen=True, slots=True)
class TableReport:
    """
    What `create_schema` did with one table.

    Attributes:
        table: The table, as ``keyspace.table``.
        version: Its schema version now.
        created: Whether it was created.
        migrations: The names of the migrations that were applied, if it existed before.
        additions: The names of the additions that were made, if it existed before: columns that no
            schema version tells of.
    """

    table: str
    version: int
    created: bool
    migrations: tuple[str, ...]
    additions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SchemaReport:
    """
    What `create_schema` found and did.

    Attributes:
        tables: What was done with each table; that of events comes first.
        replication: The keyspace's replication. If the keyspace existed before, it may not be the
            one that was asked for.
    """

    tables: tuple[TableReport, ...]
    replication: Mapping[str, str]

    @property
    def table(self) -> str:
        """The table of events, as ``keyspace.table``."""
        return self.tables[0].table

    @property
    def version(self) -> int:
        """The schema version of the table of events now."""
        return self.tables[0].version

    @property
    def created(self) -> bool:
        """Whether the table of events was created."""
        return self.tables[0].created

    @property
    def migrations(self) -> tuple[str, ...]:
        """The names of the migrations that were applied to the table of events."""
        return self.tables[0].migrations

    @property
    def additions(self) -> tuple[str, ...]:
        """The names of the additions that were made to the table of events."""
        return self.tables[0].additions


class Migrator:
    """
    Changes a store's schema, one process at a time.

    Args:
        session: Where to change it.
        statements: The store's.
        tables: The store's.
        settings: The store's.
    """

    def __init__(
        self, session: Session, statements: StatementCache, tables: StoreTables, settings: Settings
    ) -> None:
        self._session = session
        self._tables = tables
        self._settings = settings
        self._ddl = Ddl(tables)
        self._log = MigrationLog(session, statements, tables, settings)

    async def state(self, *, feed: bool = False) -> SchemaState:
        """
        Return the state of the schema.

        Args:
            feed: Look at the tables of a feed also if there is none.

        Raises:
            StoreUnavailable: there was no answer in time.
        """
        deadline = Deadline(self._settings.timeout)
        tables = self._tables.with_feed() if feed else self._tables
        return await repeat(
            lambda _: inspect(self._session, tables, deadline),
            deadline,
            self._settings.backoff,
            "looking at the schema",
        )

    async def migrate(
        self, replication: Mapping[str, int] | None, *, feed: bool = False
    ) -> SchemaReport:
        """Do what `EventStore.create_schema` promises, and raise what it does."""
        # Wrong arguments and a wrong clock are refused before anything is sent.
        check_bool("feed", feed)
        replication = checked_replication(replication)
        begun = read_clock(self._settings.clock)
        state = await self.state(feed=feed)
        steps: list[Step] = []
        if not state.is_current:
            state.check_migratable()
            if state.replication is None:
                await self._run(await self._keyspace_cql(replication))
            await self._run(self._ddl.create_migrations())
            steps = await self._bring_up_to_date(begun, feed=feed)
            state = await self.state(feed=feed)
        state.check_usable()
        reports = [self._report(table, steps) for table in state.tables]
        return SchemaReport(tuple(reports), state.replication or {})

    async def plan(
        self, replication: Mapping[str, int] | None, *, feed: bool = False
    ) -> tuple[str, ...]:
        """
        Return the CQL that `migrate` would run now, in order; empty if there is nothing to do.

        Raises what `migrate` would raise before its first change.
        """
        check_bool("feed", feed)
        replication = checked_replication(replication)
        state = await self.state(feed=feed)
        if state.is_current:
            state.check_usable()
            return ()
        state.check_migratable()
        keyspace = (
            [f"{await self._keyspace_cql(replication)};"] if state.replication is None else []
        )
        return (
            *keyspace,
            f"{self._ddl.create_migrations()};",
            *self._ddl.under_lock(state, LOCK_SECONDS),
        )

    async def _keyspace_cql(self, replication: Mapping[str, int] | None) -> str:
        if replication is None:
            raise InvalidArgument(
                f"there is no keyspace {self._tables.keyspace}",
                hint='create it with its replication: `create_schema({"datacenter1": 3})` '
                "or the command `event-store schema create --replication datacenter1=3`",
            )
        deadline = Deadline(self._settings.timeout)
        nodes = await repeat(
            lambda _: cluster_nodes(lambda text: self._session.ask(text, deadline)),
            deadline,
            self._settings.backoff,
            "looking at the nodes",
        )
        counts = Counter(node.datacenter for node in nodes)
        for datacenter, replicas in replication.items():
            if replicas <= counts[datacenter]:
                continue
            there = ", ".join(f"{name} has {count}" for name, count in sorted(counts.items()))
            if datacenter not in counts:
                raise InvalidArgument(
                    f"there is no datacenter {datacenter!r}; nodes by datacenter: {there}"
                )
            raise InvalidArgument(
                f"{replicas} replicas in {datacenter!r} are more than there are nodes: {there}"
            )
        return self._ddl.create_keyspace(replication)

    async def _bring_up_to_date(self, begun: datetime, *, feed: bool) -> list[Step]:
        lease = SchemaLease(self._log, self._settings.backoff)
        try:
            async with lease.held(within=2 * LOCK_SECONDS):
                # Looked at again: another process may have changed it before the lock was ours.
                state = await self.state(feed=feed)
                state.check_migratable()
                steps = self._ddl.steps(state)
                for step in steps:
                    for text in step.statements:
                        await self._run(text)
                    if step.version is not None:
                        await self._log.record(step.table, step.version, step.name, begun)
        except LeaseTaken:
            raise SchemaChangeFailed(
                str(self._tables), "another process has been changing it for too long"
            ) from None
        return steps

    async def _run(self, text: str) -> None:
        _LOG.info("changing the schema: %s", text)
        try:
            await self._session.change_schema(text, timeout=_CHANGE_TIMEOUT)
        except Fault as fault:
            raise SchemaChangeFailed(
                str(self._tables),
                str(fault),
                hint=None
                if fault.certainty is Certainty.REFUSED
                else "call it again: it continues where it stopped",
            ) from fault

    def _report(self, table: TableState, steps: list[Step]) -> TableReport:
        own = [step for step in steps if step.table == self._tables.name_of(table.spec)]
        created = any(step.name == "created" for step in own)
        later = [step for step in own if step.name != "created"]
        migrations = tuple([step.name for step in later if step.version is not None])
        additions = tuple([step.name for step in later if step.version is None])
        return TableReport(table.name, table.version, created, migrations, additions)
