"""
Hooks: a store reports what happens in it to your callables, one record at a time.

    records         the records, and the protocol of a hook: all of these are public
    observer        calls the hooks
    append_watch    collects the facts of one append, and of the batches that carry it
    read_watch      collects the facts of one read
    list_watch      collects the facts of one list of streams
    snapshot_watch  collects the facts of one call on a stored snapshot

A store without hooks makes no watch and no record.
"""

from .records import (
    AppendEnded,
    AppendOutcome,
    AttemptEnded,
    AttemptOutcome,
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
    Source,
)

__all__ = [
    "AppendEnded",
    "AppendOutcome",
    "AttemptEnded",
    "AttemptOutcome",
    "Hook",
    "ListEnded",
    "PageRead",
    "ReadEnded",
    "ReadOutcome",
    "Record",
    "SerialRepair",
    "SnapshotEnded",
    "SnapshotOperation",
    "SnapshotOutcome",
    "Source",
]
