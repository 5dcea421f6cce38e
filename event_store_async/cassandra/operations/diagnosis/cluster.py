"""Findings on the cluster: versions, schema, consistency, clocks."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Final

from ....errors import SchemaError, SchemaMissing, SchemaOutdated
from ...schema.state import TableState
from ...schema.tables import CATEGORY, FEED_SPECS
from ..inspector import ClusterState
from .finding import (
    Finding,
    advice,
    must,
    ok,
)

_TESTED: Final = ("4.1.10", "5.0.8")
"""The releases that the library is tested with."""
_CLOCK_ADVICE: Final = timedelta(milliseconds=500)
_CLOCK_LIMIT: Final = timedelta(seconds=10)


def versions(state: ClusterState) -> Iterator[Finding]:
    """Look at the releases of the servers, the driver and the library."""
    releases = sorted({node.release for node in state.nodes})
    found = f"Cassandra {' and '.join(releases)}"
    if len(releases) > 1:
        yield advice(
            "server",
            found,
            "finish the upgrade of all nodes",
            "nodes of several releases should run together only during an upgrade",
        )
    elif _series(releases[0]) < _series(_TESTED[0]):
        yield advice(
            "server",
            found,
            f"use {_TESTED[-1]}",
            f"the library is tested with {' and '.join(_TESTED)}",
        )
    else:
        yield ok("server", found)
    yield ok("driver", f"acsylla {state.driver}")
    yield ok("library", f"event_store_async {state.library}")


def _series(release: str) -> tuple[int, int]:
    # A release may end with a word: 6.0-alpha2.
    major, minor = re.findall(r"\d+", release)[:2]
    return int(major), int(minor)


def schema(state: ClusterState) -> Iterator[Finding]:
    """Look at the tables, and at whether the nodes agree on all schemas."""
    for table in state.schema.tables:
        finding = _table(table, state)
        needed = table.spec.is_needed
        yield finding if needed else replace(finding, check=f"schema of {table.name}")
    if len({node.schema_version for node in state.nodes}) > 1:
        yield must(
            "schema agreement",
            "the nodes' schemas differ",
            "run `nodetool describecluster`, and restart the node whose schema stays different",
            "nodes that know different schemas answer differently, or not at all",
        )


def _table(table: TableState, state: ClusterState) -> Finding:
    try:
        table.check_usable()
    except SchemaError as error:
        hint = error.hint or f"compare it with cql/{table.spec.created_by}.cql"
        if not table.spec.is_needed:
            return _without(table, error)
        command, keyspace = "event-store schema", f"--keyspace {table.name.partition('.')[0]}"
        if isinstance(error, SchemaMissing):
            here = sum(node.datacenter == state.local_datacenter for node in state.nodes)
            replicas = f"{state.local_datacenter}={max(1, min(3, here))}"
            hint = f"run `{command} create {keyspace} --replication {replicas}`"
            if table.spec in FEED_SPECS:
                hint = (
                    "restore it from a backup; if nothing was ever published, run "
                    f"`event-store feed enable {keyspace}`"
                )
        elif isinstance(error, SchemaOutdated):
            hint = f"run `{command} migrate {keyspace}`; --dry-run shows what it would do"
        return must("schema", error.message, hint, "no store can use the table as it is")
    found = f"{table.name}, version {table.version} of {table.spec.latest}"
    if CATEGORY not in table.spec.additions:
        return ok("schema", found)
    try:
        table.check_categorised()
    except SchemaError as error:
        hint = error.hint or "only views need the column; a table of its own can hold them"
        why = "appends through views of a category are refused; everything else works"
        return advice("schema", f"{found}; {error.message}", hint, why)
    return ok("schema", found)


def _without(table: TableState, error: SchemaError) -> Finding:
    """Return what is found if a table that a store can do without cannot be used."""
    change = f"compare it with cql/{table.spec.created_by}.cql"
    if isinstance(error, SchemaMissing | SchemaOutdated):
        keyspace = table.name.partition(".")[0]
        change = f"run `event-store schema migrate --keyspace {keyspace}`"
    why = f"calls that use {table.spec.name} are refused; everything else works"
    return advice("schema", error.message, change, why)


def consistency(state: ClusterState) -> Iterator[Finding]:
    """Look at which replicas decide, and from which datacenter."""
    datacenters = sorted({node.datacenter for node in state.nodes})
    levels = (
        "local: LOCAL_QUORUM and LOCAL_SERIAL"
        if state.consistency == "local"
        else "global: QUORUM and SERIAL"
    )
    if state.consistency == "local" and len(datacenters) > 1:
        yield advice(
            "consistency",
            f"{levels}, in a cluster of {', '.join(datacenters)}",
            f"append to a stream from {state.local_datacenter} only, or use global everywhere",
            "each datacenter decides for itself, so two of them could assign the same version",
        )
    else:
        yield ok("consistency", levels)
    there = sum(node.datacenter == state.local_datacenter for node in state.nodes)
    yield ok("local datacenter", f"{state.local_datacenter}, nodes: {there}")


def clocks(state: ClusterState) -> Iterator[Finding]:
    """Look at whether the nodes answer, and how far their clocks differ from this machine's."""
    for node in state.nodes:
        if node.clock is None:
            if node.datacenter == state.local_datacenter:
                yield advice(
                    "node",
                    f"{node.address} did not answer",
                    "run `nodetool status`; start the node, or remove it from the ring",
                    "its streams have one replica less for a quorum",
                )
            continue
        ahead, within = node.clock.ahead, node.clock.within
        side = "ahead of" if ahead >= timedelta(0) else "behind"
        off = max(timedelta(0), abs(ahead) - within)
        found = (
            f"{node.address} is {_seconds(abs(ahead))} {side} this machine, "
            f"give or take {_seconds(within)}"
        )
        change = "synchronise both with NTP; `chronyc tracking` shows which one is wrong"
        why = (
            "events are stamped by the machine that appends them, Paxos ballots and cells by the "
            "servers"
        )
        if off > _CLOCK_LIMIT:
            yield must("clock", found, change, why)
        elif off > _CLOCK_ADVICE:
            yield advice("clock", found, change, why)
        else:
            yield ok("clock", found)


def _seconds(span: timedelta) -> str:
    return f"{span.total_seconds():.3f} s"
