"""The event store on Apache Cassandra."""

import warnings
from collections.abc import AsyncGenerator, Collection, Iterable, Mapping, Sequence
from typing import Any, Self
from uuid import UUID

from ..checks import (
    check_bool,
    check_codecs,
    check_expected_version,
    check_int,
    check_names,
    check_positive,
    check_read,
    check_stream_id,
    check_timeout,
)
from ..codec import Codec
from ..errors import InvalidIdentifier, SchemaMissing
from ..events import NewEvent, RecordedEvent
from ..feeds import Feed
from ..follower import Follower, Polling
from ..health import Health
from ..hooks.erasure_watch import watched
from ..hooks.list_watch import ListWatch
from ..hooks.read_watch import ReadWatch
from ..ports import CategoryStore, SnapshotStore
from ..ports.keys import KeyWrapper
from ..ports.subscriptions import Subscriptions
from ..results import (
    AppendResult,
    Closed,
    Deleted,
    DeleteResult,
    Persisted,
    TruncateResult,
    persisted_or_raise,
)
from ..retry import Deadline
from ..settings import Settings, checked_settings
from ..statistics import Statistics
from ..stream_head import StreamHead
from ..versions import ANY, MAX_VERSION, ExpectedVersion
from .driver.connection import (
    ConnectTarget,
    open_connection,
    split_contact_points,
)
from .driver.opening import Opening
from .driver.port import ConsistencyChoice
from .driver.raw import RawSession
from .driver.tls import Tls
from .engine import Engine
from .keys.shared import SharedKeyStore
from .keys.store import CassandraKeyStore
from .read.gap_check import Range
from .schema.migrator import SchemaReport
from .schema.state import SchemaState
from .schema.tables import KEYS, StoreTables


class EventStore:
    """
    An event store on Apache Cassandra, over a driver session.

    Use one store for each process and event loop; any number of tasks may share it. Nothing is
    sent, and the schema is not looked at, before the first use.

    Args:
        session: A connected acsylla session that the caller owns, and closes after the store.
            `connect` makes one with the settings that conditional writes need.
        keyspace: The keyspace of the table.
        table: The table of events.
        codec: Encodes payloads, and decodes those without a content type. JSON by default.
        codecs: More codecs for decoding. JSON and raw bytes are always among them.
        consistency: Which replicas decide, `ConsistencyChoice`. A table needs the same choice in
            every process, for ever.
        settings: Limits, deadlines, sources of time and ids.

    Attributes:
        storage: All streams and their events as they are stored, for
            `event_store_async.maintenance` and `event_store_async.archive`.
        operations: What those who run a cluster ask of a store.
        snapshots: Snapshots of aggregates, in a table of their own, for a `Repository`.
        subscriptions: How far the subscriptions to the feed are, and who works on them.

    Raises:
        InvalidArgument: a name is not safe in CQL, or an argument is wrong.
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
        self._engine = Engine(session, keyspace, table, consistency, codec, codecs, settings)
        self._appender = self._engine.appender
        self.storage = self._engine.storage
        self.operations = self._engine.operations
        self.snapshots: SnapshotStore = self._engine.snapshots
        self.subscriptions: Subscriptions = self._engine.subscriptions

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
        Connect to a cluster, with a session of the store's own.

        Enter the result with ``async with``, or await it and close the store yourself.

        Args:
            contact_points: Addresses or names of some nodes; the driver finds the others.
            keyspace: The keyspace of the table. Neither needs to exist yet.
            table: The table of events.
            port: The nodes' native port.
            local_datacenter: The datacenter whose nodes are asked. It may be left out if the
                cluster has only one; that costs a second connection at the start.
            consistency: As for the class.
            username: For password authentication.
            password: For password authentication. It appears in no log, repr or error.
            tls: For an encrypted connection.
            connect_timeout: Seconds for the connection to one node.
            codec: As for the class.
            codecs: As for the class.
            settings: As for the class.

        Raises:
            InvalidArgument: at the call; or on entering, if the cluster has several datacenters
                and none was named.
            ConnectionFailed: on entering, if no node can be reached, or the node refuses.
        """
        check_names(keyspace, table, consistency)
        settings = checked_settings(settings)
        codecs = check_codecs(codec, codecs)
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
            store._engine.own(connection)
            return store

        return Opening(opening)

    def category(self, name: str) -> CategoryStore:
        """
        Return a view of the store: what is appended through it is of a category.

        Nothing is sent. A view is small, and can be made for each use.

        Args:
            name: The name of the category: 1 to 64 ASCII letters, digits, ``-``, ``_`` and ``.``.

        Raises:
            InvalidArgument: it is not the name of a category.
        """
        return CategoryStore(self, name, self._appender.append)

    def key_store(
        self,
        wrapper: KeyWrapper | None,
        *,
        keyspace: str | None = None,
        table: str = "subject_keys",
    ) -> CassandraKeyStore:
        """
        Return a key store on the session of this store, with its consistency and settings.

        Nothing is sent. Closing this store closes it, too.

        Args:
            wrapper: Encrypts the keys; None as for `CassandraKeyStore`.
            keyspace: The keyspace of the table of keys; None is that of this store.
            table: The table of keys.

        Raises:
            InvalidArgument: a name is not safe in CQL, or *wrapper* is not a wrapper.
        """
        engine = self._engine
        if keyspace is None:
            keyspace = self.storage.table.partition(".")[0]
        check_names(keyspace, table, "local")
        tables = StoreTables(keyspace, table, (KEYS,))
        return SharedKeyStore(engine.session, engine.key_calls, wrapper, tables, engine.settings)

    async def persist_events(
        self,
        stream_id: UUID,
        events: Iterable[Any | NewEvent],
        expected_version: ExpectedVersion = ANY,
        *,
        timeout: float | None = None,
    ) -> Persisted:
        """
        Append events to a stream and return them as recorded.

        Args:
            stream_id: The stream. It begins with its first event.
            events: Payloads or `NewEvent`s. Without any, only the expected version is checked.
            expected_version: The state that the stream must be in: `ANY`, `NO_STREAM`,
                `STREAM_EXISTS` or an exact version.
            timeout: Seconds in which the outcome must be known; None is the store's setting.

        Raises:
            InvalidArgument: before anything is sent; nothing is stored.
            ConcurrentModification: the stream is not in that state; nothing is stored.
            WrongCategory: the store is a view (`CategoryStore`), and the stream is not of its
                category; nothing is stored.
            AppendOutcomeUnknown: no quorum answered in time. Appending the same events again
                settles it.
            StoreUnavailable: no quorum could be asked in time; nothing is stored.
            StoreOverloaded: too many appends are waiting already; nothing is stored.
            RequestRefused: the server refuses for good (permissions, limits); nothing is stored.
            UndecodableEvent: an earlier call stored these events, and no codec can decode them.
            MisuseError: the store is closed, or belongs to another event loop or process.
            SchemaError: the table is missing, or its schema has another version.
        """
        return persisted_or_raise(
            await self._appender.append(stream_id, events, expected_version, timeout)
        )

    async def try_persist_events(
        self,
        stream_id: UUID,
        events: Iterable[Any | NewEvent],
        expected_version: ExpectedVersion = ANY,
        *,
        timeout: float | None = None,
    ) -> AppendResult:
        """
        Append events like `persist_events`, but return a conflict instead of raising it.

        Returns:
            The events as recorded, or a `ConcurrentModification`: then nothing is stored.

        Raises:
            EventStoreError: as `persist_events` does, except for `ConcurrentModification`.
        """
        return await self._appender.append(stream_id, events, expected_version, timeout)

    async def truncate_stream(
        self, stream_id: UUID, *, before: int, timeout: float | None = None
    ) -> TruncateResult:
        """
        Erase the events of a stream below a version.

        Truncating below what is gone already changes nothing.

        Args:
            stream_id: The stream.
            before: The version of the first event that is kept, from 1. One above the version of
                the stream, no event is left.
            timeout: Seconds in which the outcome must be known; None is the store's setting.

        Returns:
            `Truncated`; or `ConcurrentModification` if the stream has not reached the version
            before *before*. Then nothing is erased.

        Raises:
            InvalidArgument: before anything is sent; nothing is erased.
            ErasureOutcomeUnknown: no quorum answered in time. Repeating the call settles it.
            NotPublished: the feed did not have the events in time; nothing is erased.
            StoreUnavailable: no quorum could be asked in time; nothing is erased.
            StoreOverloaded: others changed the stream without a pause; nothing is erased.
            RequestRefused: the server refuses for good (permissions, limits); nothing is erased.
            MisuseError: the store is closed, or belongs to another event loop or process.
            SchemaError: the table is missing, or lacks the column for truncated streams.
        """

        async def truncate() -> TruncateResult:
            stream = check_stream_id(stream_id)
            check_int("before", before, at_least=1, at_most=MAX_VERSION)
            deadline = self._deadline(timeout)
            self._engine.lifetime.check_open()
            return await self._engine.eraser.truncate(stream, before, deadline)

        return await watched(self._engine.observer, "truncate", stream_id, truncate)

    async def delete_stream(
        self,
        stream_id: UUID,
        expected_version: ExpectedVersion = ANY,
        *,
        timeout: float | None = None,
    ) -> DeleteResult:
        """
        Erase all events of a stream, and its stored snapshots. It can be appended to again.

        The next event has the version after the last one that was erased.

        Args:
            stream_id: The stream. One that never had an event stays as it is.
            expected_version: The state that the stream must be in, as for an append. With `ANY`, a
                repetition also erases what was appended since.
            timeout: Seconds in which the outcome must be known; None is the store's setting.

        Returns:
            `Deleted`; or `ConcurrentModification` if the stream is not in that state. Then nothing
            is erased.

        Raises:
            EventStoreError: as `truncate_stream` does. After an error of the stored snapshots, the
                events are gone; repeating the call deletes the snapshots.
        """

        async def delete() -> DeleteResult:
            stream = check_stream_id(stream_id)
            expected = check_expected_version(expected_version, 0)
            deadline = self._deadline(timeout)
            self._engine.lifetime.check_open()
            result = await self._engine.eraser.delete(stream, expected, deadline)
            if isinstance(result, Deleted):
                await self._forget_snapshots(stream)
            return result

        return await watched(self._engine.observer, "delete", stream_id, delete)

    async def close_stream(self, stream_id: UUID, *, timeout: float | None = None) -> Closed:
        """
        Erase all events of a stream, and its stored snapshots, and close it for ever.

        Every later append to it raises `StreamClosed`. Its `current_version` is 2,147,483,647, the
        highest that there is, so that older releases, too, conflict.

        Args:
            stream_id: The stream. It need not exist: then its id can never be used.
            timeout: Seconds in which the outcome must be known; None is the store's setting.

        Raises:
            EventStoreError: as `delete_stream` does.
        """

        async def close() -> Closed:
            stream = check_stream_id(stream_id)
            deadline = self._deadline(timeout)
            self._engine.lifetime.check_open()
            result = await self._engine.eraser.close(stream, deadline)
            await self._forget_snapshots(stream)
            return result

        return await watched(self._engine.observer, "close", stream_id, close)

    def read_events(
        self,
        stream_id: UUID,
        from_version: int | None = None,
        max_count: int | None = None,
        *,
        backward: bool = False,
        page_size: int | None = None,
        serial: bool = False,
        timeout: float | None = None,
    ) -> AsyncGenerator[RecordedEvent, None]:
        """
        Iterate over the events of a stream in the order of their versions.

        A step that is cancelled, for example by `asyncio.timeout` around it, ends the read, as if
        there were no more events: a rule of Python for all async generators. Put the timeout around
        the whole loop, or use *timeout*.

        Args:
            stream_id: The stream. A stream without events gives nothing.
            from_version: The first version, inclusive. None is the beginning of the stream, or
                its end when reading backward. 0 is the same as 1. The highest is
                ``MAX_VERSION + 1``, which comes after the version of a closed stream.
            max_count: The most events to return; None is no limit.
            backward: Newest first.
            page_size: Events fetched at once; None lets the store choose by their size.
            serial: False is a quorum read: it sees every append that was acknowledged before it
                began, and may or may not see one that is still in flight. True also completes
                appends that a dead coordinator left unfinished.
            timeout: Seconds in which each page must be answered; None is the store's setting.

        Raises:
            InvalidArgument: at the call, before anything is sent.
            StreamHole: a version is missing.
            UndecodableEvent: no codec can decode an event. Reading on after it works.
            StoreUnavailable: no quorum answered in time.
            MisuseError: the store is closed, or belongs to another event loop or process.
            SchemaError: the table is missing, or its schema has another version.
        """
        stream_id = check_stream_id(stream_id)
        check_read(from_version, max_count, page_size, serial, timeout, backward=backward)
        wanted = Range.of(stream_id, from_version, max_count, backward=backward)
        engine = self._engine
        engine.lifetime.check_open()
        watch = None
        if engine.observer is not None:
            watch = ReadWatch(engine.observer, stream_id, backward=backward, serial=serial)
        events = engine.reader.read(
            wanted, page_size=page_size, serial=serial, timeout=timeout, watch=watch
        )
        return events if watch is None else watch.run(events)

    def follow(
        self,
        stream_id: UUID,
        from_version: int | None = None,
        *,
        polling: Polling | None = None,
        page_size: int | None = None,
        serial: bool = False,
        timeout: float | None = None,
    ) -> AsyncGenerator[RecordedEvent, None]:
        """
        Iterate over the events of a stream, then over those that are appended to it, without end.

        Each event is given once, in the order of versions, without gaps, as `read_events` gives
        it. The stream need not exist yet. A slow caller delays only itself: nothing is fetched
        ahead but two pages at most.

        Outages are waited out: while the store is unavailable, it goes on trying, with pauses, and
        continues after the last event that it gave. `Polling.max_outage` sets a limit.

        A step may be cancelled, by `asyncio.timeout` around it for example, and nothing is lost:
        the next step goes on. A step that has less time than the store takes to answer gets
        nothing. After `StoreUnavailable`, too, the next step goes on; any other error is the last.

        Args:
            stream_id: The stream.
            from_version: As for `read_events`; a version that the stream has not reached yet is
                waited for. ``await store.current_version(stream_id) + 1`` is what comes from now.
            polling: How often the store is asked; None is `Polling()`.
            page_size: As for `read_events`.
            serial: As for `read_events`; then each poll takes part in Paxos.
            timeout: Seconds in which each page of a poll must be answered; None is the store's
                setting.

        Raises:
            InvalidArgument: at the call, before anything is sent.
            StoreUnavailable: the store was unavailable for longer than `Polling.max_outage`.
            StreamHole: a version is missing.
            UndecodableEvent: no codec can decode an event. Following on after it works.
            RequestRefused: the server refuses for good, for lack of permissions for example.
            MisuseError: the store is closed, also while this waits, or belongs to another event
                loop or process.
            SchemaError: the table is missing, or its schema has another version.
        """
        events = Follower(
            self.read_events,
            stream_id,
            from_version,
            polling=polling,
            page_size=page_size,
            serial=serial,
            timeout=timeout,
            wakeups=self._engine.wakeups,
            known_version=self._known_version,
        )
        self._engine.lifetime.check_open()
        return events

    def streams(
        self,
        after: str | None = None,
        max_count: int | None = None,
        *,
        page_size: int | None = None,
        timeout: float | None = None,
    ) -> AsyncGenerator[StreamHead, None]:
        """
        Iterate over the streams of the store and their versions, in no particular order.

        A stream that existed before the list began is given exactly once, also if others append to
        it meanwhile. One that begins during the list may or may not be given. The order is the same
        each time, so a list can be continued.

        Args:
            after: Continue after the stream with this cursor (`StreamHead.cursor`), in any process.
                The list that was begun keeps its promises then. None is the beginning.
            max_count: The most streams to return; None is no limit. Fewer are returned only if
                there are no more.
            page_size: Streams fetched at once, 1 to 5,000; None lets the store choose.
            timeout: Seconds in which each page must be answered; None is the store's setting.

        Raises:
            InvalidArgument: at the call, before anything is sent. Also if *after* was changed, or
                is a cursor of another table.
            StoreUnavailable: no quorum answered in time. The list can be continued.
            MisuseError: the store is closed, or belongs to another event loop or process.
            SchemaError: the table is missing, or its schema has another version.
        """
        found = self._engine.lister.streams(after, max_count, page_size, timeout)
        self._engine.lifetime.check_open()
        observer = self._engine.observer
        return found if observer is None else ListWatch(observer).run(found)

    async def current_version(
        self, stream_id: UUID, *, serial: bool = False, timeout: float | None = None
    ) -> int:
        """
        Return the version of the last event of a stream, 0 for a stream without events.

        Args:
            stream_id: The stream.
            serial: As for `read_events`.
            timeout: Seconds in which the store must answer; None is the store's setting.

        Raises:
            InvalidArgument: before anything is sent.
            StoreUnavailable: no quorum answered in time.
            MisuseError: the store is closed, or belongs to another event loop or process.
            SchemaError: the table is missing, or its schema has another version.
        """
        stream_id = check_stream_id(stream_id)
        check_bool("serial", serial)
        deadline = self._deadline(timeout)
        self._engine.lifetime.check_open()
        return await self._engine.reader.head(stream_id, deadline, serial=serial)

    def feed(self, *, categories: Collection[str] = (), types: Collection[str] = ()) -> Feed[Any]:
        """
        Return the feed of the table: one log of all its events, or of those that are selected.

        Nothing is sent.

        Args:
            categories: The categories of streams; none is all streams.
            types: The stored names of types; none is all events.

        Raises:
            InvalidArgument: a name is not valid.
            MisuseError: the store is closed, or belongs to another event loop or process.
        """
        self._engine.lifetime.check_open()
        return self._engine.feed.feed(categories, types)

    async def health(self, *, timeout: float = 1.0) -> Health:
        """
        Return whether the store can work now.

        It does what a read does: it asks a quorum for one row of the store's table, of a stream
        that never exists. So it costs as much as `current_version`, and waits for its turn like any
        request: a store with more requests than it can send in time is not ready.

        On a table with a feed it also reads the feed's row, at the serial level, and says whether
        anybody sequences (`Health.sequenced`, `Health.warnings`). That takes two calls, some
        seconds apart, if the store's own sequencer does not watch.

        Args:
            timeout: Seconds that it may take. A quorum must answer within three quarters of them;
                the rest is for finding out what is wrong.

        Raises:
            InvalidArgument: the timeout is not a positive number.
            WrongEventLoop, WrongProcess: the store belongs to another event loop or process. Any
                other problem of a store is in the result.
        """
        check_positive("timeout", timeout)
        return await self._engine.health.health(timeout)

    def statistics(self) -> Statistics:
        """Return how busy the store is at this moment. Safe in any thread; raises nothing."""
        return self._engine.health.statistics()

    async def create_schema(
        self, replication: Mapping[str, int] | None = None, *, feed: bool = False
    ) -> SchemaReport:
        """
        Create the keyspace and the tables, or migrate older tables, the Clojure original's too.

        It is safe to call again, and from many processes at once: they take turns. Nothing else in
        this library changes a schema. Rows are never changed.

        Args:
            replication: How many replicas each datacenter holds, for example
                ``{"datacenter1": 3}``. Required if the keyspace does not exist; a keyspace that
                exists keeps its replication, which the report shows.
            feed: Give the table a feed as well, if it has none. It cannot be taken away again.
                On a table with events, read about enabling feeds first.

        Raises:
            InvalidArgument: the keyspace does not exist, and no replication is given.
            SchemaTooNew, SchemaMismatch, TimeToLiveRefused: the table cannot be used or migrated.
            SchemaChangeFailed: the server refused a change or did not answer. Calling again
                continues where it stopped.
            StoreUnavailable: no node answered in time.
        """
        self._engine.lifetime.check_open()
        report = await self._engine.migrator.migrate(replication, feed=feed)
        self._engine.schema_changed()
        if feed:
            await self._engine.feed.create()
        return report

    async def schema_state(self) -> SchemaState:
        """
        Return what stands in the cluster: keyspace, table, schema version.

        Raises:
            StoreUnavailable: no node answered in time.
        """
        self._engine.lifetime.check_open()
        return await self._engine.migrator.state()

    async def close(self) -> None:
        """
        Refuse new calls, wait for appends and restores in progress, then close the connection.

        Snapshots that wait to be saved are saved, too.

        It waits for `Settings.close_timeout` seconds at most. An append that is not settled by then
        raises `AppendOutcomeUnknown` in its caller, a restore `RestoreOutcomeUnknown`. A session
        that the caller gave stays open. Calling it again, or cancelling it, is harmless: the
        closing goes on.
        """
        await self._engine.lifetime.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def __del__(self) -> None:
        engine = getattr(self, "_engine", None)
        if engine is not None and engine.lifetime.is_forgotten:
            warnings.warn(f"unclosed {self!r}", ResourceWarning, stacklevel=1, source=self)

    def __repr__(self) -> str:
        return f"<EventStore {self.storage.table}>"

    async def _forget_snapshots(self, stream_id: UUID) -> None:
        try:
            await self.snapshots.forget(stream_id)
        except (SchemaMissing, InvalidIdentifier):
            return  # there is no table of snapshots

    def _known_version(self, stream_id: UUID) -> int | None:
        self._engine.lifetime.check_open()
        return self._engine.known_heads.get(stream_id)

    def _deadline(self, timeout: float | None) -> Deadline:
        check_timeout(timeout)
        return Deadline(self._engine.settings.timeout if timeout is None else timeout)
