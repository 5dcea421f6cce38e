"""
Hooks: a store reports what happens in it to your callables, one record at a time.

    source          the store that a record comes from
    feed_records    the records of the feed
    subscription_records  the records of subscriptions
    key_records     the record of calls for keys
    records         the other records, and the protocol of a hook: all of these are public
    observer        calls the hooks
    append_watch    collects the facts of one append, and of the batches that carry it
    read_watch      collects the facts of one read
    list_watch      collects the facts of one list of streams
    feed_watch      collects the facts of one page of the feed
    key_watch       collects the facts of one call for keys of subjects
    erasure_watch   collects the facts of one call that erases events
    subscription_watch  reports what a member of a consumer group does
    snapshot_watch  collects the facts of one call on a stored snapshot

A store without hooks makes no watch and no record.
"""

from .feed_records import (
    EntryLost,
    EntryPublished,
    FeedPageRead,
    LaneHeldUp,
    LeadershipChanged,
    RoundEnded,
    ScanFound,
)
from .key_records import KeyCallEnded, KeyOperation, KeyOutcome
from .records import (
    AppendEnded,
    AppendOutcome,
    AttemptEnded,
    AttemptOutcome,
    ErasureEnded,
    ErasureOperation,
    ErasureOutcome,
    FeedRecord,
    Hook,
    ListEnded,
    PageRead,
    ReadEnded,
    ReadOutcome,
    Record,
    SerialRepair,
    SnapshotEnded,
    SnapshotOperation,
    SnapshotOutcome,
)
from .source import Source
from .subscription_records import (
    AppliedOutcome,
    CaughtUp,
    CheckpointCommitted,
    CommittedOutcome,
    EventHandled,
    FellBehind,
    GenerationChange,
    GenerationChanged,
    HandledOutcome,
    HandlerHook,
    HandlingBegun,
    LeaseChange,
    LeaseChanged,
    PageApplied,
    SubscriptionRecord,
)

__all__ = [
    "AppendEnded",
    "AppendOutcome",
    "AppliedOutcome",
    "AttemptEnded",
    "AttemptOutcome",
    "CaughtUp",
    "CheckpointCommitted",
    "CommittedOutcome",
    "EntryLost",
    "EntryPublished",
    "ErasureEnded",
    "ErasureOperation",
    "ErasureOutcome",
    "EventHandled",
    "FeedPageRead",
    "FeedRecord",
    "FellBehind",
    "GenerationChange",
    "GenerationChanged",
    "HandledOutcome",
    "HandlerHook",
    "HandlingBegun",
    "Hook",
    "KeyCallEnded",
    "KeyOperation",
    "KeyOutcome",
    "LaneHeldUp",
    "LeadershipChanged",
    "LeaseChange",
    "LeaseChanged",
    "ListEnded",
    "PageApplied",
    "PageRead",
    "ReadEnded",
    "ReadOutcome",
    "Record",
    "RoundEnded",
    "ScanFound",
    "SerialRepair",
    "SnapshotEnded",
    "SnapshotOperation",
    "SnapshotOutcome",
    "Source",
    "SubscriptionRecord",
]
