"""Diagnosis: what of a cluster's state must be changed, or should, and why. It asks nobody."""

from ..inspecting import ClusterState
from . import cluster, replicas, server, table
from .finding import Finding, Level

__all__ = ["Finding", "Level", "diagnose"]

_RULES = (
    cluster.versions,
    cluster.schema,
    cluster.consistency,
    replicas.replication,
    cluster.clocks,
    server.settings,
    table.table,
)


def diagnose(state: ClusterState) -> tuple[Finding, ...]:
    """Return a finding for everything that was looked at, in the order of looking."""
    return tuple(finding for rule in _RULES for finding in rule(state))
