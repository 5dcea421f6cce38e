"""
Private. The diagnosis: what must be changed in a cluster, or could be better, and why. No I/O.

    finding     what was looked at, and what to change
    cluster     versions, schema, consistency, clocks
    replicas    where the replicas are
    server      the servers' settings
    tables      the options of the tables
    feed        the feed: its tables, its sequencer, its writers
"""

from ..inspector import ClusterState
from . import (
    cluster,
    feed,
    replicas,
    server,
    tables,
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
    tables.options,
    feed.feed,
)


def diagnose(state: ClusterState) -> tuple[Finding, ...]:
    """Return a finding for each thing that was looked at, in order."""
    return tuple(finding for rule in _RULES for finding in rule(state))
