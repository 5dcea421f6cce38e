"""
The event store on Apache Cassandra.

From the bottom up: `driver` (the only import of acsylla) and `faults`; `session` and `connection`;
`schema`, `statements` and `migrating`; `rows`, `reading`, `plan` and `settling`; `appends`,
`appending`, `groups`, `grouping` and `lanes`; `lifetime`; `store`, the façade. Beside them
`changes`, `inspecting` and `diagnosis`, and above the store `operating`: for those who run a
cluster. For whole stores: `stored_rows`, `scanning`, `restoring` and, over them, `storage`.
"""

from .connecting import Connecting
from .diagnosis import Finding, Level
from .inspecting import ClusterState
from .migrating import SchemaReport
from .operating import Examination, examine, plan_schema
from .schema import SchemaState
from .storage import Storage
from .store import EventStore
from .tls import Tls

__all__ = [
    "ClusterState",
    "Connecting",
    "EventStore",
    "Examination",
    "Finding",
    "Level",
    "SchemaReport",
    "SchemaState",
    "Storage",
    "Tls",
    "examine",
    "plan_schema",
]
