"""Subscriptions as lines of text, and of JSON."""

import orjson

from ..counts import counted
from ..moments import moment_text
from ..subscriptions import (
    ParkedStream,
    Registration,
    SkippedEvent,
    SliceLag,
    SubscriptionStatus,
)


def state(known: Registration) -> str:
    """Return what a subscription is about, in words."""
    if known.paused:
        return "paused"
    if known.next_slices is not None:
        return f"going over to {counted(known.next_slices, 'slice')}"
    return "ready" if known.ready else "preparing"


def status_line(found: SubscriptionStatus) -> str:
    """Return a subscription as a line of text."""
    known, behind = found.registration, found.lag
    cells: tuple[object, ...] = (
        known.name,
        known.slices,
        len(found.members),
        behind.events,
        f"{behind.seconds:.1f}",
        behind.parked,
        state(known),
    )
    return "\t".join(map(str, cells))


def slice_line(found: SliceLag) -> str:
    """Return how far a slice is behind, as a line of text."""
    cells = (
        found.slice,
        found.events,
        f"{found.seconds:.1f}",
        found.parked,
        found.holder or "-",
        found.holding or "-",
    )
    return "\t".join(map(str, cells))


def status_json(found: SubscriptionStatus) -> str:
    """Return a subscription as a line of JSON."""
    known, behind = found.registration, found.lag
    return orjson.dumps(
        {
            "name": known.name,
            "state": state(known),
            "generation": known.generation,
            "members": sorted(map(str, found.members)),
            "head": str(behind.head),
            "events": behind.events,
            "seconds": behind.seconds,
            "parked": behind.parked,
            "slices": [
                {
                    "slice": each.slice,
                    "position": str(each.position),
                    "events": each.events,
                    "seconds": each.seconds,
                    "parked": each.parked,
                    "holder": each.holder,
                    "holding": each.holding,
                }
                for each in behind.slices
            ],
        }
    ).decode()


def parked_line(row: ParkedStream) -> str:
    """Return a parked stream as a line of text."""
    cells = (
        row.stream_id,
        row.version if row.waits else "-",
        row.type or "-",
        row.last_version if row.waits else "-",
        moment_text(row.since),
        row.attempts,
        "replay" if row.replay else "-",
        row.error,
    )
    return "\t".join(map(str, cells))


def parked_json(row: ParkedStream) -> str:
    """Return a parked stream as a line of JSON."""
    return orjson.dumps(
        {
            "stream_id": row.stream_id,
            "version": row.version if row.waits else None,
            "last_version": row.last_version if row.waits else None,
            "type": row.type,
            "since": moment_text(row.since),
            "attempts": row.attempts,
            "replay": row.replay,
            "error": row.error,
        }
    ).decode()


def skipped_line(event: SkippedEvent) -> str:
    """Return an event that was skipped, as a line of text."""
    cells = (
        event.stream_id,
        event.version,
        moment_text(event.at),
        event.by,
        event.reason,
        event.error,
    )
    return "\t".join(map(str, cells))


def skipped_json(event: SkippedEvent) -> str:
    """Return an event that was skipped, as a line of JSON."""
    return orjson.dumps(
        {
            "stream_id": event.stream_id,
            "version": event.version,
            "at": moment_text(event.at),
            "by": event.by,
            "reason": event.reason,
            "error": event.error,
        }
    ).decode()
