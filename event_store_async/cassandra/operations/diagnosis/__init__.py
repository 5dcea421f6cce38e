"""Diagnosis: what of a cluster's state must be changed, or should, and why. It asks nobody."""

from ..inspector import ClusterState
from . import (
    cluster,
    replicas,
    server,
    table,
)
from .finding import Finding, Severity

__all__ = ["Finding", "Severity", "diagnose"]

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
