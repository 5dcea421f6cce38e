"""Migrating: creates the keyspace and the table, or brings an older table up to date."""

import logging
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final
from uuid import UUID, uuid4

import anyio

from ...cql_files import load_statement
from ...errors import InvalidArgument, SchemaChangeFailed
from ...moments import to_milliseconds
from ...retry import Deadline
from ...settings import Settings
from ..driver.faults import Certainty, Fault
from ..driver.port import Page, answer_of
from ..driver.retrying import repeat
from ..driver.session import Session
from .ddl import Changes, replication_options
from .state import (
    LATEST,
    SchemaState,
    inspect,
    nodes_by_datacenter,
)

_LOG = logging.getLogger("event_store_async")
_LOCK_SECONDS: Final = 60
_CHANGE_TIMEOUT: Final = 30.0


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
        self._changes = Changes(keyspace, table)
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
                await self._run(await self._keyspace_cql(replication))
            await self._run(self._changes.create_migrations())
            async with self._lock():
                created, applied = await self._bring_up_to_date()
            state = await self.state()
        state.check_usable()
        return SchemaReport(state.table, state.version, created, applied, state.replication or {})

    async def plan(self, replication: Mapping[str, int] | None) -> tuple[str, ...]:
        """
        Return the CQL that `migrate` would run now, in order; none where nothing is to be done.

        It raises what `migrate` would raise before its first change.
        """
        if replication is not None:
            replication_options(replication)
        state = await self.state()
        if state.columns and state.version >= LATEST:
            state.check_usable()
            return ()
        state.check_takeable()
        keyspace = (
            [f"{await self._keyspace_cql(replication)};"] if state.replication is None else []
        )
        return (
            *keyspace,
            f"{self._changes.create_migrations()};",
            *self._changes.under_lock(state, _LOCK_SECONDS),
        )

    async def _keyspace_cql(self, replication: Mapping[str, int] | None) -> str:
        if replication is None:
            raise InvalidArgument(
                f"there is no keyspace {self._changes.keyspace}",
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
        return self._changes.create_keyspace(replication)

    async def _bring_up_to_date(self) -> tuple[bool, tuple[str, ...]]:
        state = await self.state()
        state.check_takeable()
        steps = self._changes.steps(state)
        for step in steps:
            for text in step.statements:
                await self._run(text)
            await self._record(step.version, step.name)
        if not state.columns:
            return True, ()
        return False, tuple(step.name for step in steps)

    async def _run(self, text: str) -> None:
        _LOG.info("changing the schema: %s", text)
        try:
            await self._session.change_schema(text, timeout=_CHANGE_TIMEOUT)
        except Fault as fault:
            raise SchemaChangeFailed(
                ".".join(self._names.values()),
                str(fault),
                hint=None
                if fault.certainty is Certainty.REFUSED
                else "call it again: it goes on from here",
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
        answer = answer_of(page)
        held_by = answer.rows[0].get("changed_by")
        return answer.applied or (held_by is not None and held_by == str(mine))
