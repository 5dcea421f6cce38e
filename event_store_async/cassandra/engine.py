"""Engine: what a store is made of, made for each other."""

from dataclasses import dataclass
from typing import Self

from ..checks import check_names
from ..errors import InvalidArgument
from ..hooks import Source
from ..hooks.observer import Observer
from ..settings import Settings
from .append.executor import Grouper
from .append.first_attempt import Attempts
from .append.known_heads import KnownHeads
from .append.planner import Appender
from .append.queues import StreamQueues
from .append.settler import Settler
from .driver.port import LEVELS, ConsistencyChoice, RawSession
from .driver.session import Session
from .lifetime import Lifetime
from .operations.health import HealthProbe
from .operations.inspector import Inspector
from .operations.operations import Operations
from .read.reader import Reader
from .read.rows import RowDecoder
from .schema.migrator import Migrator
from .schema.statements import StatementCache
from .schema.tables import StoreTables
from .table.storage import Storage


@dataclass(slots=True)
class Engine:
    """The parts that a store calls; `observer` is None where no hook is to be told."""

    session: Session
    statements: StatementCache
    heads: KnownHeads
    reader: Reader
    lanes: StreamQueues
    migrator: Migrator
    prober: HealthProbe
    observer: Observer | None
    lifetime: Lifetime
    storage: Storage
    operations: Operations

    @classmethod
    def of(
        cls,
        raw: RawSession,
        keyspace: str,
        table: str,
        consistency: ConsistencyChoice,
        decoder: RowDecoder,
        settings: Settings,
    ) -> Self:
        """
        Make the parts of a store.

        Raises:
            InvalidArgument: a name is not safe to stand in CQL, or it is no session.
        """
        if not callable(getattr(raw, "execute_batch", None)):
            raise InvalidArgument(f"an acsylla session is needed, not {type(raw).__name__}")
        check_names(keyspace, table, consistency)
        session = Session(
            raw,
            LEVELS[consistency],
            max_in_flight=settings.max_in_flight,
            request_timeout=settings.request_timeout,
            backoff=settings.backoff,
        )
        tables = StoreTables(keyspace, table)
        source = Source("cassandra", keyspace, table)
        observer = Observer.of(source, settings.hooks)
        statements = StatementCache(session, tables, settings.backoff)
        heads = KnownHeads(settings.known_heads)
        reader = Reader(session, statements, decoder, settings, observer)
        settler = Settler(session, reader, settings)
        appender = Appender(statements, reader, settler, settings, heads)
        grouper = Grouper(appender, reader, settler, settings, heads)
        lanes = StreamQueues(Attempts(session, statements, settings, heads), grouper, settings)
        name = f"<EventStore {keyspace}.{table}>"
        lifetime = Lifetime(name, lanes, session, settings.close_timeout)
        check_open = lifetime.check_open
        migrator = Migrator(session, statements, tables, settings)
        inspector = Inspector(
            session, tables, request_timeout=settings.request_timeout, clock=settings.clock
        )
        prober = HealthProbe(
            source,
            tables,
            session,
            reader,
            lanes,
            in_flight_limit=settings.max_in_flight,
            append_limit=settings.max_append_bytes,
        )
        return cls(
            session=session,
            statements=statements,
            heads=heads,
            reader=reader,
            lanes=lanes,
            migrator=migrator,
            prober=prober,
            observer=observer,
            lifetime=lifetime,
            storage=Storage(session, statements, decoder, settings, keyspace, table, check_open),
            operations=Operations(session, migrator, inspector, settings, check_open),
        )
