"""The room of keys: the collaborators behind a key store, and how they work together."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from secrets import token_bytes
from typing import Final

from ...checks import read_clock
from ...errors import SubjectForgotten
from ...hooks import Source
from ...hooks.observer import Observer
from ...ids import random_uuid
from ...moments import to_milliseconds
from ...retry import Deadline, Retry
from ...settings import Settings
from ...subject_key import KEY_BYTES, ForgottenSubject, SubjectKey
from ...tasks import side_by_side
from ..driver.repeat import repeat
from ..driver.session import Session
from ..operations.diagnosis.finding import Finding
from ..schema.added_statements import AddedStatements
from ..schema.migrator import Migrator, SchemaReport
from ..schema.state import SchemaState
from ..schema.statements import StatementCache
from ..schema.tables import StoreTables
from .changes import KeyChanges
from .diagnosis import diagnose_keys
from .reports import KeyStatus, RewrapProgress, RewrapReport
from .rewrap import Rewrap, RewrapFailure
from .row import KeyRow
from .table import KeyTable
from .wrapper import CheckedWrapper

_AT_ONCE: Final = 16


class KeyRoom:
    """
    Gives, creates, destroys and re-wraps keys; `CassandraKeyStore` has the promises.

    Args:
        session: Where to send requests.
        tables: The table of keys.
        wrapper: Encrypts keys.
        settings: The key store's.

    Attributes:
        name: The table, as ``keyspace.table``.
        observer: Reports to the hooks; None if there are none.
        migrator: Creates the table.
    """

    def __init__(
        self, session: Session, tables: StoreTables, wrapper: CheckedWrapper, settings: Settings
    ) -> None:
        self.name = str(tables)
        self._session = session
        self._tables = tables
        self.observer = Observer.of(
            Source("cassandra", tables.keyspace, tables.table), settings.hooks
        )
        self._settings = settings
        self._wrapper = wrapper
        self._statements = AddedStatements(
            session, tables, lambda own: own, "keys", settings.backoff
        )
        statements = StatementCache(session, tables, settings.backoff)
        self.migrator = Migrator(session, statements, tables, settings)
        self._table = KeyTable(session, self._statements, settings)
        self._changes = KeyChanges(self._table)

    async def get(self, wanted: Sequence[str]) -> Mapping[str, SubjectKey | ForgottenSubject]:
        """Return the keys of subjects; see `KeyStore.get`."""
        rows = await self._table.rows(wanted)
        found: dict[str, SubjectKey | ForgottenSubject] = {
            subject: row.forgotten for subject, row in rows.items() if row.is_forgotten
        }
        found.update(await self._unwrapped(rows))
        return {subject: found[subject] for subject in wanted if subject in found}

    async def key_for(self, wanted: Sequence[str], *, renew: bool) -> Mapping[str, SubjectKey]:
        """Return a key for each subject; see `KeyStore.key_for`."""
        rows = await self._table.rows(wanted)
        if not renew:
            for subject in wanted:
                if subject in rows and rows[subject].is_forgotten:
                    raise SubjectForgotten(subject)
        found = await self._unwrapped(rows)
        missing = [subject for subject in wanted if subject not in found]

        async def provide(subject: str) -> None:
            found[subject] = await self._provided(subject, rows.get(subject), renew=renew)

        await side_by_side(missing, provide, _AT_ONCE)
        return {subject: found[subject] for subject in wanted}

    async def forget(self, subject: str) -> ForgottenSubject:
        """Destroy the key of a subject; see `KeyStore.forget`."""
        return (await self._changes.forget(subject, self._now())).forgotten

    async def status(self, wanted: Sequence[str]) -> Mapping[str, KeyStatus]:
        """Return what is known of keys; see `CassandraKeyStore.status`."""
        rows = await self._table.rows(wanted)
        return {subject: rows[subject].status for subject in wanted if subject in rows}

    async def rewrap(
        self,
        *,
        dry_run: bool,
        on_progress: Callable[[RewrapProgress], object],
        on_failure: Callable[[RewrapFailure], Awaitable[object]],
    ) -> RewrapReport:
        """Re-wrap all keys; see `CassandraKeyStore.rewrap`."""
        walk = Rewrap(
            self._table,
            self._changes,
            self._wrapper,
            dry_run=dry_run,
            on_progress=on_progress,
            on_failure=on_failure,
        )
        return await walk.run()

    async def create_schema(self, replication: Mapping[str, int] | None) -> SchemaReport:
        """Create the table; see `CassandraKeyStore.create_schema`."""
        report = await self.migrator.migrate(replication)
        self._statements.forget()
        return report

    async def examine(self, events: SchemaState | None) -> tuple[Finding, ...]:
        """Return what could be better; see `CassandraKeyStore.examine`."""
        state = await self.migrator.state()
        deadline = Deadline(self._settings.timeout)
        text = self._tables.statement("statements/describe_options").text
        rows = await repeat(
            lambda elsewhere: self._session.ask(text, deadline, elsewhere=elsewhere),
            deadline,
            self._settings.backoff,
            "looking at the table of keys",
        )
        return tuple(diagnose_keys(state, rows[0][2] if rows else None, events))

    def _now(self) -> int:
        return to_milliseconds(read_clock(self._settings.clock))

    async def _unwrapped(self, rows: Mapping[str, KeyRow]) -> dict[str, SubjectKey]:
        found: dict[str, SubjectKey] = {}

        async def unwrap(row: KeyRow) -> None:
            found[row.subject] = await self._wrapper.unwrap(row)

        unwrapped = [row for row in rows.values() if not row.is_forgotten]
        await side_by_side(unwrapped, unwrap, _AT_ONCE)
        return found

    async def _provided(self, subject: str, row: KeyRow | None, *, renew: bool) -> SubjectKey:
        """Create the key of a subject, or return one that another call has created."""
        retry = Retry(self._settings.backoff, self._table.deadline())
        while True:
            # A key for each attempt: an earlier one may have been stored, and destroyed since.
            made = SubjectKey(subject, random_uuid(), token_bytes(KEY_BYTES))
            wrapped = await self._wrapper.wrap(made)
            if row is None:
                row = await self._changes.create(subject, made.id, wrapped, self._now())
            else:
                row = await self._changes.renew(row, made.id, wrapped, self._now())
            if not row.is_forgotten:
                return made if row.key_id == made.id else await self._wrapper.unwrap(row)
            if not renew:
                raise SubjectForgotten(subject)
            await self._changes.before_next(subject, retry)
