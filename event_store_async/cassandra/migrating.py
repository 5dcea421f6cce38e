"""Migrating: creates the keyspace and the table, or brings an older table up to date."""

import logging
import re
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final
from uuid import UUID, uuid4, uuid5

import anyio

from ..cql_files import (
    check_datacenter,
    check_identifier,
    load_statement,
    load_statements,
    migrations,
    read_file,
)
from ..drafts import to_milliseconds
from ..errors import InvalidArgument, SchemaChangeFailed
from ..retry import Deadline
from ..settings import Settings
from .driver import Page
from .faults import Fault, Kind
from .repeating import repeat
from .schema import LATEST, SchemaState, inspect, nodes_by_datacenter
from .session import Session

_LOG = logging.getLogger("event_store_async")
_NAMESPACE: Final = UUID("8a3d7a4e-3f0b-5f0e-9a6e-6f1f0c1f6f5d")
_LOCK_SECONDS: Final = 60
_CHANGE_TIMEOUT: Final = 30.0
_ADDED_COLUMN: Final = re.compile(r" ADD (\w+) ")


@dataclass(frozen=True, slots=True)
class SchemaReport:
    """
    What `create_schema` found and did.

    Attributes:
        table: The table, as ``keyspace.table``.
        version: The table's schema version now.
        created: True where the table was made.
        migrations: The names of the migrations applied to a table that was there.
        replication: The keyspace's replication as it stands, which may not be the one asked for
            where the keyspace was there before.
    """

    table: str
    version: int
    created: bool
    migrations: tuple[str, ...]
    replication: Mapping[str, str]


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


class Migrator:
    """
    Changes the schema, one process at a time.

    Args:
        session: Where to.
        keyspace: Its name, checked.
        table: Its name, checked.
        settings: The store's.
    """

    def __init__(self, session: Session, keyspace: str, table: str, settings: Settings) -> None:
        self._session = session
        self._names = {"keyspace": keyspace, "table": table}
        self._settings = settings

    async def state(self) -> SchemaState:
        """
        Return what stands in the cluster.

        Raises:
            StoreUnavailable: nobody answered in time.
        """
        deadline = Deadline(self._settings.timeout)
        return await repeat(
            lambda _: inspect(self._session, deadline, **self._names),
            deadline,
            self._settings.backoff,
            "looking at the schema",
        )

    async def migrate(self, replication: Mapping[str, int] | None) -> SchemaReport:
        """Do what `EventStore.create_schema` promises, and raise what it does."""
        if replication is not None:
            replication_options(replication)  # refuses what is none, before anything is sent
        state = await self.state()
        created = False
        applied: tuple[str, ...] = ()
        if not state.columns or state.version < LATEST:
            state.check_takeable()
            if state.replication is None:
                await self._create_keyspace(replication)
            await self._create_migrations()
            async with self._lock():
                created, applied = await self._bring_up_to_date()
            state = await self.state()
        state.check_usable()
        return SchemaReport(state.table, state.version, created, applied, state.replication or {})

    async def _create_keyspace(self, replication: Mapping[str, int] | None) -> None:
        if replication is None:
            raise InvalidArgument(
                f"there is no keyspace {self._names['keyspace']}",
                hint='create it with its replication: `create_schema({"datacenter1": 3})` '
                "or the command `event-store schema create --replication datacenter1=3`",
            )
        deadline = Deadline(self._settings.timeout)
        nodes = await repeat(
            lambda _: nodes_by_datacenter(self._session, deadline),
            deadline,
            self._settings.backoff,
            "looking at the nodes",
        )
        for datacenter, replicas in replication.items():
            if replicas > nodes.get(datacenter, 0):
                there = ", ".join(f"{name} has {count}" for name, count in nodes.items())
                raise InvalidArgument(
                    f"{replicas} replicas in {datacenter!r} are more than there are nodes: {there}"
                )
        await self._change("schema/keyspace", replication=replication_options(replication))

    async def _create_migrations(self) -> None:
        await self._change("schema/migrations", id=migrations_id(self._names["keyspace"]))

    async def _bring_up_to_date(self) -> tuple[bool, tuple[str, ...]]:
        state = await self.state()
        state.check_takeable()
        if not state.columns:
            await self._change("schema/events", compaction=compaction(state.release))
            await self._record(LATEST, "created")
            return True, ()
        applied: list[str] = []
        for version, name in migrations():
            if version > state.version:
                await self._apply(name, state)
                await self._record(version, name)
                applied.append(name)
        return False, tuple(applied)

    async def _apply(self, name: str, state: SchemaState) -> None:
        for statement in load_statements(f"migrations/{name}", **self._names):
            column = _ADDED_COLUMN.search(statement.text)
            if column is None or column[1] not in state.columns:
                await self._run(statement.text)

    async def _change(self, path: str, **names: str) -> None:
        await self._run(load_statement(path, **self._names, **names).text)

    async def _run(self, text: str) -> None:
        _LOG.info("changing the schema: %s", text)
        try:
            await self._session.change_schema(text, timeout=_CHANGE_TIMEOUT)
        except Fault as fault:
            raise SchemaChangeFailed(
                ".".join(self._names.values()),
                str(fault),
                hint=None if fault.kind is Kind.REFUSED else "call it again: it goes on from here",
            ) from fault

    async def _record(self, version: int, name: str) -> None:
        now = to_milliseconds(self._settings.clock())
        await self._write("record_migration", self._names["table"], version, name, now)

    @asynccontextmanager
    async def _lock(self) -> AsyncGenerator[None, None]:
        table, me = self._names["table"], uuid4()
        deadline = Deadline(2 * _LOCK_SECONDS)
        pauses = self._settings.backoff.pauses()
        while not await self._write("lock_schema", _LOCK_SECONDS, me, table, None, mine=me):
            if deadline.remaining() < 0:
                raise SchemaChangeFailed(
                    ".".join(self._names.values()), "somebody else is changing it, for too long"
                )
            await anyio.sleep(next(pauses))
        try:
            yield
        finally:
            # Given back even where the caller is cancelled: others would wait for its expiry.
            with anyio.CancelScope(shield=True):
                await self._write("unlock_schema", table, me)

    async def _write(self, name: str, *values: object, mine: UUID | None = None) -> bool:
        """Write conditionally until the answer is heard; True where it holds now."""
        statement = load_statement(f"statements/{name}", **self._names)
        deadline = Deadline(self._settings.timeout)

        async def attempt(_: bool) -> Page:
            prepared = await self._session.prepare(statement, deadline)
            return await self._session.write([(prepared, values)], deadline)

        page = await repeat(attempt, deadline, self._settings.backoff, f"running {name}")
        row = dict(zip(page.columns, page.rows[0], strict=True))
        held_by = row.get("changed_by")
        return bool(row["[applied]"]) or (held_by is not None and held_by == str(mine))


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
