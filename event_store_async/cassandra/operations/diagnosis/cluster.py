"""What is found of a cluster: versions, schema, consistency, clocks."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from ....errors import SchemaError
from ...schema.state import LATEST
from ..inspector import ClusterState
from .finding import (
    Finding,
    advice,
    must,
    ok,
)

_TESTED: Final = "5.0.8"
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
            "a ring of several releases is meant for the time of an upgrade only",
        )
    elif int(releases[0].partition(".")[0]) < 5:
        yield advice(
            "server", found, f"use {_TESTED}", "the library is tested with that release only"
        )
    else:
        yield ok("server", found)
    yield ok("driver", f"acsylla {state.driver}")
    yield ok("library", f"event_store_async {state.library}")


def schema(state: ClusterState) -> Iterator[Finding]:
    """Look at the table, and at whether the nodes agree on all schemas."""
    try:
        state.schema.check_usable()
    except SchemaError as error:
        hint = error.hint or "compare it with cql/schema/events.cql"
        yield must("schema", error.message, hint, "no store can use the table as it is")
    else:
        yield ok("schema", f"{state.schema.table}, version {state.schema.version} of {LATEST}")
    if len({node.schema_version for node in state.nodes}) > 1:
        yield must(
            "schema agreement",
            "the nodes' schemas differ",
            "look at `nodetool describecluster`; restart the node that does not follow",
            "nodes that know different schemas answer differently, or not at all",
        )


def consistency(state: ClusterState) -> Iterator[Finding]:
    """Look at which replicas decide, and from where."""
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
            f"append to one stream from {state.local_datacenter} alone, or use global everywhere",
            "each datacenter decides for itself: two could give out the same version",
        )
    else:
        yield ok("consistency", levels)
    there = sum(node.datacenter == state.local_datacenter for node in state.nodes)
    yield ok("local datacenter", f"{state.local_datacenter}, nodes: {there}")


def clocks(state: ClusterState) -> Iterator[Finding]:
    """Look at whether the nodes answer, and how far their clocks are from this machine's."""
    for node in state.nodes:
        if node.clock is None:
            if node.datacenter == state.local_datacenter:
                yield advice(
                    "node",
                    f"{node.address} did not answer",
                    "look at `nodetool status`; start it, or remove it from the ring",
                    "streams that it has a replica of have one less to make a quorum with",
                )
            continue
        ahead, within = node.clock.ahead, node.clock.within
        side = "ahead of" if ahead >= timedelta(0) else "behind"
        off = max(timedelta(0), abs(ahead) - within)
        found = (
            f"{node.address} is {_seconds(abs(ahead))} {side} this machine, "
            f"give or take {_seconds(within)}"
        )
        change = "keep both by NTP; `chronyc tracking` tells which one is wrong"
        why = (
            "events carry the time of the machine that appends them, Paxos ballots and cells that "
            "of the servers"
        )
        if off > _CLOCK_LIMIT:
            yield must("clock", found, change, why)
        elif off > _CLOCK_ADVICE:
            yield advice("clock", found, change, why)
        else:
            yield ok("clock", found)


def _seconds(span: timedelta) -> str:
    return f"{span.total_seconds():.3f} s"
