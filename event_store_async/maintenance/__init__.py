"""
Maintenance of whole stores: count their streams, verify them, and erase events by a rule.

All use `EventStore.storage`, so they need Cassandra. Each is a command of ``event-store``, too.

    digest findings progress    values: what was read, what is wrong, how far a job has come
    callbacks                   plain or async functions that a job calls
    key_check                   what has become of the keys of encrypted values
    checkpoint walk job         a job over all streams, and how it resumes
    survey verify retention     the jobs
"""

from ..cassandra import Storage
from ..ring import RING, ScanPosition, TokenRange
from ..stored import Restored, SnapshotSummary, StoredEvent, StreamSummary, StreamTail
from .digest import StoreDigest, StreamDigest, event_bytes
from .findings import FindingKind, StreamFinding
from .progress import Earlier, Progress
from .retention import RetainedStream, Retention, RetentionRule, retain_events
from .survey import Depth, StreamFacts, Survey, survey_streams
from .verify import Verification, verify_streams

__all__ = [
    "RING",
    "Depth",
    "Earlier",
    "FindingKind",
    "Progress",
    "Restored",
    "RetainedStream",
    "Retention",
    "RetentionRule",
    "ScanPosition",
    "SnapshotSummary",
    "Storage",
    "StoreDigest",
    "StoredEvent",
    "StreamDigest",
    "StreamFacts",
    "StreamFinding",
    "StreamSummary",
    "StreamTail",
    "Survey",
    "TokenRange",
    "Verification",
    "event_bytes",
    "retain_events",
    "survey_streams",
    "verify_streams",
]
