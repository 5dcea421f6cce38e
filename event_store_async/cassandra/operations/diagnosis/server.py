"""Findings on the servers' settings."""

from collections.abc import Callable, Iterator
from typing import Final

from ..inspector import ClusterState, NodeState
from .finding import (
    Finding,
    advice,
    must,
    ok,
)


def settings(state: ClusterState) -> Iterator[Finding]:
    """Look at the settings that the nodes return: one finding for each different value."""
    known = [node for node in state.nodes if node.settings is not None]
    if not known:
        yield advice(
            "settings",
            "no node returns its settings",
            "GRANT SELECT ON system_views.settings to this user, or check in cassandra.yaml that "
            "paxos_variant is v2",
            "Paxos version 1, Cassandra's default, takes twice the round trips",
        )
        return
    for name, judge in _JUDGED.items():
        nodes: dict[str | None, list[NodeState]] = {}
        for node in known:
            nodes.setdefault((node.settings or {}).get(name), []).append(node)
        for value, having in nodes.items():
            if value is not None:
                where = (
                    f" on {', '.join(node.address for node in having)}" if len(nodes) > 1 else ""
                )
                yield judge(name, value, where, state)


def _paxos_variant(name: str, value: str, where: str, _: ClusterState) -> Finding:
    if value.startswith("v2"):
        return ok(name, f"{value}{where}")
    return must(
        name,
        f"{value}{where}",
        "paxos_variant: v2 in cassandra.yaml of every node, then restart the nodes one by one",
        "v1 takes twice the round trips, and has known bugs while nodes join or leave; the library "
        "is tested with v2",
    )


def _commitlog_sync(name: str, value: str, where: str, _: ClusterState) -> Finding:
    if value != "periodic":
        return ok(name, f"{value}{where}")
    return advice(
        name,
        f"{value}{where}",
        "commitlog_sync: group (or batch) in cassandra.yaml of every node",
        "a machine that crashes loses Paxos promises and events of its last seconds, although "
        "they were acknowledged",
    )


def _server_timeout(name: str, value: str, where: str, state: ClusterState) -> Finding:
    seconds = _duration(value)
    if seconds is None or seconds < state.request_timeout:
        return ok(name, f"{value}{where}")
    return must(
        name,
        f"{value}{where}",
        f"less than {state.request_timeout:g} s in cassandra.yaml, or a larger "
        "Settings.request_timeout",
        "the library gives up before the server answers, and repeats what may still be running",
    )


def _auto_snapshot(name: str, value: str, where: str, _: ClusterState) -> Finding:
    if value == "true":
        return ok(name, f"{value}{where}")
    return advice(
        name,
        f"{value}{where}",
        "auto_snapshot: true in cassandra.yaml",
        "a table that is dropped by mistake cannot be restored",
    )


def _paxos_state_purging(name: str, value: str, where: str, _: ClusterState) -> Finding:
    if value == "legacy":
        return ok(name, f"{value}{where}")
    return advice(
        name,
        f"{value}{where}",
        "run `nodetool repair --paxos-only` on a schedule",
        "the server keeps Paxos state until such a repair has covered it",
    )


_JUDGED: Final[dict[str, Callable[[str, str, str, ClusterState], Finding]]] = {
    "paxos_variant": _paxos_variant,
    "paxos_state_purging": _paxos_state_purging,
    "commitlog_sync": _commitlog_sync,
    "write_request_timeout": _server_timeout,
    "cas_contention_timeout": _server_timeout,
    "auto_snapshot": _auto_snapshot,
}


def _duration(text: str) -> float | None:
    """Return the seconds of a Cassandra duration such as ``2000ms``; None for other text."""
    for unit, factor in (("ms", 0.001), ("s", 1.0), ("m", 60.0)):
        number = text.removesuffix(unit)
        if number != text and number.isdecimal():
            return int(number) * factor
    return None
