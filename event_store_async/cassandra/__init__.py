"""
The event store on Apache Cassandra.

From the bottom up: `driver` (the only import of acsylla) and `faults`; `session` and `connection`;
`schema`, `statements` and `migrating`; `rows`, `reading`, `plan` and `settling`; `appends`,
`appending`, `groups`, `grouping` and `lanes`; `lifetime`; `store`, the façade. Beside them
`changes`, `inspecting` and `diagnosis`, and above the store `operating`: for those who run a
cluster. For whole stores: `stored_rows`, `scanning`, `restoring` and, over them, `storage`.
"""

from .driver.opening import Opening
from .driver.tls import Tls
from .operations.diagnosis import Finding, Severity
from .operations.inspector import ClusterState
from .operations.operations import Examination, examine, plan_schema
from .schema.migrator import SchemaReport
from .schema.state import SchemaState
from .store import EventStore
from .table.storage import Storage

__all__ = [
    "ClusterState",
    "EventStore",
    "Examination",
    "Finding",
    "Opening",
    "SchemaReport",
    "SchemaState",
    "Severity",
    "Storage",
    "Tls",
    "examine",
    "plan_schema",
]
