"""
Logs: a hook that writes records to a logger of the standard library, with their fields.

The message names the record, its outcome, its stream and the class of its error, for formatters
that write only the message. The fields are attributes of the log records (``extra``), all named
``event_store.…``; formatters such as python-json-logger's, and structlog's `ExtraAdder`, write them
out.
"""

import logging
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Final
from uuid import UUID

from ..checks import check_methods
from ..feeds import Position
from ..hooks import (
    AppendEnded,
    AttemptEnded,
    CaughtUp,
    CheckpointCommitted,
    EntryLost,
    EntryPublished,
    ErasureEnded,
    EventHandled,
    FeedPageRead,
    FellBehind,
    GenerationChanged,
    KeyCallEnded,
    LaneHeldUp,
    LeadershipChanged,
    LeaseChanged,
    ListEnded,
    PageApplied,
    PageRead,
    ReadEnded,
    Record,
    RoundEnded,
    ScanFound,
    SerialRepair,
    SnapshotEnded,
)
from .measurements import SUBSCRIPTION_RECORDS, check_record

__all__ = ["LogHook"]

_WORDS: Final = {
    AppendEnded: "append ended",
    AttemptEnded: "attempt ended",
    PageRead: "page read",
    SerialRepair: "serial repair",
    ReadEnded: "read ended",
    ListEnded: "list ended",
    ErasureEnded: "of a stream",
    FeedPageRead: "feed page read",
    EntryPublished: "feed entry published",
    EntryLost: "feed entry lost to another sequencer",
    RoundEnded: "round of the sequencer ended",
    ScanFound: "events found that no writer announced",
    LaneHeldUp: "events published whose announcement is missing",
    LeadershipChanged: "lead of the sequencers changed",
    SnapshotEnded: "snapshot",
    KeyCallEnded: "keys of subjects",
    EventHandled: "event of subscription",
    PageApplied: "page of subscription",
    CheckpointCommitted: "checkpoint of subscription",
    LeaseChanged: "lease of subscription",
    GenerationChanged: "new generation of subscription",
    CaughtUp: "caught up, subscription",
    FellBehind: "fell behind, subscription",
}
_LEVELS: Final = {
    "stored": logging.DEBUG,
    "stored_earlier": logging.INFO,
    "erased": logging.INFO,
    "done": logging.DEBUG,
    "conflict": logging.INFO,
    "cancelled": logging.INFO,
    "complete": logging.DEBUG,
    "stopped": logging.DEBUG,
    "applied": logging.DEBUG,
    "found": logging.INFO,
    "missing": logging.DEBUG,
    "saved": logging.DEBUG,
    "outdated": logging.DEBUG,
    "forgotten": logging.INFO,
    "handled": logging.DEBUG,
    "replayed": logging.INFO,
    "parked": logging.ERROR,
    "parked_behind": logging.DEBUG,
    "held": logging.ERROR,
    "committed": logging.DEBUG,
    "lost": logging.INFO,
    "unknown": logging.WARNING,
    "hole": logging.ERROR,
}
"""By outcome; any other is a warning. An append whose outcome is unknown is an error."""

_LEVELS_OF: Final = {
    PageRead: logging.DEBUG,
    FeedPageRead: logging.DEBUG,
    EntryPublished: logging.DEBUG,
    EntryLost: logging.INFO,
    RoundEnded: logging.DEBUG,
    ScanFound: logging.ERROR,
    LaneHeldUp: logging.ERROR,
    LeadershipChanged: logging.INFO,
    LeaseChanged: logging.INFO,
    GenerationChanged: logging.INFO,
    CaughtUp: logging.DEBUG,
    FellBehind: logging.DEBUG,
}
"""By the kind of a record without an outcome; any other is a warning."""


class LogHook:
    """
    Writes each record as one line with fields, at a level that depends on its outcome.

    Success is debug; erasures, conflicts, repeated appends and cancelled calls are info; serial
    repairs, rejected snapshots, failed attempts and failed calls are warnings; appends and erasures
    whose outcome is unknown, and holes, are errors. Of the feed, pages, entries and rounds are
    debug; lost entries and a change of the lead are info; what the scan found, and lanes that were
    held up, are errors. Of subscriptions, what is handled, waits behind a parked event, or is
    committed is debug; replays, leases and generations are info; an event whose stream is parked,
    or at which a slice holds, is an error. Of keys, what is forgotten is info, with the subject;
    keys that cannot be used, and a subject that could not be forgotten, are errors.

    Args:
        logger: The logger to write to; ``event_store_async.telemetry`` by default.

    Raises:
        InvalidArgument: *logger* is no logger.
    """

    def __init__(self, logger: logging.Logger | None = None) -> None:
        if logger is None:
            logger = logging.getLogger("event_store_async.telemetry")
        check_methods("logger", logger, "a logging.Logger", "isEnabledFor", "log")
        self._logger = logger

    def __call__(self, record: Record, /) -> None:
        """Write a record if its level is enabled; raises `InvalidArgument` for anything else."""
        check_record(record)
        level = _level(record)
        if self._logger.isEnabledFor(level):
            self._logger.log(level, "event store: %s", _message(record), extra=_extra(record))


def _level(record: Record) -> int:
    if isinstance(record, SnapshotEnded) and record.outcome == "found":
        return logging.DEBUG
    if isinstance(record, AppendEnded | ErasureEnded) and record.outcome == "unknown":
        return logging.ERROR
    if isinstance(record, KeyCallEnded) and record.operation == "forget":
        # What a person asked for must not be lost.
        return logging.INFO if record.outcome == "done" else logging.ERROR
    if isinstance(record, KeyCallEnded) and record.outcome == "unusable":
        return logging.ERROR
    level = _LEVELS_OF.get(type(record))
    return level or _LEVELS.get(getattr(record, "outcome", ""), logging.WARNING)


def _message(record: Record) -> str:
    parts = [_WORDS.get(type(record), type(record).__name__)]
    if isinstance(record, SnapshotEnded | ErasureEnded | KeyCallEnded):
        parts = [f"{record.operation} {parts[0]}"]
    if isinstance(record, SUBSCRIPTION_RECORDS):
        parts = [f"{parts[0]} {record.subscription}"]
        if not isinstance(record, GenerationChanged):
            parts.append(f"slice {record.slice}")
    if isinstance(record, LeaseChanged):
        parts.append(record.change)
    if (outcome := getattr(record, "outcome", None)) is not None:
        parts.append(outcome)
    if (stream_id := getattr(record, "stream_id", None)) is not None:
        # Not str(): a subclass of UUID may print anything, line breaks too.
        parts.append(f"stream {UUID(int=stream_id.int)}")
    if (error := getattr(record, "error", None) or getattr(record, "fault", None)) is not None:
        parts.append(error)
    return ", ".join(parts)


def _extra(record: Record) -> Mapping[str, Any]:
    extra: dict[str, Any] = {
        "event_store.system": record.source.system,
        "event_store.keyspace": record.source.keyspace,
        "event_store.table": record.source.table,
    }
    for item in fields(record):
        value = getattr(record, item.name)
        if item.name != "source":
            if isinstance(value, UUID | Position):
                value = str(value)
            elif isinstance(value, tuple):  # the attempts of an append
                value = len(value)
            elif value is not None and not isinstance(value, str | int | float):
                value = repr(value)
            extra[f"event_store.{item.name}"] = value
    return extra
