"""The diagnosis of a table of keys: what must be changed, or could be better. No I/O."""

from collections.abc import Iterator, Mapping
from typing import Final

from ...cql_files import quoted
from ...errors import SchemaError
from ..operations.diagnosis.finding import Finding, advice, must, ok
from ..schema.state import SchemaState

GC_GRACE: Final = 10_800
"""Seconds: what the table is created with. It is the time for which hints are kept by default."""


def diagnose_keys(
    keys: SchemaState, gc_grace: int | None, events: SchemaState | None
) -> Iterator[Finding]:
    """
    Yield a finding for each thing that is looked at; none if there is no table of keys.

    Args:
        keys: The table of keys.
        gc_grace: Its gc_grace_seconds; None if they cannot be read.
        events: The table of events that its keys are for, if it is known.
    """
    if not keys.columns:
        return
    name = keys.table
    try:
        keys.check_usable()
    except SchemaError as error:
        hint = error.hint or "see the message"
        yield must("keys", error.message, hint, "personal fields can be neither stored nor read")
    else:
        yield ok("keys", f"{name}, schema version {keys.version}")
    if gc_grace is not None:
        yield _gc_grace(name, gc_grace)
    if events is not None:
        yield _keyspace(name, events.table)
        yield _replication(keys.replication or {}, events.replication or {})


def _gc_grace(name: str, seconds: int) -> Finding:
    check, found = "keys gc_grace_seconds", f"{seconds} s"
    if seconds == GC_GRACE:
        return ok(check, found)
    return advice(
        check,
        found,
        f"ALTER TABLE {quoted(name)} WITH gc_grace_seconds = {GC_GRACE}",
        "hints for a node that is down are kept no longer than that"
        if seconds < GC_GRACE
        else "Paxos and hints keep destroyed keys, wrapped, for that long; no row is ever deleted, "
        "so it is of no other use",
    )


def _keyspace(keys: str, events: str) -> Finding:
    own, other = keys.partition(".")[0], events.partition(".")[0]
    if own != other:
        return ok("keys keyspace", own)
    return advice(
        "keys keyspace",
        f"{own}, as the events",
        "create the table in a keyspace with backups of its own, before keys are stored",
        "a backup of both brings back the keys of subjects that were forgotten since",
    )


def _replication(keys: Mapping[str, str], events: Mapping[str, str]) -> Finding:
    few = [
        f"{count} in {name}, where the events have {events[name]}"
        for name, count in _counts(keys, events)
        if count < int(events[name])
    ]
    if not few:
        return ok("keys replication", "as many replicas as the events, or more")
    return advice(
        "keys replication",
        "; ".join(few),
        "give the keyspace of the keys as many replicas, then `nodetool repair --full`",
        "without its key, no personal field can be read",
    )


def _counts(keys: Mapping[str, str], events: Mapping[str, str]) -> Iterator[tuple[str, int]]:
    for name, count in events.items():
        if count.isdecimal():
            found = keys.get(name, "0")
            yield name, int(found) if found.isdecimal() else 0
