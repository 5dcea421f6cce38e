"""The engine: builds the collaborators of one store and connects them."""

from collections.abc import Iterable
from time import monotonic
from uuid import UUID

from ..checks import check_codecs, check_names, read_clock
from ..codec import Codec, Codecs, JsonCodec
from ..errors import InvalidArgument
from ..follower import Wakeups
from ..hooks import Source
from ..hooks.observer import Observer
from ..settings import Settings, checked_settings
from ..snapshots.codec import SnapshotCodec
from ..snapshots.saves import BackgroundSaves
from ..snapshots.store import Snapshots
from .append.appender import Appender
from .append.executor import Executor
from .append.listener import Listener
from .append.planner import KnownHeads, Planner
from .append.queues import StreamQueues
from .append.settler import Settler
from .append.stream_turns import StreamTurns
from .driver.connection import Connection
from .driver.port import LEVELS, ConsistencyChoice
from .driver.raw import RawSession
from .driver.session import Session
from .feed.room import FeedRoom
from .lifetime import Lifetime
from .operations.health import HealthProbe
from .operations.inspector import Inspector
from .operations.operations import Operations
from .read.reader import Reader
from .read.rows import RowDecoder
from .schema.added_statements import AddedStatements
from .schema.migrator import Migrator
from .schema.statements import StatementCache
from .schema.tables import StoreTables
from .snapshots.table import SnapshotTable
from .subscriptions.store import CassandraSubscriptions
from .subscriptions.tables import SubscriptionTables
from .table.calls import RunningCalls
from .table.categoriser import Categoriser
from .table.eraser import Eraser
from .table.lister import Lister
from .table.restorer import Restorer
from .table.scanner import Scanner
from .table.storage import Storage


class Engine:
    """
    The collaborators of one store. The arguments are those of `EventStore`.

    Attributes:
        settings: Limits, deadlines, sources of time and ids.
        codec: Encodes payloads.
        observer: Reports to the hooks; None if there are none.
        session: Sends requests.
        statements: Prepares statements.
        wakeups: Tells the followers of streams of the store's own appends.
        known_heads: The versions at which streams were last seen.
        reader: Reads streams.
        feed: The feed of the table, if it has one.
        queues: Carries out appends.
        appender: Begins appends.
        eraser: Erases events.
        storage: `EventStore.storage`.
        snapshot_statements: Prepares the statements of the table of snapshots.
        snapshots: `EventStore.snapshots`.
        subscription_statements: Prepares the statements of the tables of subscriptions.
        subscriptions: `EventStore.subscriptions`.
        key_calls: Calls of key stores on this store's session.
        lister: `EventStore.streams`.
        migrator: Changes the schema.
        operations: `EventStore.operations`.
        health: Tells whether the store can do its work.
        lifetime: Says whether the store is open, and closes it.

    Raises:
        InvalidArgument: a name is not safe in CQL, or *raw* is not a session.
    """

    def __init__(
        self,
        raw: RawSession,
        keyspace: str,
        table: str,
        consistency: ConsistencyChoice,
        codec: Codec | None,
        codecs: Iterable[Codec],
        settings: Settings | None,
    ) -> None:
        if not callable(getattr(raw, "execute_batch", None)):
            raise InvalidArgument(f"an acsylla session is needed, not {type(raw).__name__}")
        check_names(keyspace, table, consistency)
        settings = checked_settings(settings)
        codecs, codec = check_codecs(codec, codecs), codec or JsonCodec()
        source = Source("cassandra", keyspace, table)
        decoder = RowDecoder(codec, codecs, limit=settings.max_payload_bytes)
        session = Session(
            raw,
            LEVELS[consistency],
            max_in_flight=settings.max_in_flight,
            request_timeout=settings.request_timeout,
            backoff=settings.backoff,
        )
        tables = StoreTables(keyspace, table)
        statements = StatementCache(session, tables, settings.backoff)
        observer = Observer.of(source, settings.hooks)
        reader = Reader(session, statements, decoder, settings, observer)
        wakeups = Wakeups()
        known_heads = KnownHeads(settings.known_heads, wakeups)
        self.lifetime = Lifetime(
            f"<EventStore {keyspace}.{table}>", session, wakeups, settings.close_timeout
        )
        check_open = self.lifetime.check_open
        # Local, too: a callback that held this object would keep the driver's session alive.
        self.feed = feed = FeedRoom(
            session,
            statements,
            reader,
            decoder,
            known_heads,
            settings,
            str(tables),
            check_open,
            observer,
        )
        settler = Settler(session, settings.backoff, statements.explain, self.feed.announcer)
        planner = Planner(statements, reader, settings, known_heads)
        queues = StreamQueues(
            Executor(
                planner,
                settler,
                session,
                Listener(StreamTurns(monotonic, settings.backoff.random), reader, known_heads),
            ),
            settings,
        )
        restorer = Restorer(session, statements, settler, settings)

        def erased(stream_id: UUID, kept_from: int) -> None:
            known_heads.forget(stream_id)
            reader.beginnings.put(stream_id, kept_from)
            feed.erased(stream_id, kept_from)

        self.eraser = Eraser(statements, settler, reader, settings, feed.published, erased)
        self.settings = settings
        self.codec = codec
        self.observer = observer
        self.session = session
        self.statements = statements
        self.wakeups = wakeups
        self.known_heads = known_heads
        self.reader = reader
        self.queues = queues
        self.appender = Appender(session, queues, codec, settings, observer)
        self.migrator = Migrator(session, statements, tables.with_snapshots(), settings)
        self.snapshot_statements = AddedStatements(
            session, tables, StoreTables.of_snapshots, "snapshots", settings.backoff
        )
        snapshot_table = SnapshotTable(session, self.snapshot_statements, settings)
        saves = BackgroundSaves()
        self.snapshots = Snapshots(
            snapshot_table,
            SnapshotCodec(codec, Codecs(codec, codecs, limit=settings.max_payload_bytes), settings),
            observer,
            check_open,
            saves,
        )
        self.subscription_statements = AddedStatements(
            session, tables, StoreTables.of_subscriptions, "subscriptions", settings.backoff
        )
        self.subscriptions = CassandraSubscriptions(
            SubscriptionTables(session, self.subscription_statements, settings),
            self.feed.feed((), ()).reader,
            lambda: read_clock(settings.clock),
            check_open,
            source,
            observer,
        )
        self.health = HealthProbe(
            source,
            tables,
            session,
            reader,
            queues,
            self.feed,
            in_flight_limit=settings.max_in_flight,
            append_limit=settings.max_append_bytes,
        )
        self.key_calls = RunningCalls()
        self.lifetime.ends(
            [queues, restorer.outstanding, self.eraser.outstanding, saves, self.key_calls],
            self.feed.close,
        )
        self.storage = Storage(
            session,
            statements,
            decoder,
            restorer,
            Categoriser(statements, settler, reader, self.feed.holds),
            self.eraser,
            snapshot_table,
            settings,
            keyspace,
            table,
            check_open,
        )
        self.lister = Lister(Scanner(session, statements, settings), self.storage.table)
        inspector = Inspector(
            session,
            tables.with_snapshots(),
            request_timeout=settings.request_timeout,
            clock=settings.clock,
        )
        self.operations = Operations(
            session, self.migrator, inspector, settings, self.feed, check_open
        )

    def check_open(self) -> None:
        """Raise an error if the store cannot be used here."""
        self.lifetime.check_open()

    def own(self, connection: Connection) -> None:
        """Take over the connection whose session this is: it is closed with the store."""
        self.session.knows_elsewhere = True
        self.lifetime.own(connection)

    def schema_changed(self) -> None:
        """Look at the schema again at the next use, and forget the streams' versions."""
        self.statements.forget()
        self.snapshot_statements.forget()
        self.subscription_statements.forget()
        self.known_heads.clear()
        self.reader.beginnings.clear()
