"""
The driver port: the only module that imports acsylla, and a typed face for what we use of it.

acsylla ships no types, and some of its doors lead to a hang, a crash or wrong data. What is
needed here is exactly what is safe: statements are made fresh for each request and never touched
again, parameters are counted, and rows leave as tuples.
"""

import ctypes
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, Literal, Protocol

import acsylla
from acsylla._cython import cyacsylla

from ...cql_files import Statement
from ...statistics import DriverMetrics

DriverError: Final[type[Exception]] = acsylla.errors.CassException
"""The base of the driver's exceptions."""

ERROR_CLASSES: Final[frozenset[str]] = frozenset(acsylla.errors.__all__)
"""The names of the driver's exception classes."""

VERSION: Final[str] = acsylla.version.__version__


class Unset(Enum):
    """The type of `UNSET`."""

    UNSET = "unset"


UNSET: Final = Unset.UNSET
"""A parameter that is not sent at all. A None is sent as null, which writes a tombstone."""


class RawSession(Protocol):
    """What we use of an acsylla session."""

    async def execute(self, statement: Any) -> Any:
        """Send a statement."""

    async def execute_batch(self, batch: Any) -> Any:
        """Send a batch."""

    async def create_prepared(self, statement: str) -> Any:
        """Prepare a statement."""

    async def close(self) -> None:
        """Wait for what is in flight, and close."""


class RawCluster(Protocol):
    """What we use of an acsylla cluster."""

    def destroy(self) -> None:
        """Free the descriptors; only behind the sessions' `close`."""

    def create_execution_profile(self, name: str, **options: Any) -> None:
        """Name a way of choosing nodes, for statements to ask for."""

    def set_ssl(self, enabled: bool, **options: Any) -> None:
        """Turn TLS on."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A statement that the cluster has prepared."""

    statement: Statement
    raw: Any


@dataclass(frozen=True, slots=True)
class ConsistencyLevels:
    """A pair of consistency levels: for a table, one pair for ever."""

    quorum: Any
    serial: Any


LEVELS: Final = {
    "local": ConsistencyLevels(acsylla.Consistency.LOCAL_QUORUM, acsylla.Consistency.LOCAL_SERIAL),
    "global": ConsistencyLevels(acsylla.Consistency.QUORUM, acsylla.Consistency.SERIAL),
}

ELSEWHERE: Final = "elsewhere"
"""An execution profile: any node of the datacenter, each time the next, whatever the token."""

_MICROSECONDS: Final = 1_000_000

Row = tuple[Any, ...]


@dataclass(slots=True)
class Page:
    """
    One page of rows.

    Attributes:
        columns: The columns' names.
        rows: The rows, as tuples in the order of `columns`.
        state: Where the next page begins; None on the last one.
    """

    columns: tuple[str, ...]
    rows: list[Row]
    state: bytes | None


def bind(prepared: Prepared, values: Sequence[Any], **options: Any) -> Any:
    """
    Return a fresh statement with all its parameters bound.

    Raises:
        ValueError: not exactly as many values as the statement has binds; acsylla would send a
            short list's missing values as "unset" without a word.
    """
    if len(values) != len(prepared.statement.binds):
        raise ValueError(
            f"{prepared.statement.name} has {len(prepared.statement.binds)} binds, "
            f"{len(values)} values were given"
        )
    statement = prepared.raw.bind(**options)
    put = statement.bind
    for index, value in enumerate(values):
        if value is not UNSET:
            put(index, value)
    return statement


def reading(
    prepared: Prepared,
    values: Sequence[Any],
    *,
    level: Any,
    timeout: float,
    page_size: int,
    page_state: bytes | None,
    elsewhere: bool = False,
) -> Any:
    """Return a statement for a read: idempotent, one page, an own time limit in seconds."""
    statement = bind(prepared, values, consistency=level, timeout=timeout, page_size=page_size)
    if page_state is not None:
        statement.set_page_state(page_state)
    statement.set_is_idempotent(True)
    if elsewhere:
        statement.set_execution_profile(ELSEWHERE)
    statement.set_retry_policy("fallthrough")
    return statement


def writing(
    statements: Iterable[tuple[Prepared, Sequence[Any]]],
    *,
    level: ConsistencyLevels,
    timeout: float,
    elsewhere: bool = False,
) -> Any:
    """
    Return a batch for a conditional write: never retried by the driver, time limit in seconds.

    Logged or unlogged makes no difference to a conditional batch: it is one Paxos proposal.
    """
    batch = acsylla.create_batch_unlogged()
    batch.set_consistency(level.quorum)
    batch.set_serial_consistency(level.serial)
    batch.set_request_timeout(max(1, round(timeout * 1000)))
    batch.set_is_idempotent(False)
    if elsewhere:
        batch.set_execution_profile(ELSEWHERE)
    batch.set_retry_policy("fallthrough")
    add = batch.add_statement
    for prepared, values in statements:
        add(bind(prepared, values))
    return batch


def simple(text: str, *, level: ConsistencyLevels, timeout: float) -> Any:
    """Return a statement without parameters, for schema changes; time limit in seconds."""
    statement = acsylla.create_statement(text, timeout=timeout)
    statement.set_consistency(level.quorum)
    return statement


def materialise(result: Any) -> Page:
    """Return a result's rows as tuples; acsylla's row objects all show the last row read."""
    state = result.page_state() if result.has_more_pages() else None
    return Page(tuple(result.columns_names()), [row.as_tuple() for row in result], state)


@dataclass(frozen=True, slots=True)
class Answer:
    """
    The server's answer to a conditional batch.

    Attributes:
        applied: Whether the batch was applied, as a whole.
        rows: If it was not applied: the rows that the conditions found, by column name. Cassandra
            sends one row, ScyllaDB one for each statement of the batch.
    """

    applied: bool
    rows: list[dict[str, Any]]


_APPLIED: Final = "[applied]"


def applied(result: Any) -> bool:
    """Return whether a driver's result says that a conditional batch was applied."""
    return bool(result.first()[_APPLIED])


def answer_of(page: Page) -> Answer:
    """Return the answer that a page holds; its first row has the verdict, also on ScyllaDB."""
    rows = [dict(zip(page.columns, row, strict=True)) for row in page.rows]
    return Answer(bool(rows[0][_APPLIED]), rows)


def open_cluster(
    contact_points: Sequence[str], *, tls: dict[str, Any] | None, **options: Any
) -> RawCluster:
    """
    Return a cluster, with the settings that conditional writes need.

    Must be called on the event loop that will use it. Of the settings: without shuffling, and with
    the contact points taken in order, every process sends one stream's appends to one coordinator,
    which queues them instead of letting them duel (measured on a hot stream: 58 to 182 appends a
    second, 36 to 0 timeouts).
    """
    cluster: RawCluster = acsylla.create_cluster(
        list(contact_points),
        retry_policy="fallthrough",
        token_aware_routing_shuffle_replicas=False,
        randomized_contact_points=False,
        exponential_reconnect_base_delay_ms=100,
        exponential_reconnect_max_delay_ms=2000,
        coalesce_delay_us=50,
        log_level="critical",
        application_name="event_store_async",
        ssl_enabled=False,
        **options,
    )
    cluster.create_execution_profile(
        ELSEWHERE,
        retry_policy="fallthrough",
        token_aware_routing=False,
        load_balance_dc_aware=options.get("load_balance_dc_aware"),
    )
    if tls is not None:
        try:
            cluster.set_ssl(True, **tls)
        except DriverError:
            cluster.destroy()  # nothing else would free its descriptors
            raise
    return cluster


def new_session(cluster: RawCluster) -> Any:
    """
    Return a session that is not connected yet, pinned.

    acsylla's own ``create_session`` hangs the whole process where it is cancelled while it
    connects, and so does dropping a session in a forked child: freeing it waits, with the GIL
    held, for threads that will not answer. A pinned session is never freed; `unpin` it when it is
    closed.
    """
    session = cyacsylla.Session(cluster, keyspace=None)
    pin(session)
    return session


def connecting(session: Any) -> Any:
    """Return the coroutine that connects a session of `new_session`."""
    return session._connect()  # noqa: SLF001 - see new_session


def metrics_of(session: RawSession) -> DriverMetrics | None:
    """
    Return what a session's driver has counted; None for a session that counts nothing.

    It may be called from any thread, as long as the process is the session's own. It takes two
    milliseconds, with the GIL held: the driver adds up histograms.
    """
    count = getattr(session, "metrics", None)
    if count is None:
        return None
    counted = count()
    return DriverMetrics(
        connections=counted.stats_total_connections,
        connection_timeouts=counted.errors_connection_timeouts,
        request_timeouts=counted.errors_request_timeouts,
        requests_per_second=counted.requests_one_minute_rate,
        latency_mean=counted.requests_mean / _MICROSECONDS,
        latency_p50=counted.requests_median / _MICROSECONDS,
        latency_p95=counted.requests_percentile_95th / _MICROSECONDS,
        latency_p99=counted.requests_percentile_99th / _MICROSECONDS,
        latency_p999=counted.requests_percentile_999th / _MICROSECONDS,
        latency_max=counted.requests_max / _MICROSECONDS,
    )


def pin(thing: object) -> None:
    """Keep an object from ever being freed, until `unpin`."""
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(thing))


def unpin(thing: object) -> None:
    """Undo one `pin`."""
    ctypes.pythonapi.Py_DecRef(ctypes.py_object(thing))


ConsistencyChoice = Literal["local", "global"]
"""``"local"``: LOCAL_QUORUM and LOCAL_SERIAL, the datacenter's replicas decide. ``"global"``:
QUORUM and SERIAL, all replicas decide. For a table, one choice for ever, in every process."""
