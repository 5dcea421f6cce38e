"""
The event store on Apache Cassandra.

Its rooms, each of which uses only those above it:

    driver        sends requests, and knows what a failed one proves
    schema        which tables a store needs, and prepared statements on them
    read          events, heads and ids, page by page
    append        queues, batches, and attempts until the outcome is known
    table         all streams of a store, and stored events written back
    operations    what those who run a cluster ask of a store
    lifetime      opens and closes a store in the one safe order
    engine        builds the rooms for one store
    store         `EventStore`, the façade
"""

from .driver.opening import Opening
from .driver.tls import Tls
from .operations.diagnosis import Finding, Severity
from .operations.inspector import ClusterState
from .operations.operations import Examination, Operations
from .schema.migrator import SchemaReport, TableReport
from .schema.state import SchemaState, TableState
from .schema.tables import TableSpec
from .store import EventStore
from .table.storage import Storage

__all__ = [
    "ClusterState",
    "EventStore",
    "Examination",
    "Finding",
    "Opening",
    "Operations",
    "SchemaReport",
    "SchemaState",
    "Severity",
    "Storage",
    "TableReport",
    "TableSpec",
    "TableState",
    "Tls",
]
