"""Parts: what a store is made of, made for each other."""

from dataclasses import dataclass
from typing import Self

from ..errors import InvalidArgument
from ..hooks import Source
from ..settings import Settings
from ..watching import Observer
from .appending import Appender
from .attempts import Attempts
from .connection import check_names
from .driver import LEVELS, ConsistencyChoice, RawSession
from .grouping import Grouper
from .heads import Heads
from .lanes import Lanes
from .lifetime import Lifetime
from .migrating import Migrator
from .probing import Prober
from .reading import Reader
from .rows import RowDecoder
from .session import Session
from .settling import Settler
from .statements import LazyStatements
from .storage import Storage


@dataclass(slots=True)
class Parts:
    """The parts that a store calls; `observer` is None where no hook is to be told."""

    session: Session
    statements: LazyStatements
    heads: Heads
    reader: Reader
    lanes: Lanes
    migrator: Migrator
    prober: Prober
    observer: Observer | None
    lifetime: Lifetime
    storage: Storage

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
        )
        source = Source("cassandra", keyspace, table)
        observer = Observer.of(source, settings)
        statements = LazyStatements(session, keyspace, table, settings.backoff)
        heads = Heads(settings.known_heads)
        reader = Reader(session, statements, decoder, settings, observer)
        settler = Settler(session, reader, settings)
        appender = Appender(statements, reader, settler, settings, heads)
        grouper = Grouper(appender, reader, settler, settings, heads)
        lanes = Lanes(Attempts(session, statements, settings, heads), grouper, settings)
        name = f"<EventStore {keyspace}.{table}>"
        lifetime = Lifetime(name, lanes, session, settings.close_timeout)
        check_open = lifetime.check_open
        return cls(
            session=session,
            statements=statements,
            heads=heads,
            reader=reader,
            lanes=lanes,
            migrator=Migrator(session, keyspace, table, settings),
            prober=Prober(source, session, reader, lanes, settings),
            observer=observer,
            lifetime=lifetime,
            storage=Storage(session, statements, decoder, settings, keyspace, table, check_open),
        )
