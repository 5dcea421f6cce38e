"""The key store on Apache Cassandra."""

import warnings
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Final, Self, TypeVar

from ...checks import check_bool, check_callable, check_instance, check_names, listed
from ...errors import InvalidArgument
from ...follower import Wakeups
from ...hooks.key_watch import watched_keys
from ...ports.keys import KeyWrapper
from ...settings import Settings, checked_settings
from ...subject_key import ForgottenSubject, SubjectKey, check_subject, check_subjects
from ..driver.connection import ConnectTarget, open_connection, split_contact_points
from ..driver.opening import Opening
from ..driver.port import LEVELS, ConsistencyChoice
from ..driver.raw import RawSession
from ..driver.session import Session
from ..driver.tls import Tls
from ..lifetime import Lifetime
from ..operations.diagnosis.finding import Finding
from ..schema.migrator import SchemaReport
from ..schema.state import SchemaState
from ..schema.tables import KEYS, StoreTables
from ..table.calls import RunningCalls
from .reports import KeyStatus, RewrapProgress, RewrapReport
from .rewrap import RewrapFailure
from .room import KeyRoom
from .wrapper import CheckedWrapper, check_wrapper

_MOST_SUBJECTS: Final = 100_000
_AT_ONCE: Final = 16

_T = TypeVar("_T")


class CassandraKeyStore:
    """
    The keys of subjects in a table on Apache Cassandra; a `KeyStore`.

    Any number of processes may use one table. Each subject has one row, which stays for ever: a
    forgotten subject has a row without a key. Keys are stored as the wrapper has encrypted them.

    Use one key store for each process and event loop; any number of tasks may share it. Nothing is
    sent before the first use. `EventStore.key_store` gives one that shares the store's session.

    Args:
        session: A connected acsylla session that the caller owns, and closes after the key store.
            `connect` makes one with the settings that conditional writes need.
        wrapper: Encrypts the keys. None for a program that needs no keys, such as one that only
            forgets subjects: `forget`, `status` and `create_schema` work without.
        keyspace: The keyspace of the table. One of its own can have other replicas and other
            backups than the events.
        table: The table of keys.
        consistency: Which replicas decide, `ConsistencyChoice`. A table needs the same choice in
            every process, for ever. With programs in several datacenters, use ``"global"``: then
            a key that is destroyed is gone for all of them at once.
        settings: The settings that concern keys are `Settings.timeout`, `request_timeout`,
            `close_timeout`, `max_in_flight`, `backoff`, `clock` and `hooks`.

    Raises:
        InvalidArgument: a name is not safe in CQL, or an argument is wrong.
    """

    def __init__(
        self,
        session: RawSession,
        *,
        wrapper: KeyWrapper | None,
        keyspace: str,
        table: str = "subject_keys",
        consistency: ConsistencyChoice = "local",
        settings: Settings | None = None,
    ) -> None:
        if not callable(getattr(session, "execute_batch", None)):
            raise InvalidArgument(f"an acsylla session is needed, not {type(session).__name__}")
        check_names(keyspace, table, consistency)
        check_wrapper(wrapper)
        settings = checked_settings(settings)
        own = Session(
            session,
            LEVELS[consistency],
            max_in_flight=settings.max_in_flight,
            request_timeout=settings.request_timeout,
            backoff=settings.backoff,
        )
        tables = StoreTables(keyspace, table, (KEYS,))
        self._session = own
        self._calls = RunningCalls()
        self._wrapper = CheckedWrapper(wrapper)
        self._room = KeyRoom(own, tables, self._wrapper, settings)
        self._lifetime = Lifetime(repr(self), own, Wakeups(), settings.close_timeout)
        self._lifetime.ends([self._calls], _nothing)

    @classmethod
    def connect(
        cls,
        contact_points: str | Sequence[str],
        *,
        wrapper: KeyWrapper | None,
        keyspace: str,
        table: str = "subject_keys",
        port: int = 9042,
        local_datacenter: str | None = None,
        consistency: ConsistencyChoice = "local",
        username: str | None = None,
        password: str | None = None,
        tls: Tls | None = None,
        connect_timeout: float = 5.0,
        settings: Settings | None = None,
    ) -> "Opening[CassandraKeyStore]":
        """
        Connect to a cluster, with a session of the key store's own.

        Enter the result with ``async with``, or await it and close the key store yourself.

        Args:
            contact_points: Addresses or names of some nodes; the driver finds the others.
            wrapper: As for the class.
            keyspace: The keyspace of the table. Neither needs to exist yet.
            table: The table of keys.
            port: The nodes' native port.
            local_datacenter: The datacenter whose nodes are asked. It may be left out if the
                cluster has only one; that costs a second connection at the start.
            consistency: As for the class.
            username: For password authentication.
            password: For password authentication. It appears in no log, repr or error.
            tls: For an encrypted connection.
            connect_timeout: Seconds for the connection to one node.
            settings: As for the class.

        Raises:
            InvalidArgument: at the call; or on entering, if the cluster has several datacenters
                and none was named.
            ConnectionFailed: on entering, if no node can be reached, or the node refuses.
        """
        check_names(keyspace, table, consistency)
        check_wrapper(wrapper)
        settings = checked_settings(settings)
        target = ConnectTarget(
            contact_points=split_contact_points(contact_points),
            port=port,
            local_datacenter=local_datacenter,
            consistency=consistency,
            username=username,
            password=password,
            tls=tls,
            connect_timeout=connect_timeout,
            request_timeout=settings.request_timeout,
        )

        async def opening() -> CassandraKeyStore:
            connection = await open_connection(target)
            async with connection.closed_on_error():
                store = cls(
                    connection.session,
                    wrapper=wrapper,
                    keyspace=keyspace,
                    table=table,
                    consistency=consistency,
                    settings=settings,
                )
            store._session.knows_elsewhere = True
            store._lifetime.own(connection)
            return store

        return Opening(opening)

    # Keys

    async def get(self, subjects: Iterable[str]) -> Mapping[str, SubjectKey | ForgottenSubject]:
        """
        Return the keys of subjects; see `KeyStore.get` for the promises and the errors.

        It sends one request for each 100 subjects.

        Args:
            subjects: The subjects, 100,000 at most.
        """
        wanted = _checked(subjects)
        with watched_keys(self._room.observer, "get", len(wanted)):
            async with self._running():
                return await self._room.get(wanted)

    async def key_for(
        self, subjects: Iterable[str], *, renew: bool = False
    ) -> Mapping[str, SubjectKey]:
        """
        Return a key for each subject, and create those that are missing.

        See `KeyStore.key_for` for the promises and the errors. It sends one request for each 100
        subjects, and one more for each key that it creates.

        Args:
            subjects: The subjects, 100,000 at most.
            renew: Give a new key to subjects that are forgotten.

        Raises:
            InvalidArgument: the key store has no wrapper, too; or the wrapper returned something
                that is not a key.
        """
        wanted = _checked(subjects)
        check_bool("renew", renew)
        self._wrapper.check_given()
        with watched_keys(self._room.observer, "create", len(wanted)):
            async with self._running():
                return await self._room.key_for(wanted, renew=renew)

    async def forget(self, subject: str) -> ForgottenSubject:
        """
        Destroy the key of a subject; see `KeyStore.forget` for the promises and the errors.

        Where the server may still have the wrapped key on its disks, and for how long, is said in
        docs/subject-keys.md.
        """
        checked = check_subject(subject)
        with watched_keys(self._room.observer, "forget", 1, checked):
            async with self._running():
                return await self._room.forget(checked)

    async def status(self, subjects: Iterable[str]) -> Mapping[str, KeyStatus]:
        """
        Return what is known of the keys of subjects, without unwrapping them.

        Args:
            subjects: The subjects, 100,000 at most, in any order.

        Returns:
            The status of each, in the order given. Subjects that never had a key, and were never
            forgotten, are left out.

        Raises:
            EventStoreError: as `get` does, but for errors of the wrapper.
        """
        wanted = _checked(subjects)
        async with self._running():
            return await self._room.status(wanted)

    async def rewrap(
        self,
        *,
        dry_run: bool = False,
        on_progress: Callable[[RewrapProgress], object] = lambda _: None,
        on_failure: Callable[[RewrapFailure], Awaitable[object]] | None = None,
    ) -> RewrapReport:
        """
        Wrap all keys with the current master key of the wrapper.

        It walks over the table, 16 keys at a time, beside any other calls. It is safe to interrupt
        and to repeat: keys that are wrapped with the current master key are not touched. Ciphertext
        is not touched at all, since the keys of subjects stay what they are.

        A key that another process creates meanwhile, with an older master key, may be missed. Give
        the new master key to all processes first.

        Args:
            dry_run: Only count; needs no wrapper.
            on_progress: Called after each 1,000 subjects.
            on_failure: Called with the error of each key that cannot be unwrapped: its master key
                is not given, or it is damaged. Without it, these are only counted.

        Raises:
            InvalidArgument: before anything is sent.
            KeyOutcomeUnknown: no quorum answered in time. One key or more may be re-wrapped.
            EventStoreError: as `get` does, except for `MasterKeyMissing` and `InvalidKey`.
            Exception: any other that the wrapper raises.
        """
        check_bool("dry_run", dry_run)
        check_callable("on_progress", on_progress)
        if on_failure is not None:
            check_callable("on_failure", on_failure)
        if not dry_run:
            self._wrapper.check_given()
        async with self._running():
            return await self._room.rewrap(
                dry_run=dry_run,
                on_progress=on_progress,
                on_failure=_ignore if on_failure is None else on_failure,
            )

    # The schema

    async def create_schema(self, replication: Mapping[str, int] | None = None) -> SchemaReport:
        """
        Create the keyspace and the table of keys if they do not exist.

        It is safe to repeat, and to run from several places at once.

        Args:
            replication: The number of replicas in each datacenter. It may be left out if the
                keyspace exists; an existing keyspace keeps its own.

        Raises:
            InvalidArgument: the keyspace does not exist, and there is no replication, or not enough
                nodes for it; or an argument is wrong.
            SchemaChangeFailed: a change was refused, or not answered in time.
            SchemaMismatch: a table of this name is not a table of keys.
            EventStoreError: as `EventStore.create_schema` does.
        """
        async with self._running():
            return await self._room.create_schema(replication)

    async def plan_schema(self, replication: Mapping[str, int] | None = None) -> tuple[str, ...]:
        """Return the CQL that `create_schema` would run now; raises what it does."""
        async with self._running():
            return await self._room.migrator.plan(replication)

    async def schema_state(self) -> SchemaState:
        """
        Return what stands in the cluster: keyspace, table, schema version.

        Raises:
            StoreUnavailable: no node answered in time.
            MisuseError: the key store is closed, or belongs to another event loop or process.
        """
        async with self._running():
            return await self._room.migrator.state()

    async def examine(self, events: SchemaState | None = None) -> tuple[Finding, ...]:
        """
        Return what must be changed of the table, or could be better, as `event-store doctor` does.

        Args:
            events: What stands in the cluster of the table of events (`EventStore.schema_state`),
                to compare its keyspace and replicas with.

        Returns:
            A finding for each thing that was looked at; none if there is no table of keys.

        Raises:
            InvalidArgument: *events* is not a `SchemaState`.
            StoreUnavailable: no node answered in time.
            RequestRefused: the server refuses to tell.
            MisuseError: the key store is closed, or belongs to another event loop or process.
        """
        check_instance("events", events, SchemaState, "a SchemaState", optional=True)
        async with self._running():
            return await self._room.examine(events)

    # Its lifetime

    async def close(self) -> None:
        """
        Refuse new calls, wait for those in progress, then close the connection.

        It waits for `Settings.close_timeout` seconds at most. A session that the caller gave stays
        open, and so does that of an `EventStore`; calls in progress on that end with the store.
        Calling it again, or cancelling it, is harmless: the closing goes on.
        """
        await self._lifetime.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def __del__(self) -> None:
        lifetime = getattr(self, "_lifetime", None)
        if lifetime is not None and lifetime.is_forgotten:
            warnings.warn(f"unclosed {self!r}", ResourceWarning, stacklevel=1, source=self)

    def __repr__(self) -> str:
        return f"<CassandraKeyStore {self._room.name}>"

    def _running(self) -> RunningCalls:
        """Return what a call enters; raises `MisuseError` if the key store cannot be used here."""
        self._lifetime.check_open()
        return self._calls


def _checked(subjects: object) -> tuple[str, ...]:
    """Return subjects, each once, in order; raises `InvalidArgument`."""
    if isinstance(subjects, Iterable) and not isinstance(subjects, str | bytes):
        subjects = listed("subjects", subjects, _MOST_SUBJECTS)
    return check_subjects(subjects)


async def _ignore(_: object) -> None:
    return None


async def _nothing() -> None:
    return None
