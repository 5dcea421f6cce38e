"""
The event store on Apache Cassandra. These names are public; the rooms are private.

    driver        acsylla, fenced in: one module imports it
    schema        what must stand in the cluster, and how it gets there
    read          reading streams
    append        appending to streams
    feed          one log of all streams: announced, sequenced, read
    snapshots     the table of snapshots
    subscriptions  subscriptions to the feed
    keys          the keys of subjects, in a table of their own
    table         all streams, as they are stored
    operations    for those who run a cluster
    lifetime      open, drain, close, in the one safe order
    engine        builds the collaborators of one store and connects them
    store         `EventStore`, the façade
"""

from ..cql_files import Statement
from .driver.opening import Opening
from .driver.port import ConsistencyChoice
from .driver.raw import RawSession
from .driver.tls import Tls
from .feed.backfill import FeedBackfill
from .feed.facts import FeedFacts
from .feed.link_reader import FeedLink
from .feed.status import FeedStatus
from .feed.verification import (
    FeedFinding,
    FeedFindingKind,
    FeedVerification,
    FeedVerificationProgress,
)
from .keys.reports import KeyStatus, RewrapProgress, RewrapReport
from .keys.rewrap import RewrapFailure
from .keys.store import CassandraKeyStore
from .operations.clients import ConnectedProcess
from .operations.diagnosis import Finding, Severity
from .operations.inspector import ClockDifference, ClusterState, NodeState, TableOptions
from .operations.operations import Examination, Operations
from .schema.migrator import SchemaReport, TableReport
from .schema.state import SchemaState, TableState
from .schema.table_spec import TableSpec
from .store import EventStore
from .table.storage import Storage

__all__ = [
    "CassandraKeyStore",
    "ClockDifference",
    "ClusterState",
    "ConnectedProcess",
    "ConsistencyChoice",
    "EventStore",
    "Examination",
    "FeedBackfill",
    "FeedFacts",
    "FeedFinding",
    "FeedFindingKind",
    "FeedLink",
    "FeedStatus",
    "FeedVerification",
    "FeedVerificationProgress",
    "Finding",
    "KeyStatus",
    "NodeState",
    "Opening",
    "Operations",
    "RawSession",
    "RewrapFailure",
    "RewrapProgress",
    "RewrapReport",
    "SchemaReport",
    "SchemaState",
    "Severity",
    "Statement",
    "Storage",
    "TableOptions",
    "TableReport",
    "TableSpec",
    "TableState",
    "Tls",
]
