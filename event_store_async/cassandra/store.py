"""The event store on Apache Cassandra."""

import warnings
from collections.abc import AsyncGenerator, Awaitable, Iterable, Mapping, Sequence
from typing import Any, Self
from uuid import UUID

from ..checks import (
    check_expected_version,
    check_names,
    check_read,
    check_stream_id,
    check_timeout,
)
from ..codec import Codec, JsonCodec
from ..encoding import encode_events
from ..events import NewEvent, RecordedEvent
from ..health import Health
from ..hooks.append_watch import AppendWatch
from ..hooks.read_watch import ReadWatch
from ..ports import ReadConsistency
from ..results import AppendResult, Persisted, persisted_or_raise
from ..retry import Deadline
from ..settings import Settings
from ..statistics import Statistics
from ..versions import ANY, ExpectedVersion
from .append.pending import Append
from .driver.connection import (
    ConnectTarget,
    open_connection,
    split_contact_points,
)
from .driver.opening import Opening
from .driver.port import ConsistencyChoice, RawSession
from .driver.tls import Tls
from .engine import Engine
from .read.gap_check import Range
from .read.rows import RowDecoder
from .schema.migrator import SchemaReport
from .schema.state import SchemaState


class EventStore:
    """
    An event store on Apache Cassandra, over a driver session.

    Use one store for each process and event loop; it is made for many tasks at once. The promises
    of its methods are those of the ports `EventReader` and `EventWriter`. Nothing is sent, and the
    schema is not looked at, before the first use.

    Args:
        session: A connected acsylla session that the caller owns, and closes after the store.
            `connect` makes one with the settings that conditional writes need.
        keyspace: The keyspace of the table.
        table: The table of events.
        codec: Writes payloads, and reads those that name no other content type.
        codecs: Codecs that may be met on reading besides. JSON and raw bytes always are.
        consistency: Which replicas decide; for a table, one choice for ever.
        settings: Limits, deadlines, sources of time and ids.

    Raises:
        InvalidArgument: a name is not safe to stand in CQL, or an argument is wrong.
    """

    def __init__(
        self,
        session: RawSession,
        *,
        keyspace: str,
        table: str = "events",
        codec: Codec | None = None,
        codecs: Iterable[Codec] = (),
        consistency: ConsistencyChoice = "local",
        settings: Settings | None = None,
    ) -> None:
        self._settings = settings = settings or Settings()
        self._codec: Codec = codec or JsonCodec()
        decoder = RowDecoder(self._codec, codecs)
        self._engine = Engine.of(session, keyspace, table, consistency, decoder, settings)
        self._session, self._reader = self._engine.session, self._engine.reader
        self._lanes, self._observer = self._engine.lanes, self._engine.observer
        self._table = self._engine.storage.table
        self._lifetime = self._engine.lifetime
        self.storage = self._engine.storage
        """All streams, and their events as they are stored, for `event_store_async.moving`."""
        self.operations = self._engine.operations
        """What those who run a cluster ask of a store."""

    @classmethod
    def connect(
        cls,
        contact_points: str | Sequence[str],
        *,
        keyspace: str,
        table: str = "events",
        port: int = 9042,
        local_datacenter: str | None = None,
        consistency: ConsistencyChoice = "local",
        username: str | None = None,
        password: str | None = None,
        tls: Tls | None = None,
        connect_timeout: float = 5.0,
        codec: Codec | None = None,
        codecs: Iterable[Codec] = (),
        settings: Settings | None = None,
    ) -> "Opening[EventStore]":
        """
        Connect to a cluster, with a session of the store's own: ``async with`` it or await it.

        Args:
            contact_points: Addresses or names of some nodes; the driver finds the others.
            keyspace: The keyspace of the table; neither needs to exist yet.
            table: The table of events.
            port: The nodes' native port.
            local_datacenter: The datacenter whose nodes are asked. May be left out where the
                cluster has only one (that costs a second connection at the start).
            consistency: Which replicas decide; for a table, one choice for ever.
            username: For password authentication.
            password: For password authentication; it appears in no log, repr or error.
            tls: For an encrypted connection.
            connect_timeout: Seconds for the connection to one node.
            codec: As for the class.
            codecs: As for the class.
            settings: As for the class.

        Raises:
            InvalidArgument: at the call, or where the cluster has several datacenters.
            ConnectionFailed: on entering, if no node can be reached or it refuses us.
        """
        settings = settings or Settings()
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
        check_names(keyspace, table, consistency)

        async def opening() -> EventStore:
            connection = await open_connection(target)
            async with connection.closed_on_error():
                store = cls(
                    connection.session,
                    keyspace=keyspace,
                    table=table,
                    codec=codec,
                    codecs=codecs,
                    consistency=consistency,
                    settings=settings,
                )
            store._lifetime.connection = connection
            store._session.knows_elsewhere = True
            return store

        return Opening(opening)

    async def persist_events(
        self,
        stream_id: UUID,
        events: Iterable[Any | NewEvent],
        expected_version: ExpectedVersion = ANY,
        *,
        timeout: float | None = None,
    ) -> Persisted:
        """Append events to a stream; see `EventWriter.persist_events` for every promise."""
        return persisted_or_raise(await self._append(stream_id, events, expected_version, timeout))

    async def try_persist_events(
        self,
        stream_id: UUID,
        events: Iterable[Any | NewEvent],
        expected_version: ExpectedVersion = ANY,
        *,
        timeout: float | None = None,
    ) -> AppendResult:
        """Append events, a conflict being a value; see `EventWriter.try_persist_events`."""
        return await self._append(stream_id, events, expected_version, timeout)

    def read_events(
        self,
        stream_id: UUID,
        from_version: int | None = None,
        max_count: int | None = None,
        *,
        backward: bool = False,
        page_size: int | None = None,
        consistency: ReadConsistency | None = None,
    ) -> AsyncGenerator[RecordedEvent, None]:
        """Iterate over a stream's events; see `EventReader.read_events` for every promise."""
        check_stream_id(stream_id)
        check_read(from_version, max_count, page_size, consistency)
        wanted = Range.of(stream_id, from_version, max_count, backward=backward)
        self._lifetime.check_open()
        serial = consistency == "serial"
        if self._observer is None:
            return self._reader.read(wanted, page_size=page_size, serial=serial)
        watch = ReadWatch(self._observer, stream_id, backward=backward, serial=serial)
        return watch.run(self._reader.read(wanted, page_size=page_size, serial=serial, watch=watch))

    async def current_version(self, stream_id: UUID) -> int:
        """Return the version of a stream's last event, 0 where there is none."""
        check_stream_id(stream_id)
        self._lifetime.check_open()
        return await self._reader.head(stream_id, self._deadline(None))

    async def health(self, *, timeout: float = 1.0) -> Health:
        """Tell whether the store can do its work now; see `HealthCheck.health`."""
        check_timeout(timeout)
        return await self._engine.prober.health(timeout)

    def statistics(self) -> Statistics:
        """Return how busy the store is at this moment; from any thread, and never an error."""
        return self._engine.prober.statistics()

    async def create_schema(self, replication: Mapping[str, int] | None = None) -> SchemaReport:
        """
        Create the keyspace and the table, or migrate an older table, the Clojure original's too.

        Safe to call again, and from many processes at once: they take turns. Nothing else in this
        library ever changes a schema. Rows are never touched.

        Args:
            replication: How many replicas each datacenter holds, for example
                ``{"datacenter1": 3}``. Needed where there is no keyspace yet; one that exists
                keeps its own (the report tells it).

        Raises:
            InvalidArgument: no replication is given for a keyspace that does not exist.
            SchemaTooNew, SchemaMismatch, TimeToLiveRefused: the table is not taken over.
            SchemaChangeFailed: the server refused a change or did not answer; calling again goes
                on where it stopped.
            StoreUnavailable: nobody answered in time.
        """
        self._lifetime.check_open()
        report = await self._engine.migrator.migrate(replication)
        self._engine.statements.forget()
        self._engine.heads.clear()
        return report

    async def schema_state(self) -> SchemaState:
        """
        Return what stands in the cluster: keyspace, table, schema version.

        Raises:
            StoreUnavailable: nobody answered in time.
        """
        self._lifetime.check_open()
        return await self._engine.migrator.state()

    async def close(self) -> None:
        """
        Refuse new work, wait for what is in flight, then close a session of the store's own.

        Waits for `Settings.close_timeout` seconds at most; an append that is not settled by then
        ends in `AppendOutcomeUnknown`. Harmless to call twice or to cancel: what has been begun
        goes on.
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
        return f"<EventStore {self._table}>"

    def _append(
        self, stream_id: UUID, events: Iterable[Any], at: ExpectedVersion, timeout: float | None
    ) -> Awaitable[AppendResult]:
        """Begin an append; what is returned is its outcome, to be awaited at once."""
        if self._observer is None:
            return self._begin(stream_id, events, at, timeout)
        watch = AppendWatch(self._observer, stream_id, at, self._settings.max_append_bytes)
        return watch.run(lambda: self._begin(stream_id, events, at, timeout, watch))

    def _begin(
        self,
        stream_id: UUID,
        events: Iterable[Any],
        expected: ExpectedVersion,
        timeout: float | None,
        watch: AppendWatch | None = None,
    ) -> Awaitable[AppendResult]:
        check_stream_id(stream_id)
        encoded = encode_events(events, self._codec, self._settings)
        check_expected_version(expected, len(encoded.items))
        deadline = self._deadline(timeout)
        loop = self._lifetime.check_open()
        if watch is not None:
            watch.queued(len(encoded.items), encoded.size)
        append = Append(stream_id, encoded, expected, deadline, loop.create_future(), watch)
        self._lanes.submit(append)
        return append.outcome

    def _deadline(self, timeout: float | None) -> Deadline:
        check_timeout(timeout)
        return Deadline(self._settings.timeout if timeout is None else timeout)
