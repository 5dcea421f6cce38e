"""
The event store on Apache Cassandra.

From the bottom up: `driver` (the only import of acsylla) and `faults`; `session` and `connection`;
`schema`, `statements` and `migrating`; `rows`, `reading`, `plan` and `settling`; `appending`,
`callers`, `groups`, `grouping` and `lanes`; `lifetime`; `store`, the façade.
"""

from .migrating import SchemaReport
from .schema import SchemaState
from .store import EventStore
from .tls import Tls

__all__ = ["EventStore", "SchemaReport", "SchemaState", "Tls"]
