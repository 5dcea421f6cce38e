"""Inspecting: what a cluster is like, as far as it matters to an event store."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.metadata import version
from typing import Any, Final

from ...cql_files import load_statement
from ...moments import from_milliseconds
from ...retry import Deadline
from ..driver.faults import Certainty, Fault
from ..driver.port import (
    LEVELS,
    VERSION,
    ConsistencyChoice,
    Prepared,
    Row,
)
from ..driver.session import Session
from ..schema.state import SchemaState, inspect

_MOST_QUESTIONS: Final = 32
_PATIENCE: Final = 1.0
"""Seconds that a node has to tell its time, or its settings."""


@dataclass(frozen=True, slots=True)
class TableOptions:
    """
    Options of the table of events.

    Attributes:
        compaction: Class (its last name) and options.
        compression: Class (its last name) and options; none where nothing is compressed.
        gc_grace_seconds: How long tombstones, and hints for nodes that are away, are kept.
        speculative_retry: When a coordinator asks another replica on a read.
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
        ahead: By how much; negative where the node's is behind.
        within: By how much that may be wrong: half of the answer's round trip, and a millisecond.
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
        release: Its release.
        schema_version: The version of all the schemas in it; all nodes should have the same.
        clock: Its clock; None where it did not answer, or is in another datacenter.
        settings: Some of its settings; None where it was not asked, or does not tell.
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
    What a cluster is like, and how this process uses it.

    Attributes:
        schema: The keyspace, the table and its schema version.
        options: The table's options; None where there is no such table.
        nodes: The nodes, by address.
        local_datacenter: The datacenter whose nodes are asked.
        consistency: Which replicas decide.
        request_timeout: Seconds that this process waits for one answer.
        driver: The driver's version.
        library: This library's version.
    """

    schema: SchemaState
    options: TableOptions | None
    nodes: tuple[NodeState, ...]
    local_datacenter: str
    consistency: ConsistencyChoice
    request_timeout: float
    driver: str
    library: str


class Inspector:
    """
    Asks a cluster what it is like.

    Args:
        session: Where to.
        table: The table, as ``keyspace.table``.
        request_timeout: Seconds that the store waits for one answer.
        clock: Gives the time that the store's events are stamped with.
    """

    def __init__(
        self,
        session: Session,
        table: str,
        *,
        request_timeout: float,
        clock: Callable[[], datetime],
    ) -> None:
        self._session = session
        self._names = table.split(".")
        self._request_timeout = request_timeout
        self._wall_clock = clock

    async def state(self, deadline: Deadline) -> ClusterState:
        """Ask; raises `Fault`."""
        keyspace, table = self._names
        schema = await inspect(self._session, deadline, keyspace=keyspace, table=table)
        options = await self._rows("describe_options", deadline, keyspace, table)
        local, nodes = await self._nodes(deadline)
        (consistency,) = [name for name, level in LEVELS.items() if level is self._session.level]
        return ClusterState(
            schema=schema,
            options=_options(options[0]) if options else None,
            nodes=nodes,
            local_datacenter=local,
            consistency="global" if consistency == "global" else "local",
            request_timeout=self._request_timeout,
            driver=VERSION,
            library=version("event_store_async"),
        )

    async def _nodes(self, deadline: Deadline) -> tuple[str, tuple[NodeState, ...]]:
        found: dict[str, Row] = {}
        for _ in range(2):  # a node does not list itself among its peers
            found.update({row[0]: row for row in await self._rows("describe_nodes", deadline)})
        # Questions of one kind in a row go to one node after the other.
        questions = min(2 * (len(found) + 1), _MOST_QUESTIONS)
        local = ""
        clocks: dict[str, ClockDifference] = {}
        asking = await self._prepare("describe_node", deadline)
        for number in range(questions):
            try:
                row, clock = await self._clock(asking, deadline)
            except Fault:
                # A node that hangs is one of the things to be found; that none answers is not.
                if number + 1 == questions and not clocks:
                    raise
                continue
            address, local, *_ = row
            found[address] = row
            if address not in clocks or clock.within < clocks[address].within:
                clocks[address] = clock
        told = await self._settings_by_address(questions, deadline)
        if len(found) == 1:  # whatever address it calls itself by
            told = dict.fromkeys(found, next(iter(told.values()), {}))
        states = []
        for address, (_, datacenter, release, schema_version) in sorted(found.items()):
            clock_of_it, said = clocks.get(address), told.get(address) or None
            states.append(
                NodeState(address, datacenter, release, schema_version, clock_of_it, said)
            )
        return local, tuple(states)

    async def _clock(self, asking: Prepared, deadline: Deadline) -> tuple[Row, ClockDifference]:
        begun = time.monotonic()
        before = self._wall_clock()
        brief = Deadline(min(_PATIENCE, deadline.remaining()))
        (row,) = (await self._session.fetch(asking, (), brief, elsewhere=True)).rows
        half = timedelta(seconds=(time.monotonic() - begun) / 2)
        millisecond = timedelta(milliseconds=1)
        ahead = from_milliseconds(row[4]) + millisecond / 2 - (before + half)
        return row[:4], ClockDifference(ahead, half + millisecond)

    async def _settings_by_address(
        self, questions: int, deadline: Deadline
    ) -> dict[str | None, dict[str, str | None]]:
        told: dict[str | None, dict[str, str | None]] = {}
        try:
            asking = await self._prepare("describe_settings", deadline)
        except Fault as fault:
            # Not every server has such a view, nor lets everybody read it.
            if fault.certainty is not Certainty.REFUSED:
                raise
            return told
        for _ in range(questions):
            brief = Deadline(min(_PATIENCE, deadline.remaining()))
            try:
                page = await self._session.fetch(asking, (), brief, elsewhere=True)
            except Fault:
                continue
            said: dict[str, str | None] = dict(page.rows)
            told[said.get("rpc_address") or said.get("listen_address")] = said
        return told

    async def _prepare(self, name: str, deadline: Deadline) -> Prepared:
        return await self._session.prepare(load_statement(f"statements/{name}"), deadline)

    async def _rows(self, name: str, deadline: Deadline, *values: Any) -> list[Row]:
        prepared = await self._prepare(name, deadline)
        return (await self._session.fetch(prepared, values, deadline, elsewhere=True)).rows


def _options(row: Row) -> TableOptions:
    compaction, compression, grace, speculative_retry = row
    return TableOptions(_classed(compaction), _classed(compression), grace, speculative_retry)


def _classed(options: Mapping[str, str] | None) -> dict[str, str]:
    return {
        name: value.rpartition(".")[2] if name == "class" else value
        for name, value in (options or {}).items()
    }
