"""The inspector: the facts about a cluster that matter to an event store."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from importlib.metadata import version
from typing import Final

from ...checks import check_moment
from ...moments import since_epoch
from ...retry import Deadline
from ..driver.faults import Certainty, Fault
from ..driver.nodes import ClusterNode, cluster_nodes
from ..driver.port import (
    APPLICATION,
    LEVELS,
    VERSION,
    ConsistencyChoice,
    Row,
)
from ..driver.session import Session
from ..feed.facts import FeedFacts
from ..schema.state import SchemaState, inspect
from ..schema.table_spec import TableSpec
from ..schema.tables import FEED_SPECS, StoreTables
from .clients import ConnectedProcess, processes_of

_MOST_CLOCKS: Final = 32
_PATIENCE: Final = 1.0
"""Seconds that a node has to return its time, or its settings."""


@dataclass(frozen=True, slots=True)
class TableOptions:
    """
    Options of a table.

    Attributes:
        compaction: The class (without its package) and its options.
        compression: The class (without its package) and its options; empty if not compressed.
        gc_grace_seconds: How long tombstones, and hints for nodes that are down, are kept.
        speculative_retry: When a coordinator asks one more replica for a read.
    """

    compaction: Mapping[str, str]
    compression: Mapping[str, str]
    gc_grace_seconds: int
    speculative_retry: str


@dataclass(frozen=True, slots=True)
class ClockDifference:
    """
    How far a node's clock is ahead of this process's.

    Attributes:
        ahead: By how much; negative if the node's clock is behind.
        within: By how much that may be wrong: half the round trip, and a millisecond.
    """

    ahead: timedelta
    within: timedelta


@dataclass(frozen=True, slots=True)
class NodeState:
    """
    A node of the cluster.

    Attributes:
        address: Where clients reach it.
        datacenter: Its datacenter.
        release: The server's release.
        schema_version: The version of all schemas that it knows; the same in all nodes, ideally.
        clock: Its clock; None if it did not answer, or is in another datacenter.
        settings: Some of its settings; None if it was not asked, or may not be.
    """

    address: str
    datacenter: str
    release: str
    schema_version: str
    clock: ClockDifference | None = None
    settings: Mapping[str, str | None] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterState:
    """
    The state of a cluster, and how this process uses it.

    Attributes:
        schema: The keyspace, the tables and their schema versions.
        options: The options of each table that exists, by its name as ``keyspace.table``.
        nodes: The nodes, by address.
        local_datacenter: The datacenter whose nodes are asked.
        consistency: Which replicas decide.
        request_timeout: Seconds that this process waits for one answer.
        driver: The driver's version.
        library: This library's version.
        partitions: The size of the largest partition of each table that exists, in mebibytes, by
            its name as ``keyspace.table``; only what the nodes return.
        feed_remains: What there is of a feed if its own table is missing: other tables of it, and
            migrations of it that are recorded, in words.
        feed: The facts about the feed; None without one, and if they are not known.
        feed_problem: Why the facts about the feed are not known; None if they are, or there is no
            feed.
    """

    schema: SchemaState
    options: Mapping[str, TableOptions]
    nodes: tuple[NodeState, ...]
    local_datacenter: str
    consistency: ConsistencyChoice
    request_timeout: float
    driver: str
    library: str
    partitions: Mapping[str, int] = field(default_factory=dict)
    feed_remains: tuple[str, ...] = ()
    feed: FeedFacts | None = None
    feed_problem: str | None = None


class Inspector:
    """
    Asks a cluster for what matters to an event store.

    Args:
        session: The store's.
        tables: The store's.
        request_timeout: Seconds that the store waits for one answer.
        clock: The clock that the store stamps events with.
    """

    def __init__(
        self,
        session: Session,
        tables: StoreTables,
        *,
        request_timeout: float,
        clock: Callable[[], datetime],
    ) -> None:
        self._session = session
        self._tables = tables
        self._request_timeout = request_timeout
        self._wall_clock = clock

    async def state(self, deadline: Deadline) -> ClusterState:
        """Return the state of the cluster; raises `Fault`."""
        schema = await inspect(self._session, self._tables, deadline)
        specs = [table.spec for table in schema.tables]
        options = [await self._options(spec, deadline) for spec in specs]
        local, nodes = await self._nodes(deadline)
        (consistency,) = [name for name, level in LEVELS.items() if level is self._session.level]
        return ClusterState(
            schema=schema,
            options={name: found for name, found in options if found is not None},
            nodes=nodes,
            local_datacenter=local,
            consistency="global" if consistency == "global" else "local",
            request_timeout=self._request_timeout,
            driver=VERSION,
            library=version("event_store_async"),
            partitions=await self._partitions(schema, len(nodes), deadline),
            feed_remains=() if schema.has_feed else await self._remains(deadline),
        )

    async def clients(self, deadline: Deadline) -> tuple[ConnectedProcess, ...] | None:
        """Return the processes that are connected; None if that cannot be found out."""
        nodes = await cluster_nodes(lambda text: self._session.ask(text, deadline, elsewhere=True))
        rows: set[tuple[str, int, str]] = set()
        for _ in range(min(2 * (len(nodes) + 1), _MOST_CLOCKS)):
            brief = Deadline(min(_PATIENCE, deadline.remaining()))
            try:
                found = await self._ask("describe_clients", brief)
            except Fault as fault:
                if fault.certainty is Certainty.REFUSED:
                    return None  # not every server has this view, nor may everybody read it
                continue
            rows |= {
                (address, port, options.get("CLIENT_ID") or f"{address}:{port}")
                for address, port, options in found
                if options and options.get("APPLICATION_NAME") == APPLICATION
            }
        return processes_of(rows)

    async def _partitions(
        self, schema: SchemaState, nodes: int, deadline: Deadline
    ) -> dict[str, int]:
        """Return the size of the largest partition of each table, of all nodes that answer."""
        found: dict[str, int] = {}
        for table in schema.tables if schema.has_feed else ():
            name = self._tables.name_of(table.spec)
            # Consecutive questions go to one node after the other.
            for _ in range(min(nodes, _MOST_CLOCKS)):
                brief = Deadline(min(_PATIENCE, deadline.remaining()))
                try:
                    rows = await self._ask("describe_partition", brief, table=name)
                except Fault as fault:
                    if fault.certainty is Certainty.REFUSED:
                        return found  # not every server has this view, nor may everybody read it
                    continue
                size = max([row[0] or 0 for row in rows], default=0)
                found[table.name] = max(size, found.get(table.name, 0))
        return found

    async def _remains(self, deadline: Deadline) -> tuple[str, ...]:
        """Return what there is of a feed without its own table."""
        found: list[str] = []
        for spec in FEED_SPECS:
            name = self._tables.name_of(spec)
            if await self._ask("describe_table", deadline, table=name):
                found.append(f"table {self._tables.full_name_of(spec)}")
                continue
            try:
                rows = await self._ask("read_migrations", deadline, table=name)
            except Fault as fault:
                if fault.certainty is not Certainty.REFUSED:
                    raise
                continue  # there is no table of migrations
            if any(row[0] for row in rows):
                found.append(f"migrations of {self._tables.full_name_of(spec)}")
        return tuple(found)

    async def _options(
        self, spec: TableSpec, deadline: Deadline
    ) -> tuple[str, TableOptions | None]:
        name = self._tables.name_of(spec)
        rows = await self._ask("describe_options", deadline, table=name)
        return self._tables.full_name_of(spec), next(map(_options, rows), None)

    async def _nodes(self, deadline: Deadline) -> tuple[str, tuple[NodeState, ...]]:
        found = await cluster_nodes(lambda text: self._session.ask(text, deadline, elsewhere=True))
        nodes = {node.address: node for node in found}
        # Consecutive questions go to one node after the other: this is enough to reach each one,
        # but no node can be asked for by name.
        questions = min(2 * (len(nodes) + 1), _MOST_CLOCKS)
        local = ""
        clocks: dict[str, ClockDifference] = {}
        for number in range(questions):
            try:
                node, clock = await self._clock(deadline)
            except Fault:
                # A node that hangs is one of the things to find out. A cluster of which no node
                # answers is an error.
                if number + 1 == questions and not clocks:
                    raise
                continue
            local = node.datacenter
            nodes[node.address] = node
            known = clocks.get(node.address)
            if known is None or clock.within < known.within:
                clocks[node.address] = clock
        settings = await self._settings_by_address(questions, deadline)
        if len(nodes) == 1:  # whatever address the only node gives itself
            settings = dict.fromkeys(nodes, next(iter(settings.values()), {}))
        return local, tuple(
            NodeState(
                node.address,
                node.datacenter,
                node.release,
                node.schema_version,
                clocks.get(address),
                settings.get(address) or None,
            )
            for address, node in sorted(nodes.items())
        )

    async def _clock(self, deadline: Deadline) -> tuple[ClusterNode, ClockDifference]:
        begun = time.monotonic()
        before = since_epoch(check_moment(self._wall_clock()))
        brief = Deadline(min(_PATIENCE, deadline.remaining()))
        ((*node, milliseconds),) = await self._ask("describe_clock", brief)
        half = timedelta(seconds=(time.monotonic() - begun) / 2)
        millisecond = timedelta(milliseconds=1)
        ahead = milliseconds * millisecond + millisecond / 2 - (before + half)
        return ClusterNode(*node), ClockDifference(ahead, half + millisecond)

    async def _settings_by_address(
        self, questions: int, deadline: Deadline
    ) -> dict[str | None, dict[str, str | None]]:
        found: dict[str | None, dict[str, str | None]] = {}
        for _ in range(questions):
            brief = Deadline(min(_PATIENCE, deadline.remaining()))
            try:
                rows = await self._ask("describe_settings", brief)
            except Fault as fault:
                if fault.certainty is Certainty.REFUSED:
                    break  # not every server has this view, nor may everybody read it
                continue
            settings: dict[str, str | None] = dict(rows)
            found[settings.get("rpc_address") or settings.get("listen_address")] = settings
        return found

    async def _ask(self, name: str, deadline: Deadline, **names: str) -> list[Row]:
        text = self._tables.statement(f"statements/{name}", **names).text
        return await self._session.ask(text, deadline, elsewhere=True)


def _options(row: Row) -> TableOptions:
    compaction, compression, grace, speculative_retry = row
    return TableOptions(
        _with_short_class(compaction), _with_short_class(compression), grace, speculative_retry
    )


def _with_short_class(options: Mapping[str, str] | None) -> dict[str, str]:
    return {
        name: value.rpartition(".")[2] if name == "class" else value
        for name, value in (options or {}).items()
    }
