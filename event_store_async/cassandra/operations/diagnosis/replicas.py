"""Findings on replication: where the replicas are."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final

from ....cql_files import quoted
from ..inspector import ClusterState
from .finding import (
    Finding,
    advice,
    must,
    ok,
)

_CHECK: Final = "replication"
_ENOUGH: Final = 3


def replication(state: ClusterState) -> Iterator[Finding]:
    """Look at where the replicas are, and whether there are enough nodes for them."""
    if state.schema.replication is None:
        return  # the finding on the schema says so
    options = dict(state.schema.replication)
    strategy = options.pop("class", "").rpartition(".")[2]
    if strategy != "NetworkTopologyStrategy":
        yield advice(
            _CHECK,
            strategy,
            _alter(state, {state.local_datacenter: _ENOUGH}),
            "it places replicas without regard to datacenters and racks",
        )
        return
    # The number after a slash is that of transient replicas, which keep nothing for long.
    counts = {name: int(text.partition("/")[0]) for name, text in options.items()}
    if state.consistency == "global":
        yield from _together(state, counts)
        return
    if state.local_datacenter not in counts:
        yield must(
            _CHECK,
            f"none in the local datacenter {state.local_datacenter}",
            f"name a datacenter that has replicas, or {_alter(state, counts, _ENOUGH)}",
            "without local replicas, no quorum of local replicas can answer",
        )
    for datacenter in counts:
        yield _apart(state, counts, datacenter)


def _apart(state: ClusterState, counts: Mapping[str, int], datacenter: str) -> Finding:
    """Judge one datacenter; each decides for itself."""
    factor, nodes = counts[datacenter], _nodes(state)[datacenter]
    found = f"{datacenter}={factor}, nodes: {nodes}"
    others = {name: count for name, count in counts.items() if name != datacenter}
    fitting = {**others, datacenter: min(_ENOUGH, nodes)} if nodes else others
    if _quorum(factor) > nodes:
        there = "" if datacenter == state.local_datacenter else f" from {datacenter}"
        why = f"a quorum of {factor} is {_quorum(factor)}: nothing can be appended or read{there}"
        return must(_CHECK, found, _alter(state, fitting), why)
    if factor > nodes:
        return must(_CHECK, found, _alter(state, fitting), _HOMELESS)
    return _enough(found, factor, nodes, _alter(state, {**counts, datacenter: _ENOUGH}))


def _together(state: ClusterState, counts: Mapping[str, int]) -> Iterator[Finding]:
    """Judge all datacenters together; a quorum is one of all replicas."""
    nodes = _nodes(state)
    fitting = {name: min(count, nodes[name]) for name, count in counts.items() if nodes[name]}
    factor, there = sum(counts.values()), sum(fitting.values())
    found = ", ".join(f"{name}={count}, nodes: {nodes[name]}" for name, count in counts.items())
    if _quorum(factor) > there:
        why = f"a quorum of {factor} is {_quorum(factor)}: nothing can be appended or read"
        yield must(_CHECK, found, _alter(state, fitting), why)
    elif there < factor:
        yield must(_CHECK, found, _alter(state, fitting), _HOMELESS)
    else:
        more = _alter(state, {**counts, state.local_datacenter: _ENOUGH})
        yield _enough(found, factor, sum(nodes[name] for name in counts), more)


_HOMELESS: Final = "a replica without a node is always down, so fewer others may be"


def _enough(found: str, factor: int, nodes: int, alter: str) -> Finding:
    if factor >= _ENOUGH:
        return ok(_CHECK, found)
    why = (
        "there is only one copy of every event: losing a disk loses events"
        if factor == 1
        else "a quorum of two is both: one node down stops every append to its streams"
    )
    return advice(_CHECK, found, f"add nodes first: {alter}" if nodes < _ENOUGH else alter, why)


def _quorum(factor: int) -> int:
    return factor // 2 + 1


def _nodes(state: ClusterState) -> Counter[str]:
    return Counter(node.datacenter for node in state.nodes)


def _alter(state: ClusterState, counts: Mapping[str, int], here: int | None = None) -> str:
    wanted = counts if here is None else {**counts, state.local_datacenter: here}
    options = "".join(f", '{name}': {count}" for name, count in wanted.items())
    keyspace = state.schema.table.partition(".")[0]
    return (
        f"ALTER KEYSPACE {quoted(keyspace)} WITH replication = "
        f"{{'class': 'NetworkTopologyStrategy'{options}}}, then `nodetool repair --full`"
    )
