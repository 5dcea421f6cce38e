"""
Whole stores: surveyed, verified, exported into a file and imported from one.

They work on `EventStore.storage`, so on Cassandra only; each is an async function, and a command of
``event-store`` besides. From the bottom up: `digest`, `totals`, `findings`, `lines` (values, no
I/O); `telling` (listeners); `checkpoint`, `writing` and `reading` (files, in worker threads);
`walking` (the ring, side by side) and `resuming`; `surveying`, `verifying`; `export_state`,
`spool`, `exporting`; `import_state`, `arrivals`, `importing`.
"""

from ..cassandra import Storage
from ..ring import RING, ScanPosition, TokenRange
from ..stored import Restored, StoredEvent, StreamSummary, StreamTail
from .digest import StoreDigest, StreamDigest, event_bytes
from .exporting import ExportReport, export_events
from .findings import FindingKind, StreamFinding
from .importing import ImportReport, import_events
from .spool import FRAMES, Frames
from .surveying import Depth, StreamFacts, Survey, survey_streams
from .totals import Progress
from .verifying import Verification, verify_streams

__all__ = [
    "FRAMES",
    "RING",
    "Depth",
    "ExportReport",
    "FindingKind",
    "Frames",
    "ImportReport",
    "Progress",
    "Restored",
    "ScanPosition",
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
    "export_events",
    "import_events",
    "survey_streams",
    "verify_streams",
]
