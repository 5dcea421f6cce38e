"""
Hooks: a store reports what happens in it to callables of yours, one record at a time.

    records         what a hook receives: these names are public
    observer        calls the hooks
    append_watch    collects the facts of one append, and of the batches that carry it
    read_watch      collects the facts of one read
"""

from .records import (
    AppendEnded,
    AppendOutcome,
    AttemptEnded,
    AttemptOutcome,
    Hook,
    PageRead,
    ReadEnded,
    ReadOutcome,
    Record,
    SerialRepair,
    Source,
)

__all__ = [
    "AppendEnded",
    "AppendOutcome",
    "AttemptEnded",
    "AttemptOutcome",
    "Hook",
    "PageRead",
    "ReadEnded",
    "ReadOutcome",
    "Record",
    "SerialRepair",
    "Source",
]
