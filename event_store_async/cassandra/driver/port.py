"""
The only module that imports acsylla: types for what we use of it.

acsylla ships no types, and some of its functions hang, crash or return wrong data. This module
uses the safe ones only: each request has a statement of its own, which is not touched once it is
sent; values are counted; and rows leave as tuples.
"""

import ctypes
import gc
from collections.abc import Coroutine, Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final, Literal
from weakref import WeakSet

import acsylla
from acsylla._cython import cyacsylla

from ...cql_files import Statement
from ...statistics import DriverMetrics
from .raw import RawCluster, RawSession

DriverError: Final[type[Exception]] = acsylla.errors.CassException
"""The base of the driver's exceptions."""

ERROR_CLASSES: Final[frozenset[str]] = frozenset(acsylla.errors.__all__)
"""The names of the driver's exception classes."""

VERSION: Final[str] = acsylla.version.__version__

APPLICATION: Final = "event_store_async"
"""What connections of this library are called on the server."""


class Unset(Enum):
    """The type of `UNSET`."""

    UNSET = "unset"

    def __str__(self) -> str:
        """Refuse: acsylla would store the text."""
        raise TypeError("UNSET is allowed in Sparse values only")


UNSET: Final = Unset.UNSET
"""A value that is not sent at all, among `Sparse` values. None is sent as null: a tombstone."""


class Sparse(tuple[Any, ...]):
    """The values of a statement if some of them may be `UNSET`."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Prepared:
    """
    A statement that the cluster has prepared.

    Attributes:
        statement: The statement.
        raw: The driver's.
        size: How many values it binds.
    """

    statement: Statement
    raw: Any
    size: int = field(init=False)

    def __post_init__(self) -> None:
        """Count its values once."""
        object.__setattr__(self, "size", len(self.statement.binds))


@dataclass(frozen=True, slots=True)
class Level:
    """
    A consistency level. All that acsylla asks of one is its value.

    Of its own enum, that is two calls of Python, for each of the two levels of an append.
    """

    value: int


@dataclass(frozen=True, slots=True)
class ConsistencyLevels:
    """A pair of consistency levels; a table has the same one for ever."""

    quorum: Level
    serial: Level


def _levels(quorum: acsylla.Consistency, serial: acsylla.Consistency) -> ConsistencyLevels:
    return ConsistencyLevels(Level(quorum.value), Level(serial.value))


LEVELS: Final = {
    "local": _levels(acsylla.Consistency.LOCAL_QUORUM, acsylla.Consistency.LOCAL_SERIAL),
    "global": _levels(acsylla.Consistency.QUORUM, acsylla.Consistency.SERIAL),
}

HEARTBEAT: Final = 2
"""Seconds without a request after which a connection is asked whether it still works."""

SILENCE: Final = 5
"""
Seconds without an answer after which a connection is closed, and its node left out.

By default it takes the driver a minute: a node that hangs keeps its connections open. Of two
appends a second on three nodes, one of which hung for half a minute, 19 took six seconds or more,
and five of these had no outcome. With these seconds, four took one to three seconds.
"""

ELSEWHERE: Final = "elsewhere"
"""An execution profile: each request goes to the datacenter's next node, whatever its token."""

_MICROSECONDS: Final = 1_000_000

Row = tuple[Any, ...]
Bound = tuple[Prepared, Sequence[Any]]


@dataclass(slots=True)
class Page:
    """
    One page of rows.

    Attributes:
        columns: The columns' names.
        rows: The rows, as tuples in the order of `columns`.
        state: Where the next page begins; None on the last page.
    """

    columns: tuple[str, ...]
    rows: list[Row]
    state: bytes | None


_new_batch: Final[Any] = cyacsylla.create_batch_unlogged  # one call less than acsylla's own


def bind(prepared: Prepared, values: Sequence[Any]) -> Any:
    """
    Return a fresh statement with all its parameters bound.

    `Sparse` values are bound one by one. A loop of Python takes twice as many instructions as
    giving the driver all of them, which is felt on a hot stream; so does a search for `UNSET`.

    Raises:
        ValueError: there are not as many values as the statement has bind markers. acsylla would
            silently send missing ones as "unset".
    """
    if len(values) != prepared.size:
        raise ValueError(
            f"{prepared.statement.name} has {prepared.size} binds, but "
            f"{len(values)} values were given"
        )
    if not isinstance(values, Sparse):
        return prepared.raw.bind(values)
    statement = prepared.raw.bind()
    for index, value in enumerate(values):
        if value is not UNSET:
            statement.bind(index, value)
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
    """Return a statement that reads one page: idempotent, with a time limit in seconds."""
    statement = bind(prepared, values)
    statement.set_consistency(level)
    statement.set_timeout(timeout)
    statement.set_page_size(page_size)
    if page_state is not None:
        statement.set_page_state(page_state)
    statement.set_is_idempotent(True)
    if elsewhere:
        statement.set_execution_profile(ELSEWHERE)
    statement.set_retry_policy("fallthrough")
    return statement


def writing(
    statements: Iterable[Bound], level: ConsistencyLevels, timeout: float, elsewhere: bool
) -> Any:
    """
    Return a conditional batch: never retried by the driver, with a time limit in seconds.

    Logged or unlogged makes no difference to it: a conditional batch is one Paxos proposal.
    """
    batch = _new_batch(timeout, None)
    batch.set_consistency(level.quorum)
    batch.set_serial_consistency(level.serial)
    batch.set_is_idempotent(False)
    if elsewhere:
        batch.set_execution_profile(ELSEWHERE)
    batch.set_retry_policy("fallthrough")
    for prepared, values in statements:
        if type(values) is tuple and len(values) == prepared.size:
            batch.add_statement(prepared.raw.bind(values))  # as `bind` does, without its call
        else:
            batch.add_statement(bind(prepared, values))
    return batch


def put(
    session: RawSession,
    statements: Sequence[Bound],
    *,
    level: ConsistencyLevels,
    timeout: float,
    elsewhere: bool = False,
) -> Coroutine[Any, Any, Any]:
    """
    Return the request that sends plain writes, with a time limit in seconds; see `Session.put`.

    A write alone is no batch: that costs the server less.
    """
    if len(statements) == 1:
        prepared, values = statements[0]
        made = bind(prepared, values)
        made.set_consistency(level.quorum)
        made.set_timeout(timeout)
    else:
        made = _new_batch(timeout, None)
        made.set_consistency(level.quorum)
        for prepared, values in statements:
            made.add_statement(bind(prepared, values))
    made.set_is_idempotent(True)
    if elsewhere:
        made.set_execution_profile(ELSEWHERE)
    made.set_retry_policy("fallthrough")
    return session.execute(made) if len(statements) == 1 else session.execute_batch(made)


def simple(text: str, *, level: ConsistencyLevels, timeout: float, elsewhere: bool = False) -> Any:
    """Return a statement without parameters, with a time limit in seconds."""
    statement = acsylla.create_statement(text, timeout=timeout)
    statement.set_consistency(level.quorum)
    if elsewhere:
        statement.set_execution_profile(ELSEWHERE)
    return statement


_as_tuple: Final[Any] = cyacsylla.Row.as_tuple


def materialise(result: Any) -> Page:
    """
    Return a result's rows as tuples; acsylla's row objects all show the last row read.

    By `map`, since a loop of Python takes a sixth more instructions for a row.
    """
    state = result.page_state() if result.has_more_pages() else None
    return Page(tuple(result.columns_names()), list(map(_as_tuple, result)), state)


def open_cluster(
    contact_points: Sequence[str], *, tls: dict[str, Any] | None, **options: Any
) -> RawCluster:
    """
    Return a cluster with the settings that conditional writes need.

    Must be called on the event loop that will use it. Replicas are not shuffled and contact points
    are taken in order, so that every process sends one stream's appends to the same coordinator,
    which queues them instead of letting them compete: on a hot stream, 182 appends a second
    instead of 58, and no timeouts instead of 36. A statement is prepared at one node, and at
    another one when it first comes there: the driver would wait for all of them, one that hangs
    included.
    """
    cluster: RawCluster = acsylla.create_cluster(
        list(contact_points),
        retry_policy="fallthrough",
        token_aware_routing_shuffle_replicas=False,
        randomized_contact_points=False,
        exponential_reconnect_base_delay_ms=100,
        exponential_reconnect_max_delay_ms=2000,
        coalesce_delay_us=50,
        prepare_on_all_hosts=False,
        heartbeat_interval_sec=HEARTBEAT,
        idle_timeout_sec=SILENCE,
        log_level="critical",
        application_name=APPLICATION,
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
            cluster.destroy()  # nothing else frees its descriptors
            raise
    return cluster


_OwnSession: Final[Any] = type("Session", (cyacsylla.Session,), {"__slots__": ("__weakref__",)})
"""acsylla's session, with weak references to it."""

_own_sessions: Final["WeakSet[Any]"] = WeakSet()


def new_session(cluster: RawCluster) -> Any:
    """
    Return a session that is not connected yet, pinned.

    acsylla's own ``create_session`` hangs the whole process if it is cancelled while it connects.
    So does dropping a session in a forked child: freeing it waits, with the GIL held, for threads
    that do not answer. A pinned session is never freed; `unpin` it once it is closed.
    """
    session = _OwnSession(cluster, keyspace=None)
    _own_sessions.add(session)
    pin(session)
    return session


def connecting(session: Any) -> Any:
    """Return the coroutine that connects a session made by `new_session`."""
    return session._connect()  # noqa: SLF001 - see new_session


def metrics_of(session: RawSession) -> DriverMetrics | None:
    """
    Return what a session's driver has counted; None if the session does not count.

    May be called from any thread of the session's own process. Takes two milliseconds, with the
    GIL held: the driver adds up histograms.
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
    """Keep an object from being freed until `unpin`."""
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(thing))


def unpin(thing: object) -> None:
    """Undo one `pin`."""
    ctypes.pythonapi.Py_DecRef(ctypes.py_object(thing))


def pin_sessions(*, of_callers: bool) -> None:
    """
    Pin the sessions that are not freed yet, closed or not: for a forked child.

    Args:
        of_callers: Those that callers made, too. Nothing refers weakly to these, so they are looked
            for among all objects that the garbage collector knows.
    """
    for session in list(_own_sessions):
        pin(session)
    if of_callers:
        for thing in gc.get_objects():
            if issubclass(type(thing), cyacsylla.Session):
                pin(thing)


def is_own(session: RawSession) -> bool:
    """Return whether a session was made by `new_session`."""
    return isinstance(session, _OwnSession)


ConsistencyChoice = Literal["local", "global"]
"""Which replicas decide. ``"local"``: those of the datacenter (LOCAL_QUORUM and LOCAL_SERIAL).
``"global"``: all of them (QUORUM and SERIAL). Every process must make the same choice for a table,
for ever."""
